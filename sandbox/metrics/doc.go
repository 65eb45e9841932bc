// Package metrics is the sandbox's CloudWatch: it stores metrics, extracts them from logs, computes their statistics and
// evaluates the account's metric alarms by AWS's documented rules, with a clock that can be turned. The emulator keeps the
// alarms; its composite alarms and topics do the rest. docs/decisions/metrics.md says why.
package metrics

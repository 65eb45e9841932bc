// Package page serves a page about the running sandbox: its parts, the deployed dashboards with live data, alarms,
// requests, the diagram of a stack and its API's reference. It reads what an operator of an AWS account reads, through
// the AWS endpoint, and the log files.
package page

// Package keys is the component of the two KMS keys that encrypt all data at rest: one for what customers
// store (database, cache, files) and one for operational data (logs, secrets, alarms), so that permission
// to read logs does not imply permission to read data. It is created first, because every other component
// writes something.
package keys

// Package keys is the room of the two keys that everything at rest is encrypted with: one for what
// customers store (database, cache, files) and one for what operating the stack leaves behind (logs,
// secrets, alarms), so that whoever may read logs need not be able to read data. It comes first,
// because every other room writes something.
package keys

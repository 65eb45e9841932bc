// Package config decodes the stack's configuration into the components' Config structs, strictly: an unknown
// key, a value of the wrong type and a value that a component rejects are all collected, and returned as one
// error before anything is registered.
//
// The program declares its settings as one struct, a field a key of the namespace, filled with the
// defaults:
//
//	type settings struct {
//		Network network.Config `json:"network"`
//		Tags    tags.Config    `json:"tags"`
//	}
//
//	s := settings{Network: network.Default()}
//	err := config.Decode(values, ctx.Project(), &s)
//
// A component's Config has json tags and, where a value can be of the right type and still wrong, a method
// Validate. It is called on every level, so that a nested struct can validate its own fields.
package config

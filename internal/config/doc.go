// Package config turns the stack's configuration into the rooms' Config structs, strictly and all
// at once: an unknown key, a value of the wrong type and a value that a room refuses are all
// collected, and come back as one error before anything is registered.
//
// The program describes what it takes as one struct, a field a key of the namespace, filled with the
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
// A room takes part by giving its Config json tags and, where a value can be of the right type and
// still wrong, a method Validate. It is asked on every level, so that a nested struct can look after
// its own fields.
package config

package secretscan

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
)

// search finds all values in one pass over a text. A pipeline writes thousands of files, and each value has a dozen
// forms: a pass for each form took longer than most jobs.
type search struct {
	// heads are the hashes of the first bytes of all forms.
	heads [1 << 16]bool
	// long are the forms by their first bytes, short the forms with fewer bytes.
	long  map[uint32][]form
	short []form
}

// form is one encoding of a value in a text.
type form struct {
	what string
	text []byte
}

// head is how many bytes of a form are hashed.
const head = 4

func (v Values) search() *search {
	s := &search{long: map[uint32][]form{}}
	for what, value := range v {
		for _, text := range forms(value) {
			f := form{what, []byte(text)}
			if len(text) < head {
				s.short = append(s.short, f)
				continue
			}
			first := binary.LittleEndian.Uint32(f.text)
			s.long[first] = append(s.long[first], f)
			s.heads[hash(first)] = true
		}
	}
	return s
}

// hash maps the first bytes of a form to one of heads.
func hash(first uint32) uint16 { return uint16(first * 2654435761 >> 16) }

// in returns the names of the values in the text.
func (s *search) in(text []byte) []string {
	found := map[string]bool{}
	for _, f := range s.short {
		if bytes.Contains(text, f.text) {
			found[f.what] = true
		}
	}
	for i := 0; i+head <= len(text); i++ {
		first := binary.LittleEndian.Uint32(text[i:])
		if !s.heads[hash(first)] {
			continue
		}
		for _, f := range s.long[first] {
			if bytes.HasPrefix(text[i:], f.text) {
				found[f.what] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

package cache

// NewLease returns the tag of a new lease.
func NewLease() []byte { return newTag(lease) }

// NewMark returns the tag of a new mark.
func NewMark() []byte { return newTag(mark) }

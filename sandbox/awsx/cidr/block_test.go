package cidr_test

import (
	"testing"

	"github.com/didomi/serverless-api/sandbox/awsx/cidr"
)

func TestBlocksAreReadAsWritten(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.0/16": "10.0.0.0/16",
		"10.1.2.3/18": "10.1.2.3/18",
		"10.0.0.1":    "10.0.0.1/32",
		"0.0.0.0/0":   "0.0.0.0/0",
	} {
		block, err := cidr.Parse(text)
		if err != nil || block.String() != want {
			t.Errorf("%q is read as %s, %v, want %s", text, block, err, want)
		}
	}
}

func TestAnInvalidBlockIsRejected(t *testing.T) {
	for _, text := range []string{"", "vpc", "10.0.0/16", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "10.0.0.0/", "::/0", "10.0.0.256/8"} {
		if block, err := cidr.Parse(text); err == nil {
			t.Errorf("%q is read as %s, want an error", text, block)
		}
	}
}

func TestTheAddressesOfABlock(t *testing.T) {
	for _, c := range []struct {
		block, first, last, firstUsable, lastUsable, next string
		size                                              uint64
	}{
		{"10.0.5.0/16", "10.0.0.0", "10.0.255.255", "10.0.0.1", "10.0.255.254", "10.1.0.0/16", 65536},
		{"10.0.0.4/31", "10.0.0.4", "10.0.0.5", "10.0.0.4", "10.0.0.5", "10.0.0.6/31", 2},
		{"10.0.0.4/32", "10.0.0.4", "10.0.0.4", "10.0.0.4", "10.0.0.4", "10.0.0.5/32", 1},
		{"1.2.3.4/0", "0.0.0.0", "255.255.255.255", "0.0.0.1", "255.255.255.254", "0.0.0.0/0", 1 << 32},
		{"255.255.255.0/24", "255.255.255.0", "255.255.255.255", "255.255.255.1", "255.255.255.254", "0.0.0.0/24", 256},
	} {
		t.Run(c.block, func(t *testing.T) {
			b := parse(t, c.block)
			got := []string{
				cidr.Dotted(b.First()), cidr.Dotted(b.Last()), cidr.Dotted(b.FirstUsable()), cidr.Dotted(b.LastUsable()), b.Next().String(),
			}
			for i, want := range []string{c.first, c.last, c.firstUsable, c.lastUsable, c.next} {
				if got[i] != want {
					t.Errorf("value %d is %s, want %s", i, got[i], want)
				}
			}
			if b.Size() != c.size {
				t.Errorf("size is %d, want %d", b.Size(), c.size)
			}
		})
	}
}

func TestBlocksOverlapIfTheyShareAnAddress(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"10.0.0.0/16", "10.0.3.0/24", true},
		{"10.0.0.0/24", "10.0.1.0/24", false},
		{"10.0.1.0/20", "10.0.15.0/24", true},
		{"10.0.0.0/32", "10.0.0.0/32", true},
	} {
		a, b := parse(t, c.a), parse(t, c.b)
		if a.Overlaps(b) != c.want || b.Overlaps(a) != c.want {
			t.Errorf("%s overlaps %s: %t and %t, want %t", c.a, c.b, a.Overlaps(b), b.Overlaps(a), c.want)
		}
	}
}

func parse(t *testing.T, text string) cidr.Block {
	t.Helper()
	b, err := cidr.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

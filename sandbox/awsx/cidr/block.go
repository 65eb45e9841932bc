// Package cidr has the IPv4 block arithmetic of subnet layouts.
package cidr

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

const addressBits = 32

// Block is an IPv4 address with a mask length. The address need not be the first of the block: the legacy layout
// passes such blocks from step to step.
type Block struct {
	address uint32
	bits    int
}

// Parse reads "10.0.0.0/16"; an address alone is a /32.
func Parse(text string) (Block, error) {
	address, mask, hasMask := strings.Cut(text, "/")
	ip, err := netip.ParseAddr(address)
	if err != nil || !ip.Is4() {
		return Block{}, fmt.Errorf("%q is not an IPv4 CIDR block such as \"10.0.0.0/16\"", text)
	}
	bits := addressBits
	if hasMask {
		if bits, err = strconv.Atoi(mask); err != nil {
			return Block{}, fmt.Errorf("%q is not an IPv4 CIDR block: mask length %q is not a number", text, mask)
		}
	}
	b := ip.As4()
	return New(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8|uint32(b[3]), bits)
}

// New returns the block of the given mask length (0 to 32) around an address.
func New(address uint32, bits int) (Block, error) {
	if bits < 0 || bits > addressBits {
		return Block{}, fmt.Errorf("mask length /%d is not between /0 and /%d", bits, addressBits)
	}
	return Block{address: address, bits: bits}, nil
}

// Host is the block of one address.
func Host(address uint32) Block { return Block{address: address, bits: addressBits} }

// String prints the address as it was given and the mask length.
func (b Block) String() string {
	return Dotted(b.address) + "/" + strconv.Itoa(b.bits)
}

// Bits is the mask length.
func (b Block) Bits() int { return b.bits }

// Address is the address as it was given.
func (b Block) Address() uint32 { return b.address }

// Size is the number of addresses in the block.
func (b Block) Size() uint64 { return Size(b.bits) }

// Size is the number of addresses in a block of the given mask length (0 to 32).
func Size(bits int) uint64 { return 1 << (addressBits - bits) }

// First is the block's first address.
func (b Block) First() uint32 { return b.address & b.mask() }

// Last is the block's last address.
func (b Block) Last() uint32 { return b.address | ^b.mask() }

// FirstUsable is the first address that a host can have: the one after First, but in a /31 or /32 First itself.
func (b Block) FirstUsable() uint32 {
	if b.bits > 30 {
		return b.First()
	}
	return b.First() + 1
}

// LastUsable is the last address that a host can have: the one before Last, but in a /31 or /32 Last itself.
func (b Block) LastUsable() uint32 {
	if b.bits > 30 {
		return b.Last()
	}
	return b.Last() - 1
}

// Aligned is the same block with its first address as the address.
func (b Block) Aligned() Block { return Block{address: b.First(), bits: b.bits} }

// Next is the aligned block of the same size that follows; after the last block it is the first.
func (b Block) Next() Block { return Block{address: b.Last() + 1, bits: b.bits} }

// Contains reports whether the address is in the block.
func (b Block) Contains(address uint32) bool { return b.First() == address&b.mask() }

// Overlaps reports whether the two blocks share an address.
func (b Block) Overlaps(other Block) bool {
	return b.Contains(other.First()) || other.Contains(b.First())
}

func (b Block) mask() uint32 {
	return uint32(^uint64(0) << (addressBits - b.bits))
}

// Dotted is the address as four decimal numbers.
func Dotted(address uint32) string {
	return netip.AddrFrom4([4]byte{
		byte(address >> 24), byte(address >> 16), byte(address >> 8), byte(address),
	}).String()
}

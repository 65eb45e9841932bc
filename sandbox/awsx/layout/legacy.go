package layout

import (
	"errors"
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/sandbox/awsx/cidr"
)

// legacyKinds are the types that the legacy layout supports, in the order in which it places them, each with the mask of
// its largest default subnet.
var legacyKinds = []struct {
	name string
	mask int
}{{Private, 19}, {Public, 20}, {Isolated, 24}}

// legacySubnets divides the VPC evenly between the zones, whatever availabilityZoneCidrMask is, and places in each
// zone first the private, then the public, then the isolated subnets. Explicit blocks and unused space are ignored.
func legacySubnets(r Request, vpc cidr.Block, specs []Spec) ([]Subnet, error) {
	zoneBits := newBits(len(r.Zones))
	bases := make([]cidr.Block, len(r.Zones))
	for i := range r.Zones {
		var err error
		if bases[i], err = subBlock(vpc, zoneBits, i); err != nil {
			return nil, fmt.Errorf("cidrBlock: %s is too small for %d availability zones: %w", vpc, len(r.Zones), err)
		}
	}
	if specs == nil {
		return legacyDefaults(r, bases)
	}
	if len(bases) == 0 {
		return nil, errors.New("subnetSpecs: there is no availability zone to put the subnets in")
	}
	var subnets []Subnet
	for i, base := range bases {
		zone := legacyZone{request: r, specs: specs, index: i, base: base}
		if err := zone.place(); err != nil {
			return nil, fmt.Errorf("cidrBlock: %s is too small for the subnetSpecs: %w", vpc, err)
		}
		subnets = append(subnets, zone.subnets...)
	}
	return indexed(subnets), nil
}

// legacyDefaults gives each zone a private subnet of half its share and a public one of a quarter: first the private
// ones of all zones, then the public ones.
func legacyDefaults(r Request, bases []cidr.Block) ([]Subnet, error) {
	var private, public []Subnet
	for i, base := range bases {
		half, err := subBlock(base, 1, 0)
		if err != nil {
			return nil, fmt.Errorf("cidrBlock: no room for subnets in each zone's %s: %w", base, err)
		}
		otherHalf, err := subBlock(half, 0, 1)
		if err != nil {
			return nil, fmt.Errorf("cidrBlock: no room for subnets in each zone's %s: %w", base, err)
		}
		quarter, err := subBlock(otherHalf, 1, 0)
		if err != nil {
			return nil, fmt.Errorf("cidrBlock: no room for subnets in each zone's %s: %w", base, err)
		}
		name := func(kind string) string { return subnetName(r.VPC, Spec{Type: kind}, i) }
		private = append(private, Subnet{Name: name(Private), Type: Private, Zone: r.Zones[i], CIDR: half.String(), Spec: -1})
		public = append(public, Subnet{Name: name(Public), Type: Public, Zone: r.Zones[i], CIDR: quarter.String(), Spec: -1})
	}
	return indexed(append(private, public...)), nil
}

// legacyZone places the subnets of one zone.
type legacyZone struct {
	request Request
	specs   []Spec
	index   int
	base    cidr.Block

	subnets []Subnet
	current cidr.Block // the last block placed; at first the address before the zone
}

func (z *legacyZone) place() error {
	z.current = cidr.Host(z.base.First() - 1)
	for _, kind := range legacyKinds {
		// The subnets before this type decide where it starts, not those of the type itself.
		start, origin := z.base, z.base
		if len(z.subnets) > 0 {
			var err error
			origin = z.current
			if start, err = subBlock(origin, 0, 1); err != nil {
				return err
			}
		}
		count := 0
		for i, spec := range z.specs {
			if !strings.EqualFold(spec.Type, kind.name) {
				continue
			}
			if err := z.add(i, kind.name, z.mask(spec, kind.mask), start, origin, count); err != nil {
				return err
			}
			count++
		}
	}
	return nil
}

// mask is the spec's own mask or the default: half of the zone, all of it for a single subnet, but no more than
// largest.
func (z *legacyZone) mask(spec Spec, largest int) int {
	if spec.CIDRMask != nil {
		return *spec.CIDRMask
	}
	share := z.base.Bits()
	if len(z.specs) != 1 {
		share++
	}
	return max(share, largest)
}

// add places the nth subnet of its type, counted from start in blocks of its size, and moves it on if that overlaps the
// one before it.
func (z *legacyZone) add(spec int, kind string, mask int, start, origin cidr.Block, nth int) error {
	block, err := subBlock(start, mask-origin.Bits(), nth)
	if err != nil {
		return err
	}
	if block.Overlaps(z.current) {
		around, err := cidr.New(z.current.Last(), mask)
		if err != nil {
			return err
		}
		block = around.Next()
	}
	named := Spec{Name: z.specs[spec].Name, Type: kind}
	z.subnets = append(z.subnets, Subnet{
		Name: subnetName(z.request.VPC, named, z.index), Type: kind, Zone: z.request.Zones[z.index],
		CIDR: block.String(), Spec: spec,
	})
	z.current = block
	return nil
}

// subBlock is the nth block of newBits more bits, counted from the block's address, which is not aligned first. A
// negative newBits makes larger blocks.
func subBlock(b cidr.Block, newBits, nth int) (cidr.Block, error) {
	mask := b.Bits() + newBits
	if mask > 32 {
		return cidr.Block{}, fmt.Errorf("requested %d new bits, but only %d are available", newBits, 32-b.Bits())
	}
	if mask < 0 {
		return cidr.Block{}, fmt.Errorf("a block of /%d does not exist", mask)
	}
	address := uint64(b.Address()) + cidr.Size(mask)*uint64(nth)
	if address >= cidr.Size(0) {
		return cidr.Block{}, fmt.Errorf("there is no address after %s", b)
	}
	return cidr.New(uint32(address), mask)
}

func indexed(subnets []Subnet) []Subnet {
	for i := range subnets {
		subnets[i].Index = i
	}
	return subnets
}

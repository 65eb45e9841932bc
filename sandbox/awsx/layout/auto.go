package layout

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/didomi/serverless-api/sandbox/awsx/cidr"
)

// smallestDefaultZone is the mask of the smallest zone share that the default subnets still fit in: none of them may be
// smaller than a /28, the smallest that AWS accepts.
const smallestDefaultZone = 26

// largestDefaultZone bounds the share that default subnets are cut from: the rest of a zone larger than a /16 stays unused.
const largestDefaultZone = 16

// auto divides the VPC evenly between the zones and cuts each zone's subnets from its share, in the order of the
// specs, each at the next address to which its size can be aligned.
func (l Layout) auto(vpc cidr.Block) ([]Subnet, error) {
	r := l.request
	zoneBits := vpc.Bits() + newBits(len(r.Zones))
	if r.ZoneMask != nil {
		if zoneBits = *r.ZoneMask; !validMask(zoneBits) {
			return nil, fmt.Errorf("availabilityZoneCidrMask: %d is not a mask length from 1 to 32", zoneBits)
		}
	}
	zone, err := cidr.New(vpc.First(), zoneBits)
	if err != nil {
		return nil, fmt.Errorf("cidrBlock: %s is too small for %d availability zones: %w", vpc, len(r.Zones), err)
	}
	masks, err := subnetMasks(zone, l.specs)
	if err != nil {
		return nil, err
	}
	subnets := l.named()
	var block cidr.Block
	for i := range subnets {
		if nth := i % len(masks); nth > 0 {
			block, err = nextAfter(block, masks[nth])
		} else {
			block, err = cidr.New(zone.First(), masks[0])
			zone = zone.Next()
		}
		if err != nil {
			return nil, fmt.Errorf("subnet %s: %w", subnets[i].Name, err)
		}
		subnets[i].CIDR = block.String()
	}
	return subnets, nil
}

// subnetMasks returns the mask length of each spec's subnet, those of the default subnets if there are no specs.
func subnetMasks(zone cidr.Block, specs []Spec) ([]int, error) {
	if specs == nil {
		return defaultMasks(zone.Bits())
	}
	if len(specs) == 0 {
		return nil, errors.New("subnetSpecs: no subnets specified: name at least one, or leave the input out")
	}
	evenShare := zone.Bits() + newBits(len(specs))
	masks := make([]int, len(specs))
	var total uint64
	for i, spec := range specs {
		masks[i] = evenShare
		if spec.CIDRMask != nil {
			masks[i] = *spec.CIDRMask
		}
		if masks[i] > 32 {
			return nil, fmt.Errorf("subnetSpecs[%d]: a zone of /%d cannot be divided between %d subnets", i, zone.Bits(), len(specs))
		}
		total += cidr.Size(masks[i])
	}
	if total > zone.Size() {
		return nil, fmt.Errorf("subnets are too large for VPC. VPC has %d addresses in each zone, but subnets require %d addresses",
			zone.Size(), total)
	}
	return masks, nil
}

func defaultMasks(zoneBits int) ([]int, error) {
	if zoneBits > smallestDefaultZone {
		return nil, fmt.Errorf("automatic subnet creation requires a VPC with at least /%d available per AZ, but only /%d is "+
			"available; if you do need very small subnets, specify them explicitly in subnetSpecs", smallestDefaultZone, zoneBits)
	}
	share := max(zoneBits, largestDefaultZone)
	return []int{share + 1, share + 2}, nil
}

// nextAfter is the first block of the given mask length after the last usable address of the previous one. After a block
// with a broadcast address a /32 would therefore overlap it; awsx does the same, and the overlap is reported.
func nextAfter(previous cidr.Block, mask int) (cidr.Block, error) {
	around, err := cidr.New(previous.LastUsable(), mask)
	return around.Next(), err
}

// newBits is how many bits number count blocks.
func newBits(count int) int {
	if count < 2 {
		return 0
	}
	return bits.Len(uint(count - 1))
}

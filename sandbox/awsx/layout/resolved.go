package layout

import (
	"fmt"

	"github.com/didomi/serverless-api/sandbox/awsx/cidr"
)

// Resolved is one entry of the output subnetLayout. Fields that awsx leaves out are empty.
type Resolved struct {
	Name       string
	Type       string
	CIDRMask   int
	Size       int
	CIDRBlocks []string
}

func (l Layout) resolve(subnets []Subnet) ([]Resolved, error) {
	if l.specs != nil && l.request.Strategy != Legacy {
		return resolveSpecs(l.specs), nil
	}
	return resolveBlocks(subnets, len(l.request.Zones))
}

// resolveSpecs returns the specs of the request.
func resolveSpecs(specs []Spec) []Resolved {
	resolved := make([]Resolved, len(specs))
	for i, spec := range specs {
		resolved[i] = Resolved{Type: spec.Type, CIDRBlocks: spec.CIDRBlocks}
		if spec.Name != nil {
			resolved[i].Name = *spec.Name
		}
		if spec.CIDRMask != nil {
			resolved[i].CIDRMask = *spec.CIDRMask
		}
		if spec.Size != nil {
			resolved[i].Size = *spec.Size
		}
	}
	return resolved
}

// resolveBlocks describes the first zone's share of the list as specs for the strategy Auto, with gaps as unused space.
// It has no names, because awsx drops them. The legacy default lists subnets type by type, so its share is not one
// zone's; awsx does the same.
func resolveBlocks(subnets []Subnet, zones int) ([]Resolved, error) {
	resolved := []Resolved{}
	if zones == 0 {
		return resolved, nil
	}
	var previous cidr.Block
	for i, s := range subnets[:len(subnets)/zones] {
		block, err := cidr.Parse(s.CIDR)
		if err != nil {
			return nil, fmt.Errorf("subnet %s: %w", s.Name, err)
		}
		if i > 0 {
			for _, gap := range gapsBetween(previous.Aligned(), block.Aligned()) {
				resolved = append(resolved, Resolved{Type: Unused, CIDRMask: gap.Bits()})
			}
		}
		resolved = append(resolved, Resolved{Type: s.Type, CIDRMask: block.Bits()})
		previous = block
	}
	return resolved, nil
}

// gapsBetween lists the blocks, each as wide as it can be, that fill the space between two aligned blocks.
func gapsBetween(a, b cidr.Block) []cidr.Block {
	start, end := a, b
	if b.First() <= a.First() {
		start, end = b, a
	}
	var gaps []cidr.Block
	previous := a
	for next := start.Next(); next.First() < end.First() && next.First() != 0; next = next.Next() {
		for {
			wider, err := cidr.New(next.First(), next.Bits()-1)
			if err != nil || wider.Contains(previous.LastUsable()) || wider.Contains(end.FirstUsable()) {
				break
			}
			next = wider.Aligned()
		}
		gaps = append(gaps, next)
		previous = next
	}
	return gaps
}

package layout

import (
	"errors"
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/sandbox/awsx/cidr"
)

// checkOverlaps lists every subnet that shares an address with another one. Unused ones count.
func checkOverlaps(subnets []Subnet) error {
	blocks, err := parseAll(subnets)
	if err != nil {
		return err
	}
	var overlapping []string
	for i, block := range blocks {
		for j, other := range blocks {
			if i != j && block.Overlaps(other) {
				overlapping = append(overlapping, fmt.Sprintf("%d. %s: %s",
					len(overlapping)+1, subnets[i].Name, subnets[i].CIDR))
				break
			}
		}
	}
	if len(overlapping) == 0 {
		return nil
	}
	return fmt.Errorf("the following subnets overlap with at least one other subnet. Make the CIDR for the VPC larger, "+
		"reduce the size of the subnets per AZ, or use less Availability Zones:\n%s", strings.Join(overlapping, "\n"))
}

// checkGaps requires that the subnets, in their order, fill the VPC from its first address to its last.
func checkGaps(vpc cidr.Block, subnets []Subnet) error {
	blocks, err := parseAll(subnets)
	if err != nil {
		return err
	}
	if len(blocks) == 0 {
		return fmt.Errorf("there are gaps in the subnet ranges: no subnet covers the VPC (%s)", vpc)
	}
	var gaps []string
	if blocks[0].First() != vpc.First() {
		gaps = append(gaps, fmt.Sprintf("%s (%s) does not start at the beginning of the VPC (%s)",
			subnets[0].Name, subnets[0].CIDR, vpc))
	}
	for i := 1; i < len(blocks); i++ {
		if blocks[i].First() != blocks[i-1].Next().First() {
			gaps = append(gaps, fmt.Sprintf("%s (%s) <=> %s (%s)",
				subnets[i-1].Name, subnets[i-1].CIDR, subnets[i].Name, subnets[i].CIDR))
		}
	}
	last := len(blocks) - 1
	if blocks[last].LastUsable() != vpc.LastUsable() {
		gaps = append(gaps, fmt.Sprintf("%s (ending %s) ends before VPC ends (at %s)",
			subnets[last].Name, cidr.Dotted(blocks[last].LastUsable()), cidr.Dotted(vpc.LastUsable())))
	}
	if len(gaps) == 0 {
		return nil
	}
	return fmt.Errorf("there are gaps in the subnet ranges. Please fix the following gaps: %s", strings.Join(gaps, ", "))
}

// checkNAT requires the subnets that a NAT gateway is in and those that it serves.
func checkNAT(strategy string, subnets []Subnet) error {
	if strings.EqualFold(strategy, "None") {
		return nil
	}
	var public, private bool
	for _, s := range subnets {
		public = public || s.Is(Public)
		private = private || s.Is(Private)
	}
	if public && private {
		return nil
	}
	return errors.New("natGateways.strategy: if NAT Gateway strategy is 'OnePerAz' (the default) or 'Single', both private and " +
		"public subnets must be declared. The private subnet creates the need for a NAT Gateway, and the public subnet is " +
		"required to host the NAT Gateway resource. Declare both in subnetSpecs or set the strategy to 'None'")
}

func parseAll(subnets []Subnet) ([]cidr.Block, error) {
	blocks := make([]cidr.Block, len(subnets))
	for i, s := range subnets {
		var err error
		if blocks[i], err = cidr.Parse(s.CIDR); err != nil {
			return nil, fmt.Errorf("subnet %s: %w", s.Name, err)
		}
	}
	return blocks, nil
}

package layout

import (
	"errors"
	"fmt"
	"math/bits"
	"strings"

	"github.com/didomi/serverless-api/sandbox/awsx/cidr"
)

// normalize checks the specs and, unless they have explicit blocks, gives each both mask and size if it has either. No
// specs at all stay nil. The error lists every problem.
func normalize(specs []Spec, zones int) ([]Spec, error) {
	if specs == nil {
		return nil, nil
	}
	explicit := hasExplicitBlocks(specs)
	normalized := make([]Spec, len(specs))
	var problems []error
	for i, spec := range specs {
		err := checkSpec(spec)
		if err == nil && explicit {
			err = checkBlocks(spec, zones)
		}
		if err == nil && !explicit {
			spec, err = withMaskAndSize(spec)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("subnetSpecs[%d]: %w", i, err))
		}
		normalized[i] = spec
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("invalid subnet specifications:\n%w", errors.Join(problems...))
	}
	return normalized, nil
}

func hasExplicitBlocks(specs []Spec) bool {
	for _, spec := range specs {
		if spec.CIDRBlocks != nil {
			return true
		}
	}
	return false
}

func checkSpec(spec Spec) error {
	switch lower := strings.ToLower(spec.Type); {
	case spec.Type == Unused, lower == "public", lower == "private", lower == "isolated":
	default:
		return fmt.Errorf("type: unknown subnet type %q: use %s, %s, %s or %s", spec.Type, Public, Private, Isolated, Unused)
	}
	if spec.CIDRMask != nil && !validMask(*spec.CIDRMask) {
		return fmt.Errorf("cidrMask: %d is not a mask length from 1 to 32", *spec.CIDRMask)
	}
	if spec.Size != nil && !validSize(*spec.Size) {
		return fmt.Errorf("size: the subnet size %d is invalid: valid sizes are the powers of two from 4 to 4294967296",
			*spec.Size)
	}
	return nil
}

// checkBlocks checks a spec of a layout in which at least one spec has explicit blocks.
func checkBlocks(spec Spec, zones int) error {
	if spec.CIDRBlocks == nil {
		return errors.New("cidrBlocks: if any subnet spec has explicit cidrBlocks, all subnets must have explicit cidrBlocks")
	}
	if len(spec.CIDRBlocks) != zones {
		return fmt.Errorf("cidrBlocks: the number of CIDR blocks (%d) must match the number of availability zones (%d)",
			len(spec.CIDRBlocks), zones)
	}
	for i, text := range spec.CIDRBlocks {
		block, err := cidr.Parse(text)
		if err != nil {
			return fmt.Errorf("cidrBlocks[%d]: %w", i, err)
		}
		if spec.CIDRMask != nil && block.Bits() != *spec.CIDRMask {
			return fmt.Errorf("cidrMask: /%d must match all cidrBlocks or be left undefined: %s differs", *spec.CIDRMask, text)
		}
		if spec.Size != nil && block.Size() != uint64(*spec.Size) {
			return fmt.Errorf("size: %d must match all cidrBlocks or be left undefined: %s has %d addresses",
				*spec.Size, text, block.Size())
		}
	}
	return nil
}

func withMaskAndSize(spec Spec) (Spec, error) {
	mask, size := spec.CIDRMask, spec.Size
	if mask == nil && size != nil {
		fitting := maskOfSize(*size)
		mask = &fitting
	}
	if mask == nil {
		return spec, nil
	}
	expected := sizeOfMask(*mask)
	if size != nil && expected != nil && *size != *expected {
		return spec, fmt.Errorf("size: subnet size %d does not match the expected size for a /%d subnet (%d)",
			*size, *mask, *expected)
	}
	spec.CIDRMask, spec.Size = mask, expected
	return spec, nil
}

func validMask(mask int) bool { return mask >= 1 && mask <= 32 }

// validSize accepts the sizes of the blocks from /0 to /30.
func validSize(size int) bool {
	return size >= 4 && size <= 1<<32 && size&(size-1) == 0
}

func maskOfSize(size int) int { return 33 - bits.Len64(uint64(size)) }

// sizeOfMask is nil for the masks that awsx has no size for.
func sizeOfMask(mask int) *int {
	if mask > 30 {
		return nil
	}
	size := 1 << (32 - mask)
	return &size
}

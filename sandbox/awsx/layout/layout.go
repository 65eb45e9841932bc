// Package layout decides which subnets a VPC gets: their names, types, zones and CIDR blocks. It follows awsx v2.22.0
// step by step, including its oddities, and does not use Pulumi.
package layout

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/awsx/cidr"
)

// The values of the input subnetStrategy.
const (
	Legacy = "Legacy" // private, public, isolated: the default when no strategy is given
	Auto   = "Auto"   // in the order of the specs
	Exact  = "Exact"  // Auto without a gap
)

// The values of a subnet spec's type. All but Unused are accepted in any letter case, as the real component does.
const (
	Public   = "Public"
	Private  = "Private"
	Isolated = "Isolated"
	Unused   = "Unused"
)

// Spec is one entry of the input subnetSpecs: a subnet to be created in every zone.
type Spec struct {
	Name       *string  // nil: the type in lower case
	Type       string   // Public, Private, Isolated or Unused
	CIDRMask   *int     // mask length
	Size       *int     // number of addresses
	CIDRBlocks []string // one for each zone; nil: to be allocated
}

// Request is the input of a layout.
type Request struct {
	VPC      string   // the component's name, with which every subnet's name begins
	Strategy string   // Legacy, Auto or Exact
	NAT      string   // strategy of the NAT gateways, which need subnets of certain types
	Zones    []string // availability zones, in order
	ZoneMask *int     // mask length of one zone's share; nil: an even share
	Specs    []Spec   // nil: a private and a public subnet in each zone
}

// Subnet is one subnet of one zone.
type Subnet struct {
	Name  string
	Type  string
	Zone  string
	CIDR  string // empty while the VPC's block is not known
	Spec  int    // index of its entry in Request.Specs; -1 if there is none
	Index int    // place in Plan.Subnets
}

// Is reports whether the subnet is of the given type.
func (s Subnet) Is(kind string) bool { return strings.EqualFold(s.Type, kind) }

// Plan is a decided layout.
type Plan struct {
	Subnets  []Subnet
	Resolved []Resolved // the output subnetLayout; nil while it depends on an unknown block
}

// InZone returns the zone's subnets in the order of their creation: public, private, isolated. Unused ones are left
// out.
func (p Plan) InZone(zone string) []Subnet {
	var subnets []Subnet
	for _, s := range p.Subnets {
		if s.Zone == zone && s.Type != Unused {
			subnets = append(subnets, s)
		}
	}
	slices.SortStableFunc(subnets, func(a, b Subnet) int { return rank(a) - rank(b) })
	return subnets
}

func rank(s Subnet) int {
	switch {
	case s.Is(Public):
		return 0
	case s.Is(Private):
		return 1
	default:
		return 2
	}
}

// Layout is a request whose inputs have been checked.
type Layout struct {
	request Request
	specs   []Spec // normalized; nil if the request has none
}

// Prepare checks the request's inputs, each for itself and against each other. The error names every bad one.
func Prepare(r Request) (Layout, error) {
	if r.Strategy != Legacy && r.Strategy != Auto && r.Strategy != Exact {
		return Layout{}, fmt.Errorf("subnetStrategy: unknown strategy %q: use %s, %s or %s", r.Strategy, Auto, Exact, Legacy)
	}
	specs, err := normalize(r.Specs, len(r.Zones))
	if err != nil {
		return Layout{}, err
	}
	return Layout{request: r, specs: specs}, nil
}

// Plan lays the subnets out in the VPC's block, which is an input, and checks the result.
func (l Layout) Plan(vpcCIDR string) (Plan, error) {
	return l.plan(vpcCIDR, l.request.Strategy == Exact)
}

// PlanIn lays the subnets out in a block that an IPAM pool chose. Its user knows only the size of the block and cannot
// fill it, so gaps are allowed under any strategy.
func (l Layout) PlanIn(pooledCIDR string) (Plan, error) {
	return l.plan(pooledCIDR, false)
}

func (l Layout) plan(vpcCIDR string, filled bool) (Plan, error) {
	vpc, err := cidr.Parse(vpcCIDR)
	if err != nil {
		return Plan{}, fmt.Errorf("cidrBlock: %w", err)
	}
	subnets, err := l.allocate(vpc)
	if err != nil {
		return Plan{}, err
	}
	if err := checkOverlaps(subnets); err != nil {
		return Plan{}, err
	}
	if filled {
		if err := checkGaps(vpc, subnets); err != nil {
			return Plan{}, err
		}
	}
	if err := checkNAT(l.request.NAT, subnets); err != nil {
		return Plan{}, err
	}
	resolved, err := l.resolve(subnets)
	return Plan{Subnets: subnets, Resolved: resolved}, err
}

// Outline is the known part of the plan while the VPC has no block, because an IPAM pool will choose it.
// Subnets have no CIDR, unless each was given explicitly. Once the block is known, the subnets of PlanIn come in the
// same order.
func (l Layout) Outline() (Plan, error) {
	if l.legacy() {
		return Plan{}, errors.New(`subnetStrategy: dynamically allocated cidrBlock ranges are not supported with ` +
			`subnetStrategy "Legacy" (the default); try subnetStrategy "Auto"`)
	}
	plan := Plan{Subnets: l.named()}
	if l.explicit() {
		if err := checkOverlaps(plan.Subnets); err != nil {
			return Plan{}, err
		}
	}
	if err := checkNAT(l.request.NAT, plan.Subnets); err != nil {
		return Plan{}, err
	}
	if l.specs != nil {
		plan.Resolved = resolveSpecs(l.specs)
	}
	return plan, nil
}

// Outdated reports whether the layout depends on the default strategy, which awsx will change.
func (l Layout) Outdated() bool {
	return l.request.Strategy == Legacy && l.specs != nil && !hasExplicitBlocks(l.specs)
}

func (l Layout) allocate(vpc cidr.Block) ([]Subnet, error) {
	switch {
	case l.legacy():
		return legacySubnets(l.request, vpc, l.specs)
	case l.explicit():
		return l.named(), nil
	default:
		return l.auto(vpc)
	}
}

// legacy covers Exact without specs too: so does the real component.
func (l Layout) legacy() bool {
	return l.request.Strategy == Legacy || (l.specs == nil && l.request.Strategy != Auto)
}

func (l Layout) explicit() bool {
	return l.request.Strategy != Legacy && hasExplicitBlocks(l.specs)
}

// named lists every zone's subnets in the order of the specs, with the block of those that have an explicit one.
func (l Layout) named() []Subnet {
	specs, given := l.specs, l.specs != nil
	if !given {
		specs = defaultSpecs()
	}
	var subnets []Subnet
	for zoneIndex, zone := range l.request.Zones {
		for specIndex, spec := range specs {
			s := Subnet{
				Name: subnetName(l.request.VPC, spec, zoneIndex), Type: spec.Type, Zone: zone, Spec: specIndex,
				Index: len(subnets),
			}
			if !given {
				s.Spec = -1
			}
			if spec.CIDRBlocks != nil {
				s.CIDR = spec.CIDRBlocks[zoneIndex]
			}
			subnets = append(subnets, s)
		}
	}
	return subnets
}

func defaultSpecs() []Spec {
	return []Spec{{Type: Private}, {Type: Public}}
}

func subnetName(vpc string, spec Spec, zoneIndex int) string {
	name := strings.ToLower(spec.Type)
	if spec.Name != nil {
		name = *spec.Name
	}
	return fmt.Sprintf("%s-%s-%d", vpc, name, zoneIndex+1)
}

package layout_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/awsx/cidr"
	"github.com/didomi/serverless-api/sandbox/awsx/layout"
)

func zones(count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = "zone-" + string(rune('a'+i))
	}
	return names
}

func spec(kind string) layout.Spec                { return layout.Spec{Type: kind} }
func sized(kind string, mask int) layout.Spec     { return layout.Spec{Type: kind, CIDRMask: &mask} }
func blocks(kind string, b ...string) layout.Spec { return layout.Spec{Type: kind, CIDRBlocks: b} }

func named(name string, s layout.Spec) layout.Spec {
	s.Name = &name
	return s
}

func addresses(kind string, size int) layout.Spec { return layout.Spec{Type: kind, Size: &size} }

const (
	public, private, isolated, unused = layout.Public, layout.Private, layout.Isolated, layout.Unused
)

// describe lists the subnets in the order of their creation, without the VPC's name.
func describe(plan layout.Plan, zones []string) string {
	var lines []string
	for _, zone := range zones {
		var subnets []string
		for _, s := range plan.InZone(zone) {
			subnets = append(subnets, strings.TrimPrefix(s.Name, "net-")+" "+s.CIDR)
		}
		lines = append(lines, strings.Join(subnets, ", "))
	}
	return strings.Join(lines, "\n")
}

func describeResolved(entries []layout.Resolved) string {
	var texts []string
	for _, e := range entries {
		text := strings.TrimSpace(fmt.Sprintf("%s %s", e.Type, e.Name))
		if e.CIDRMask != 0 {
			text += fmt.Sprintf(" /%d", e.CIDRMask)
		}
		if e.Size != 0 {
			text += fmt.Sprintf(" (%d)", e.Size)
		}
		texts = append(texts, strings.Join(append([]string{text}, e.CIDRBlocks...), " "))
	}
	return strings.Join(texts, ", ")
}

// The expected blocks are those of the real component.
func TestSubnetsAreTheRealComponents(t *testing.T) {
	zoneMask := 20
	for _, c := range []struct {
		name     string
		strategy string
		vpc      string
		zones    int
		zoneMask *int
		specs    []layout.Spec
		want     string
		resolved string
	}{
		{
			name: "three zones leave the fourth quarter free", strategy: layout.Auto, vpc: "10.0.0.0/16", zones: 3,
			specs: []layout.Spec{spec(public), spec(private), spec(isolated)},
			want: `public-1 10.0.0.0/20, private-1 10.0.16.0/20, isolated-1 10.0.32.0/20
public-2 10.0.64.0/20, private-2 10.0.80.0/20, isolated-2 10.0.96.0/20
public-3 10.0.128.0/20, private-3 10.0.144.0/20, isolated-3 10.0.160.0/20`,
			resolved: "Public, Private, Isolated",
		},
		{
			name: "five zones have an eighth each", strategy: layout.Auto, vpc: "10.0.0.0/16", zones: 5,
			specs: []layout.Spec{sized(public, 24), sized(private, 20)},
			want: `public-1 10.0.0.0/24, private-1 10.0.16.0/20
public-2 10.0.32.0/24, private-2 10.0.48.0/20
public-3 10.0.64.0/24, private-3 10.0.80.0/20
public-4 10.0.96.0/24, private-4 10.0.112.0/20
public-5 10.0.128.0/24, private-5 10.0.144.0/20`,
			resolved: "Public /24 (256), Private /20 (4096)",
		},
		{
			name: "the zone mask narrows a zone's share", strategy: layout.Auto, vpc: "10.0.0.0/16", zones: 2, zoneMask: &zoneMask,
			specs: []layout.Spec{sized(public, 24), addresses(private, 1024), sized(isolated, 23)},
			want: `public-1 10.0.0.0/24, private-1 10.0.4.0/22, isolated-1 10.0.8.0/23
public-2 10.0.16.0/24, private-2 10.0.20.0/22, isolated-2 10.0.24.0/23`,
			resolved: "Public /24 (256), Private /22 (1024), Isolated /23 (512)",
		},
		{
			name: "a larger subnet after a smaller one is aligned, a smaller one follows at once", strategy: layout.Auto,
			vpc: "10.0.0.0/16", zones: 1,
			specs: []layout.Spec{
				sized(public, 26), sized(private, 20), sized(isolated, 28), named("b", sized(private, 27)),
			},
			want:     `public-1 10.0.0.0/26, private-1 10.0.16.0/20, b-1 10.0.32.32/27, isolated-1 10.0.32.0/28`,
			resolved: "Public /26 (64), Private /20 (4096), Isolated /28 (16), Private b /27 (32)",
		},
		{
			name: "the VPC's block is aligned first", strategy: layout.Auto, vpc: "10.1.2.3/18", zones: 2,
			specs: []layout.Spec{spec(public)}, want: "public-1 10.1.0.0/19\npublic-2 10.1.32.0/19", resolved: "Public",
		},
		{
			name: "default subnets of a large VPC use a /16 of each zone", strategy: layout.Auto, vpc: "10.0.0.0/12", zones: 2,
			want: `public-1 10.0.128.0/18, private-1 10.0.0.0/17
public-2 10.8.128.0/18, private-2 10.8.0.0/17`,
			resolved: "Private /17, Public /18",
		},
		{
			name: "default subnets go down to a /28", strategy: layout.Auto, vpc: "10.0.0.0/24", zones: 3,
			want: `public-1 10.0.0.32/28, private-1 10.0.0.0/27
public-2 10.0.0.96/28, private-2 10.0.0.64/27
public-3 10.0.0.160/28, private-3 10.0.0.128/27`,
			resolved: "Private /27, Public /28",
		},
		{
			name: "gaps for alignment may push a single zone's last subnet out of the VPC", strategy: layout.Auto,
			vpc: "10.0.0.0/24", zones: 1,
			specs:    []layout.Spec{sized(public, 26), sized(private, 25), sized(isolated, 26)},
			want:     "public-1 10.0.0.0/26, private-1 10.0.0.128/25, isolated-1 10.0.1.0/26",
			resolved: "Public /26 (64), Private /25 (128), Isolated /26 (64)",
		},
		{
			name: "unused space stays free and completes Exact", strategy: layout.Exact, vpc: "10.0.0.0/16", zones: 2,
			specs: []layout.Spec{sized(private, 18), sized(public, 19), sized(unused, 19)},
			want: `public-1 10.0.64.0/19, private-1 10.0.0.0/18
public-2 10.0.192.0/19, private-2 10.0.128.0/18`,
			resolved: "Private /18 (16384), Public /19 (8192), Unused /19 (8192)",
		},
		{
			name: "explicit blocks are taken as they are", strategy: layout.Auto, vpc: "10.0.0.0/16", zones: 2,
			specs: []layout.Spec{
				blocks(private, "10.0.9.0/24", "10.0.1.0/24"), blocks(public, "10.0.3.0/26", "10.0.3.128/26"),
			},
			want:     "public-1 10.0.3.0/26, private-1 10.0.9.0/24\npublic-2 10.0.3.128/26, private-2 10.0.1.0/24",
			resolved: "Private 10.0.9.0/24 10.0.1.0/24, Public 10.0.3.0/26 10.0.3.128/26",
		},
		{
			name: "legacy defaults describe two private subnets, as the real component does", strategy: layout.Legacy,
			vpc: "10.0.0.0/16", zones: 3,
			want: `public-1 10.0.32.0/20, private-1 10.0.0.0/19
public-2 10.0.96.0/20, private-2 10.0.64.0/19
public-3 10.0.160.0/20, private-3 10.0.128.0/19`,
			resolved: "Private /19, Unused /19, Private /19",
		},
		{
			name: "legacy places private, public, isolated whatever the order", strategy: layout.Legacy, vpc: "10.0.0.0/16", zones: 2,
			specs: []layout.Spec{spec(isolated), spec(public), spec(private)},
			want: `public-1 10.0.32.0/20, private-1 10.0.0.0/19, isolated-1 10.0.48.0/24
public-2 10.0.160.0/20, private-2 10.0.128.0/19, isolated-2 10.0.176.0/24`,
			resolved: "Private /19, Public /20, Isolated /24",
		},
		{
			name: "legacy counts in a subnet's own size and describes the gap", strategy: layout.Legacy,
			vpc: "10.0.0.0/16", zones: 2,
			specs: []layout.Spec{
				sized(private, 24), named("b", sized(private, 20)), sized(public, 19), sized(isolated, 28), named("c", sized(isolated, 22)),
			},
			want: `public-1 10.0.32.0/19, private-1 10.0.0.0/24, b-1 10.0.16.0/20, isolated-1 10.0.64.0/28, c-1 10.0.68.0/22
public-2 10.0.160.0/19, private-2 10.0.128.0/24, b-2 10.0.144.0/20, isolated-2 10.0.192.0/28, c-2 10.0.196.0/22`,
			resolved: "Private /24, Unused /24, Unused /23, Unused /22, Unused /21, Private /20, Public /19, Isolated /28, " +
				"Unused /28, Unused /27, Unused /26, Unused /25, Unused /24, Unused /23, Isolated /22",
		},
		{
			name: "legacy aligns a larger subnet of the next type behind a smaller one", strategy: layout.Legacy,
			vpc: "10.0.0.0/16", zones: 2,
			specs: []layout.Spec{
				sized(private, 24), sized(public, 20), named("b", sized(public, 20)), sized(isolated, 19),
			},
			want: `public-1 10.0.16.0/20, b-1 10.0.32.0/20, private-1 10.0.0.0/24, isolated-1 10.0.64.0/19
public-2 10.0.144.0/20, b-2 10.0.160.0/20, private-2 10.0.128.0/24, isolated-2 10.0.192.0/19`,
			resolved: "Private /24, Unused /24, Unused /23, Unused /22, Unused /21, Public /20, Public /20, Unused /20, " +
				"Isolated /19",
		},
		{
			name: "legacy gives a single subnet no more than its type's share", strategy: layout.Legacy, vpc: "10.0.0.0/20", zones: 2,
			specs: []layout.Spec{spec(isolated)}, want: "isolated-1 10.0.0.0/24\nisolated-2 10.0.8.0/24", resolved: "Isolated /24",
		},
		{
			name: "legacy does not align the VPC's block", strategy: layout.Legacy, vpc: "10.0.5.0/16", zones: 2,
			specs: []layout.Spec{spec(public), spec(private)},
			want: `public-1 10.0.37.0/20, private-1 10.0.5.0/19
public-2 10.0.165.0/20, private-2 10.0.133.0/19`,
			resolved: "Private /19, Public /20",
		},
		{
			name: "types may be in any letter case", strategy: layout.Auto, vpc: "10.0.0.0/16", zones: 1,
			specs: []layout.Spec{spec("PRIVATE"), spec("public")},
			want:  "public-1 10.0.128.0/17, private-1 10.0.0.0/17", resolved: "PRIVATE, public",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := layout.Prepare(layout.Request{
				VPC: "net", Strategy: c.strategy, NAT: "None", Zones: zones(c.zones), ZoneMask: c.zoneMask, Specs: c.specs,
			})
			if err != nil {
				t.Fatal(err)
			}
			plan, err := l.Plan(c.vpc)
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(plan, zones(c.zones)); got != c.want {
				t.Errorf("subnets are\n%s\nwant\n%s", got, c.want)
			}
			if got := describeResolved(plan.Resolved); got != c.resolved {
				t.Errorf("the resolved layout is\n%s\nwant\n%s", got, c.resolved)
			}
		})
	}
}

func TestAnInvalidRequestIsRejected(t *testing.T) {
	thirty := 300
	zoneMask := 33
	mask, size := 24, 512
	for _, c := range []struct {
		name     string
		strategy string
		nat      string
		vpc      string
		zones    int
		zoneMask *int
		specs    []layout.Spec
		want     []string
	}{
		{name: "an unknown strategy", strategy: "Even", want: []string{"subnetStrategy", `"Even"`, "Auto, Exact or Legacy"}},
		{name: "an unknown type", specs: []layout.Spec{spec("Hidden")}, want: []string{"subnetSpecs[0]: type", `"Hidden"`}},
		{name: "a mask that is none", specs: []layout.Spec{sized(public, 33)}, want: []string{"subnetSpecs[0]: cidrMask: 33"}},
		{
			name: "a size that is no power of two", specs: []layout.Spec{spec(public), {Type: private, Size: &thirty}},
			want: []string{"subnetSpecs[1]: size", "300", "valid sizes"},
		},
		{
			name: "a mask and a size that differ", specs: []layout.Spec{{Type: public, CIDRMask: &mask, Size: &size}},
			want: []string{"subnetSpecs[0]: size", "512", "/24", "256"},
		},
		{
			name:  "several at once",
			specs: []layout.Spec{spec("Hidden"), sized(public, 40), {Type: private, Size: &thirty}},
			want:  []string{"subnetSpecs[0]", "subnetSpecs[1]", "subnetSpecs[2]"},
		},
		{name: "no specs in the list", specs: []layout.Spec{}, want: []string{"subnetSpecs", "no subnets specified"}},
		{
			name: "subnets larger than a zone", specs: []layout.Spec{sized(public, 18), sized(private, 17)},
			want: []string{"subnets are too large for VPC", "32768 addresses", "49152 addresses"},
		},
		{
			name: "subnets that run into the next zone", specs: []layout.Spec{sized(public, 26), sized(private, 18), sized(isolated, 20)},
			want: []string{"subnets overlap", "net-isolated-1: 10.0.128.0/20", "net-public-2: 10.0.128.0/26"},
		},
		{name: "a VPC too small for the zones", vpc: "10.0.0.0/31", zones: 6, want: []string{"10.0.0.0/31 is too small for 6 availability zones"}},
		{name: "a VPC too small for default subnets", vpc: "10.0.0.0/26", want: []string{"at least /26 available per AZ", "/27"}},
		{
			name: "more subnets than a zone has addresses", vpc: "10.0.0.0/30", specs: []layout.Spec{spec(public), spec(public), spec(public)},
			want: []string{"subnetSpecs[0]", "/31 cannot be divided between 3 subnets"},
		},
		{name: "a zone mask that is none", zoneMask: &zoneMask, want: []string{"availabilityZoneCidrMask: 33"}},
		{name: "a VPC's block that is none", vpc: "ten", want: []string{"cidrBlock", `"ten"`}},
		{
			name: "a gap under Exact", strategy: layout.Exact, specs: []layout.Spec{sized(public, 24), sized(private, 18)},
			want: []string{"gaps in the subnet ranges", "net-public-1 (10.0.0.0/24) <=> net-private-1 (10.0.64.0/18)",
				"net-public-2 (10.0.128.0/24) <=> net-private-2 (10.0.192.0/18)"},
		},
		{
			name: "space left at the end under Exact", strategy: layout.Exact, specs: []layout.Spec{sized(public, 18), sized(private, 19)},
			want: []string{"net-private-2 (ending 10.0.223.254) ends before VPC ends (at 10.0.255.254)"},
		},
		{
			name: "a late start under Exact", strategy: layout.Exact,
			specs: []layout.Spec{blocks(public, "10.0.64.0/18", "10.0.128.0/17")},
			want:  []string{"net-public-1 (10.0.64.0/18) does not start at the beginning of the VPC (10.0.0.0/16)"},
		},
		{name: "Exact without specs", strategy: layout.Exact, want: []string{"gaps in the subnet ranges", "net-private-1"}},
		{
			name: "explicit blocks for some subnets only", specs: []layout.Spec{blocks(public, "10.0.0.0/24", "10.0.1.0/24"), spec(private)},
			want: []string{"subnetSpecs[1]: cidrBlocks", "all subnets must have explicit cidrBlocks"},
		},
		{
			name: "explicit blocks for some zones only", specs: []layout.Spec{blocks(public, "10.0.0.0/24")},
			want: []string{"subnetSpecs[0]: cidrBlocks", "(1)", "number of availability zones (2)"},
		},
		{
			name: "an explicit block that is none", specs: []layout.Spec{blocks(public, "10.0.0.0/24", "10.0.1.0/40")},
			want: []string{"subnetSpecs[0]: cidrBlocks[1]", "/40"},
		},
		{
			name:  "an explicit block of another mask",
			specs: []layout.Spec{{Type: public, CIDRMask: &mask, CIDRBlocks: []string{"10.0.0.0/24", "10.0.1.0/25"}}},
			want:  []string{"subnetSpecs[0]: cidrMask", "10.0.1.0/25"},
		},
		{
			name:  "an explicit block of another size",
			specs: []layout.Spec{{Type: public, Size: &size, CIDRBlocks: []string{"10.0.0.0/23", "10.0.4.0/24"}}},
			want:  []string{"subnetSpecs[0]: size", "10.0.4.0/24"},
		},
		{
			name: "explicit blocks that overlap", specs: []layout.Spec{blocks(public, "10.0.0.0/23", "10.0.1.0/24")},
			want: []string{"subnets overlap", "1. net-public-1: 10.0.0.0/23", "2. net-public-2: 10.0.1.0/24"},
		},
		{
			name: "a NAT gateway without a public subnet", nat: "Single", specs: []layout.Spec{spec(private)},
			want: []string{"natGateways.strategy", "both private and public subnets"},
		},
		{
			name: "a NAT gateway without a private subnet", nat: "OnePerAz", specs: []layout.Spec{spec(public), spec(isolated)},
			want: []string{"natGateways.strategy", "both private and public subnets"},
		},
		{
			name: "legacy subnets that do not fit", strategy: layout.Legacy, vpc: "10.0.0.0/31",
			want: []string{"cidrBlock: no room", "requested 1 new bits"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			request := layout.Request{
				VPC: "net", Strategy: orElse(c.strategy, layout.Auto), NAT: orElse(c.nat, "None"), Zones: zones(max(c.zones, 2)),
				ZoneMask: c.zoneMask, Specs: c.specs,
			}
			l, err := layout.Prepare(request)
			if err == nil {
				_, err = l.Plan(orElse(c.vpc, "10.0.0.0/16"))
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error is\n%s\nwant it to have %q", err, part)
				}
			}
		})
	}
}

func orElse(value, other string) string {
	if value == "" {
		return other
	}
	return value
}

func TestAnOutlineHasTheSubnetsOfThePlanInItsOrder(t *testing.T) {
	for name, specs := range map[string][]layout.Spec{
		"default": nil,
		"specs":   {spec(public), spec(unused), named("db", spec(isolated))},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := layout.Prepare(layout.Request{VPC: "net", Strategy: layout.Exact, NAT: "None", Zones: zones(3), Specs: specs})
			if specs == nil {
				l, err = layout.Prepare(layout.Request{VPC: "net", Strategy: layout.Auto, NAT: "None", Zones: zones(3)})
			}
			if err != nil {
				t.Fatal(err)
			}
			outline, err := l.Outline()
			if err != nil {
				t.Fatal(err)
			}
			plan, err := l.PlanIn("10.0.0.0/16")
			if err != nil {
				t.Fatal(err)
			}
			for i := range plan.Subnets {
				plan.Subnets[i].CIDR = ""
			}
			if !reflect.DeepEqual(outline.Subnets, plan.Subnets) {
				t.Errorf("the outline is\n%v\nwant\n%v", outline.Subnets, plan.Subnets)
			}
			if (outline.Resolved == nil) != (specs == nil) {
				t.Errorf("the outline's resolved layout is %v", outline.Resolved)
			}
		})
	}
}

func TestTheLegacyLayoutHasNoOutline(t *testing.T) {
	l, err := layout.Prepare(layout.Request{VPC: "net", Strategy: layout.Legacy, NAT: "None", Zones: zones(3)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Outline(); err == nil || !strings.Contains(err.Error(), `try subnetStrategy "Auto"`) {
		t.Errorf("the error is %v, want advice to use Auto", err)
	}
}

// FuzzLayout checks that every request returns an error or subnets of the requested sizes that never overlap. They are
// inside the VPC unless the request itself exceeds it: explicit blocks, a zone mask that is too wide, or a single zone,
// whose alignment gaps nothing follows.
func FuzzLayout(f *testing.F) {
	f.Add(uint32(0x0a000000), 16, 3, 0, 1, []byte{0, 24, 1, 20, 2, 24})
	f.Add(uint32(0x0a000000), 16, 3, 18, 1, []byte{})
	f.Add(uint32(0x0a010203), 18, 5, 0, 0, []byte{1, 24, 1, 20, 0, 19, 2, 28})
	f.Add(uint32(0xffff0000), 16, 6, 0, 1, []byte{0, 0, 1, 0, 2, 0, 3, 0, 0, 0})
	f.Add(uint32(0x0a000000), 22, 2, 0, 2, []byte{2, 24, 0, 24})
	f.Add(uint32(0), 0, 1, 32, 1, []byte{0, 32, 0, 31, 0, 30})
	f.Fuzz(func(t *testing.T, address uint32, bits, zoneCount, zoneMask, strategy int, shape []byte) {
		vpc, err := cidr.New(address, bits)
		if err != nil || zoneCount < 0 || zoneCount > 8 || len(shape) > 24 {
			return
		}
		request := layout.Request{VPC: "net", NAT: "None", Zones: zones(zoneCount)}
		request.Strategy = []string{layout.Legacy, layout.Auto, layout.Exact}[uint(strategy)%3]
		if zoneMask != 0 {
			request.ZoneMask = &zoneMask
		}
		for i := 0; i+1 < len(shape); i += 2 {
			s := named(fmt.Sprintf("s%d", i), spec([]string{public, private, isolated, unused}[shape[i]%4]))
			if mask := int(shape[i+1]); mask != 0 {
				s.CIDRMask = &mask
			}
			request.Specs = append(request.Specs, s)
		}
		l, err := layout.Prepare(request)
		if err != nil {
			return
		}
		plan, err := l.Plan(vpc.String())
		if err != nil {
			return
		}
		checkPlan(t, request, vpc, plan)
	})
}

func checkPlan(t *testing.T, request layout.Request, vpc cidr.Block, plan layout.Plan) {
	t.Helper()
	parsed := make([]cidr.Block, len(plan.Subnets))
	for i, s := range plan.Subnets {
		var err error
		if parsed[i], err = cidr.Parse(s.CIDR); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		for j := range i {
			if parsed[i].Overlaps(parsed[j]) {
				t.Fatalf("%s %s overlaps %s %s", s.Name, s.CIDR, plan.Subnets[j].Name, plan.Subnets[j].CIDR)
			}
		}
		if s.Spec >= 0 && request.Specs[s.Spec].CIDRMask != nil && parsed[i].Bits() != *request.Specs[s.Spec].CIDRMask {
			t.Fatalf("%s is %s, want a /%d", s.Name, s.CIDR, *request.Specs[s.Spec].CIDRMask)
		}
		guarded := request.Strategy != layout.Legacy && request.ZoneMask == nil && len(request.Zones) > 1
		if guarded && (!vpc.Contains(parsed[i].First()) || !vpc.Contains(parsed[i].Last())) {
			t.Fatalf("%s %s is not inside %s", s.Name, s.CIDR, vpc)
		}
	}
}

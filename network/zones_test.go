package network

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/didomi/serverless-api/internal/mocks"
)

// virginia are the zones of an account in us-east-1 whose third is the one without RDS Proxy.
var virginia = []zone{
	{"us-east-1a", "use1-az6"}, {"us-east-1b", "use1-az1"}, {"us-east-1c", "use1-az3"}, {"us-east-1d", "use1-az4"},
	{"us-east-1e", "use1-az5"},
}

func TestZonesAreTheFirstSupportedOnesUnlessNamedAndNeverMove(t *testing.T) {
	for name, c := range map[string]struct {
		zones           int
		named, deployed []string
		want, rejected  string
	}{
		"the first ones by name, but for the one without RDS Proxy": {zones: 3, want: "us-east-1a us-east-1b us-east-1d"},
		"the ones that are named":                                   {zones: 2, named: []string{"us-east-1d", "us-east-1b"}, want: "us-east-1d us-east-1b"},
		"the ones whose ids are named":                              {zones: 2, named: []string{"use1-az5", "use1-az6"}, want: "us-east-1e us-east-1a"},
		"deployed zones stay, whatever the order in AWS": {
			zones: 2, deployed: []string{"us-east-1d", "us-east-1b"}, want: "us-east-1d us-east-1b",
		},
		"a deployed zone that would not be chosen any more": {
			zones: 3, deployed: []string{"us-east-1a", "us-east-1c"}, want: "us-east-1a us-east-1c us-east-1b",
		},
		"a deployed zone that AWS does not list": {zones: 2, deployed: []string{"us-east-1x", "us-east-1a"}, want: "us-east-1x us-east-1a"},
		"one more, behind those that are deployed": {
			zones: 3, deployed: []string{"us-east-1b", "us-east-1d"}, want: "us-east-1b us-east-1d us-east-1a",
		},
		"what an interrupted update has left, each in its place": {
			zones: 3, deployed: []string{"", "us-east-1b"}, want: "us-east-1a us-east-1b us-east-1d",
		},
		"one more by name, wherever the list has it": {
			zones: 3, named: []string{"us-east-1a", "us-east-1e", "us-east-1b"}, deployed: []string{"us-east-1b", "us-east-1a"},
			want: "us-east-1b us-east-1a us-east-1e",
		},
		"fewer than are deployed": {
			zones: 2, deployed: []string{"us-east-1a", "us-east-1b", "us-east-1d"},
			rejected: "zones is 2; must be at least 3: the stack has subnets in us-east-1a, us-east-1b, us-east-1d, which databases may be in. Destroy the stack to have fewer",
		},
		"others than are deployed": {
			zones: 2, named: []string{"us-east-1a", "us-east-1d"}, deployed: []string{"us-east-1a", "us-east-1b"},
			rejected: `zoneNames is us-east-1a, us-east-1d; must be a list with us-east-1b: the stack has subnets there, which cannot move. Destroy the stack to leave the zone`,
		},
		"more than serve": {
			zones:    5,
			rejected: "zones is 5; must be at most 4: the region has us-east-1a, us-east-1b, us-east-1d, us-east-1e",
		},
		"a zone of another region": {
			zones: 2, named: []string{"us-east-1a", "eu-west-1a"},
			rejected: "zoneNames is eu-west-1a; must be an availability zone of the region: us-east-1a (use1-az6), us-east-1b (use1-az1), " +
				"us-east-1c (use1-az3), us-east-1d (use1-az4), us-east-1e (use1-az5)",
		},
		"the zone without RDS Proxy": {
			zones: 2, named: []string{"us-east-1a", "us-east-1c"},
			rejected: "zoneNames is us-east-1c; must be a zone that RDS Proxy serves, which use1-az3 is not",
		},
		"a zone by name and by id": {
			zones: 2, named: []string{"us-east-1a", "use1-az6"}, rejected: "zoneNames is use1-az6; must be a list with each zone once: this is us-east-1a again",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, problem := Config{Zones: c.zones, ZoneNames: c.named}.choose(virginia, c.deployed)
			if strings.Join(got, " ") != c.want || (problem == nil) != (c.rejected == "") {
				t.Fatalf("got %v, %v, want %s %s", got, problem, c.want, c.rejected)
			}
			if problem != nil && problem.String() != c.rejected {
				t.Errorf("rejected by\n%s\nwant\n%s", problem, c.rejected)
			}
		})
	}
}

func TestZonesAreReadFromAWS(t *testing.T) {
	var filters []any
	m := mocks.Mocks{Calls: map[string]func(map[string]any) map[string]any{
		"aws:index/getAvailabilityZones:getAvailabilityZones": func(args map[string]any) map[string]any {
			filters = args["filters"].([]any)
			return map[string]any{"id": "r", "names": []any{"eu-west-1b", "eu-west-1c", "eu-west-1a"}, "zoneIds": []any{"euw1-az1", "euw1-az2", "euw1-az3"}}
		},
		"aws:ec2/getSubnets:getSubnets": func(args map[string]any) map[string]any {
			names := args["filters"].([]any)[0].(map[string]any)["values"].([]any)
			if want := []any{"net-vpc-private-1", "net-vpc-private-2", "net-vpc-private-3", "net-vpc-private-4"}; !slices.Equal(names, want) {
				t.Errorf("looked up %v, want %v", names, want)
			}
			return map[string]any{"id": "r", "ids": []any{"2", "1"}}
		},
		"aws:ec2/getSubnet:getSubnet": func(args map[string]any) map[string]any {
			id := args["id"].(string)
			zone := map[string]string{"1": "eu-west-1c", "2": "eu-west-1b"}[id]
			return map[string]any{"id": id, "availabilityZone": zone, "tags": map[string]any{"Name": "net-vpc-private-" + id}}
		},
	}}
	m.Run(t, func(ctx *pulumi.Context) error {
		got, err := Zones(ctx, "net", Config{Zones: 3})
		if want := []string{"eu-west-1c", "eu-west-1b", "eu-west-1a"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		return err
	})
	m.Calls["aws:ec2/getSubnets:getSubnets"] = func(map[string]any) map[string]any {
		return map[string]any{"id": "r", "ids": []any{"2"}}
	}
	m.Run(t, func(ctx *pulumi.Context) error {
		got, err := deployedZones(ctx, "net", nil)
		if want := []string{"", "eu-west-1b"}; !slices.Equal(got, want) {
			t.Errorf("the first subnet is not there: got %q, want %q", got, want)
		}
		return err
	})
	for i, want := range [][2]string{{"opt-in-status", "opt-in-not-required"}, {"zone-type", "availability-zone"}} {
		filter := filters[i].(map[string]any)
		if filter["name"] != want[0] || !slices.Equal(filter["values"].([]any), []any{want[1]}) {
			t.Errorf("filter %d is %v, want %v", i, filter, want)
		}
	}
}

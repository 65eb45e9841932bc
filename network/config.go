package network

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"

	"github.com/didomi/serverless-api/internal/config"
)

// NAT is how private subnets reach the internet.
type NAT string

// The NAT modes. The functions need none: what they call has endpoints.
const (
	NATNone   NAT = "none"
	NATSingle NAT = "single"
	NATPerAZ  NAT = "perAz"
)

// Config is the component's section of the stack's configuration, under the key "network".
type Config struct {
	// CIDR is the VPC's IPv4 network, private and between /16 and /22.
	CIDR string `json:"cidr"`
	// Zones is the number of availability zones, 2 to 4; the region must have as many. It can grow.
	Zones int `json:"zones"`
	// ZoneNames are the zones, by name or id, as many as Zones; none: the first ones by name.
	ZoneNames []string `json:"zoneNames"`
	// NAT is none, single (one gateway for all zones) or perAz.
	NAT NAT `json:"nat"`
	// FlowLogDays is how long flow logs are kept, in days.
	FlowLogDays int `json:"flowLogDays"`
}

// Default is the configuration of a stack that sets nothing about its network.
func Default() Config {
	return Config{CIDR: "172.16.0.0/16", Zones: 3, NAT: NATNone, FlowLogDays: 30}
}

// A VPC may be /16 to /28 on AWS. Below /22 the isolated subnets would be smaller than /27, and a
// proxy requires ten free addresses in each, in addition to those of cluster and cache.
const (
	widestCIDR    = 16
	narrowestCIDR = 22
)

var privateNetworks = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
}

// Validate lists the values from which no network can be created.
func (c Config) Validate() []config.FieldError {
	problems := cidrProblems(c.CIDR)
	problems = append(problems, config.Between("zones", c.Zones, 2, mostZones)...)
	problems = append(problems, c.zoneNameProblems()...)
	problems = append(problems, config.OneOf("nat", c.NAT, NATNone, NATSingle, NATPerAZ)...)
	return append(problems, config.LogRetention("flowLogDays", c.FlowLogDays)...)
}

// mostZones is how many zones' subnets the VPC's range has space for.
const mostZones = 4

// zoneName is a zone's name (eu-west-1a) or its id (euw1-az1), and no Local Zone's (us-west-2-lax-1a).
var zoneName = regexp.MustCompile(`^([a-z]{2}(-[a-z]+)+-\d[a-z]|[a-z]+\d-az\d)$`)

func (c Config) zoneNameProblems() []config.FieldError {
	var problems []config.FieldError
	for _, name := range c.ZoneNames {
		if !zoneName.MatchString(name) {
			problems = append(problems, config.FieldError{
				Key: "zoneNames", Value: config.Quote(name), MustBe: `a list of names or ids of availability zones, such as "eu-west-1a" or "euw1-az1"`,
			})
		}
	}
	if len(c.ZoneNames) > 0 && len(c.ZoneNames) != c.Zones {
		problems = append(problems, config.FieldError{
			Key: "zones", Value: strconv.Itoa(c.Zones), MustBe: fmt.Sprintf("%d, as many as zoneNames has", len(c.ZoneNames)),
		})
	}
	return problems
}

func cidrProblems(cidr string) []config.FieldError {
	problem := func(want string) []config.FieldError {
		return []config.FieldError{{Key: "cidr", Value: config.Quote(cidr), MustBe: want}}
	}
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil || !prefix.Addr().Is4() {
		return problem(`an IPv4 network such as "172.16.0.0/16"`)
	}
	if prefix.Masked() != prefix {
		return problem(`a network's first address, which is "` + prefix.Masked().String() + `"`)
	}
	if prefix.Bits() < widestCIDR || prefix.Bits() > narrowestCIDR {
		return problem("a network with a prefix from /16 to /22")
	}
	for _, private := range privateNetworks {
		if private.Overlaps(prefix) {
			return nil
		}
	}
	return problem("a private network, inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
}

package network

import (
	"testing"
)

func TestTheDefaultsAreValid(t *testing.T) {
	if problems := Default().Validate(); problems != nil {
		t.Errorf("got %v", problems)
	}
}

func TestErrorsNameTheWrongValueAndTheAllowedOnes(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no network": {
			func(c *Config) { c.CIDR = "" },
			`cidr is not set; must be an IPv4 network such as "172.16.0.0/16"`,
		},
		"an address inside the network": {
			func(c *Config) { c.CIDR = "172.16.5.0/16" },
			`cidr is "172.16.5.0/16"; must be a network's first address, which is "172.16.0.0/16"`,
		},
		"a network too small for the tiers": {
			func(c *Config) { c.CIDR = "10.0.0.0/23" },
			`cidr is "10.0.0.0/23"; must be a network with a prefix from /16 to /22`,
		},
		"more zones than a region has": {
			func(c *Config) { c.Zones = 7 },
			`zones is 7; must be an integer from 2 to 4`,
		},
		"a Local Zone by name": {
			func(c *Config) { c.Zones, c.ZoneNames = 2, []string{"us-west-2-lax-1a", "usw2-az1"} },
			`zoneNames is "us-west-2-lax-1a"; must be a list of names or ids of availability zones, such as "eu-west-1a" or "euw1-az1"`,
		},
		"fewer names than zones": {
			func(c *Config) { c.ZoneNames = []string{"eu-west-1a", "eu-west-1b"} },
			`zones is 3; must be 2, as many as zoneNames has`,
		},
		"a NAT mode that does not exist": {
			func(c *Config) { c.NAT = "OnePerAz" },
			`nat is "OnePerAz"; must be one of none, single, perAz`,
		},
		"no NAT mode": {
			func(c *Config) { c.NAT = "" },
			`nat is not set; must be one of none, single, perAz`,
		},
		"a retention that CloudWatch does not have": {
			func(c *Config) { c.FlowLogDays = 31 },
			`flowLogDays is 31; must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			config := Default()
			c.change(&config)
			problems := config.Validate()
			if len(problems) != 1 || problems[0].String() != c.want {
				t.Errorf("got %v\nwant [%s]", problems, c.want)
			}
		})
	}
}

func TestPrivateNetworksAreAccepted(t *testing.T) {
	for _, cidr := range []string{"10.0.0.0/16", "172.31.252.0/22", "192.168.0.0/16", "192.168.252.0/22"} {
		t.Run(cidr, func(t *testing.T) {
			config := Default()
			config.CIDR = cidr
			if problems := config.Validate(); problems != nil {
				t.Errorf("got %v", problems)
			}
		})
	}
}

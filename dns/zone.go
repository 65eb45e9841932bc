package dns

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

type zone struct {
	id          pulumi.StringOutput
	nameServers pulumi.StringArrayOutput
}

func findOrCreateZone(ctx *pulumi.Context, name string, c Config, parent pulumi.Resource) (zone, error) {
	if c.ZoneID != "" {
		return findZone(ctx, c, parent)
	}
	z, err := route53.NewZone(ctx, name+"-zone", &route53.ZoneArgs{
		Name:    pulumi.String(c.Domain),
		Comment: pulumi.String("Names of the API"),
		// Records that this program did not make stop the deletion of the zone.
		ForceDestroy: pulumi.Bool(false),
	}, pulumi.Parent(parent), pulumi.Protect(c.Protect))
	if err != nil {
		return zone{}, fmt.Errorf("dns: hosted zone of %s: %w", c.Domain, err)
	}
	return zone{id: z.ZoneId, nameServers: z.NameServers}, nil
}

// findZone looks the existing zone up and refuses one that cannot hold the domain: its records would
// be refused one by one, and late.
func findZone(ctx *pulumi.Context, c Config, parent pulumi.Resource) (zone, error) {
	found, err := route53.LookupZone(ctx, &route53.LookupZoneArgs{ZoneId: &c.ZoneID}, pulumi.Parent(parent))
	if err != nil {
		return zone{}, fmt.Errorf("dns: didomi:dns.zoneId %q: no such hosted zone in this account: %w", c.ZoneID, err)
	}
	apex := strings.TrimSuffix(found.Name, ".")
	if c.Domain != apex && !strings.HasSuffix(c.Domain, "."+apex) {
		return zone{}, fmt.Errorf("dns: didomi:dns.zoneId %q is the zone of %s, which cannot hold didomi:dns.domain %q",
			c.ZoneID, apex, c.Domain)
	}
	return zone{
		id:          pulumi.String(found.ZoneId).ToStringOutput(),
		nameServers: pulumi.ToStringArray(found.NameServers).ToStringArrayOutput(),
	}, nil
}

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

// findOrCreateZone creates a zone of the host name alone: a zone of the whole domain would exist once a stack,
// of which the parent can delegate to one only, and would hide the domain's other names.
func findOrCreateZone(ctx *pulumi.Context, name string, c Config, host string, parent pulumi.Resource) (zone, error) {
	if c.ZoneID != "" {
		return findZone(ctx, c, host, parent)
	}
	z, err := route53.NewZone(ctx, name+"-zone", &route53.ZoneArgs{
		Name:    pulumi.String(host),
		Comment: pulumi.String("Names of the API"),
		// Records that this program did not create prevent the deletion of the zone.
		ForceDestroy: pulumi.Bool(false),
		// The deploy role cannot delete zones, since an IAM policy cannot select the stack's among them. A retained zone
		// also keeps others from taking over the delegated name with a zone of the same name servers.
	}, pulumi.Parent(parent), pulumi.Protect(c.Protect), pulumi.RetainOnDelete(true))
	if err != nil {
		return zone{}, fmt.Errorf("dns: hosted zone of %s: %w", host, err)
	}
	return zone{id: z.ZoneId, nameServers: z.NameServers}, nil
}

// findZone looks the existing zone up and rejects, in the preview, one that cannot hold the host name. In
// another domain's zone the records would be rejected one by one, and late. A private zone resolves only in
// the VPCs that it is associated with: ACM would never issue the certificate, and the update would fail only
// after issueTimeout.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func findZone(ctx *pulumi.Context, c Config, host string, parent pulumi.Resource) (zone, error) {
	found, err := route53.LookupZone(ctx, &route53.LookupZoneArgs{ZoneId: &c.ZoneID}, pulumi.Parent(parent))
	if err != nil {
		// The provider lists the records of a private zone too, which the preview role may not.
		return zone{}, fmt.Errorf("dns: %s:dns.zoneId %q must be the id of a public hosted zone of this account: look it up: %w", ctx.Project(), c.ZoneID, err)
	}
	apex := strings.TrimSuffix(found.Name, ".")
	if host != apex && !strings.HasSuffix(host, "."+apex) {
		return zone{}, fmt.Errorf("dns: %[1]s:dns.zoneId %[2]q is the zone of %[3]s, which cannot hold %[4]s, the stack's name before %[1]s:dns.domain",
			ctx.Project(), c.ZoneID, apex, host)
	}
	if found.PrivateZone != nil && *found.PrivateZone {
		return zone{}, fmt.Errorf("dns: %s:dns.zoneId %q is a private hosted zone of %s; must be a public one, or empty to create one: "+
			"ACM and clients resolve %s in public DNS", ctx.Project(), c.ZoneID, apex, host)
	}
	return zone{
		id:          pulumi.String(found.ZoneId).ToStringOutput(),
		nameServers: pulumi.ToStringArray(found.NameServers).ToStringArrayOutput(),
	}, nil
}

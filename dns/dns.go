package dns

import (
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Token is the component's type in a project.
func Token(project string) string { return project + ":dns:DNS" }

// Args are the component's inputs.
type Args struct {
	Config Config
	// Stage is the first label of the host name.
	Stage string
}

// DNS is the zone and, once delegated, the host name's certificate.
type DNS struct {
	pulumi.ResourceState

	// ZoneID is the hosted zone that holds the host name.
	ZoneID pulumi.StringOutput `pulumi:"zoneId"`
	// NameServers are the zone's: what the parent delegates to.
	NameServers pulumi.StringArrayOutput `pulumi:"nameServers"`
	// CertificateARN is the issued certificate; empty while not delegated.
	CertificateARN pulumi.StringOutput `pulumi:"certificateArn"`

	// HostName is {stage}.{domain}.
	HostName string
	// Delegated is whether there is a certificate.
	Delegated bool
}

// New creates the component: the zone, or a look-up of the existing one, and the certificate when the zone is
// delegated. It rejects an invalid Config before it registers anything.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*DNS, error) {
	if err := config.Check("dns", args.Config); err != nil {
		return nil, err
	}
	c := &DNS{HostName: args.Stage + "." + args.Config.Domain, Delegated: args.Config.Delegated}
	if err := ctx.RegisterComponentResource(Token(ctx.Project()), name, c, opts...); err != nil {
		return nil, fmt.Errorf("dns: %w", err)
	}
	z, err := findOrCreateZone(ctx, name, args.Config, c.HostName, c)
	if err != nil {
		return nil, err
	}
	c.ZoneID, c.NameServers = z.id, z.nameServers
	c.CertificateARN = pulumi.String("").ToStringOutput()
	if c.Delegated {
		if c.CertificateARN, err = newCertificate(ctx, name, c); err != nil {
			return nil, err
		}
	} else {
		logDelegation(ctx, c)
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"zoneId": c.ZoneID, "nameServers": c.NameServers, "certificateArn": c.CertificateARN,
	})
}

// logDelegation prints what to do next, as soon as the name servers are known.
func logDelegation(ctx *pulumi.Context, c *DNS) {
	c.NameServers.ApplyT(func(servers []string) error {
		return ctx.Log.Info(fmt.Sprintf(
			"%s is not delegated yet. Set these NS records where %s is looked after, unless it leads there already, then set delegated: true under %s:dns: %s",
			c.HostName, c.HostName, ctx.Project(), strings.Join(servers, ", ")), &pulumi.LogArgs{Resource: c})
	})
}

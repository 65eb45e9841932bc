package preflight

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// delegation checks that the stack's zone is delegated where a certificate is to be validated in it: without that the
// update waits for a certificate that is never issued.
func delegation(ctx context.Context, _ *account, g *graph.Graph) ([]Finding, error) {
	if created("aws:acm/certificateValidation:CertificateValidation")(g)[everywhere] == 0 {
		return nil, nil
	}
	for _, zone := range g.ByType(types.Zone) {
		if zone.Op != "delete" {
			return delegated(ctx, zone, net.DefaultResolver.LookupNS)
		}
	}
	return nil, errors.New("the zone is not the stack's own, so the preview does not contain its name servers: make sure that the registrar has them")
}

func delegated(ctx context.Context, zone *graph.Resource, lookup func(context.Context, string) ([]*net.NS, error)) ([]Finding, error) {
	name, servers := zone.Text("name"), zone.Texts("nameServers")
	const first = "set <project>:dns delegated to false, update, set the name servers of the output nameServers in the parent's zone, and set it to true once they resolve (README, Deploy for real)"
	if zone.Op == "create" || len(servers) == 0 {
		return []Finding{{What: "the zone " + name + " does not exist yet, so no parent delegates to it, and its certificate would not be issued", Do: first}}, nil
	}
	found, err := lookup(ctx, name)
	var failure *net.DNSError
	switch {
	case errors.As(err, &failure) && failure.IsNotFound:
		return []Finding{{What: "no name servers are found for " + name, Do: first}}, nil
	case err != nil:
		return nil, fmt.Errorf("look up the name servers of %s: %w", name, err)
	}
	for _, server := range found {
		if slices.Contains(servers, strings.TrimSuffix(strings.ToLower(server.Host), ".")) {
			return nil, nil
		}
	}
	return []Finding{{
		What: fmt.Sprintf("%s is delegated to %s, and the zone is served by %s", name, found[0].Host, strings.Join(servers, ", ")),
		Do:   "set the zone's name servers in the parent's zone",
	}}, nil
}

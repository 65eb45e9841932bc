package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// The emulator decides most calls as IAM does. For some it does not know which resource is meant, or
// leaves a condition key out, and refuses what a policy that names both allows. Such a refusal of a
// role is decided again here, by the role's own policies and boundary, with what the call really
// names; only where IAM would allow it is the call made, as the administrator.

// refusal is what the emulator says to a role: who may not do what. It names a resource only where a right
// other than the call's own is missing (ministack/observe.py), and that is decided.
var refusalPattern = regexp.MustCompile(`User: (arn:aws:sts::\d+:assumed-role/([^/]+)/\S+) is not authorized to perform: ([a-z0-9-]+):(\w+)( on resource)?`)

// reconsider decides a refused call again, and makes it where the role's policies allow it.
func (x *exchange) reconsider() error {
	if !x.bodyRead || !x.denied() {
		return nil
	}
	match := refusalPattern.FindSubmatch(x.answer)
	if match == nil || len(match[5]) > 0 {
		return nil
	}
	who, role, service, action := string(match[1]), string(match[2]), string(match[3]), string(match[4])
	endpoint, ok := x.g.services[service]
	if !ok || endpoint.resources == nil {
		return nil
	}
	ctx := x.r.Context()
	resources, err := endpoint.resources(ctx, action, x)
	if err != nil || len(resources) == 0 {
		return err
	}
	policies, err := x.g.rolePolicies(ctx, role)
	if err != nil {
		return err
	}
	for _, resource := range resources {
		keys := map[string][]string{"aws:principalarn": {"arn:aws:iam::" + x.g.config.AccountID + ":role/" + role}}
		maps.Copy(keys, resource.Keys)
		if !policies.Allows(service+":"+action, iampolicy.Resource{ARN: resource.ARN, Keys: keys}) {
			x.g.log.Info("refused as IAM would", "role", role, "action", service+":"+action, "resource", resource.ARN, "keys", resource.Keys)
			return nil
		}
	}
	if err := x.g.recordAllowed(who, service+":"+action, resources); err != nil {
		return err
	}
	return x.asAdministrator(ctx, service)
}

// recordAllowed adds what was decided here to the emulator's record of its own decisions, in its form.
func (g *Gateway) recordAllowed(who, action string, resources []iampolicy.Resource) error {
	for _, resource := range resources {
		line, err := json.Marshal(map[string]any{"principal": who, "action": action, "resource": resource.ARN, "allowed": true})
		if err != nil {
			return fmt.Errorf("record what was allowed: %w", err)
		}
		if _, err := g.config.Calls.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("record what was allowed: %w", err)
		}
	}
	return nil
}

// asAdministrator makes the call again with the administrator's signature.
func (x *exchange) asAdministrator(ctx context.Context, service string) error {
	header := http.Header{}
	for _, key := range []string{"Content-Type", "X-Amz-Target"} {
		if value := x.r.Header.Get(key); value != "" {
			header.Set(key, value)
		}
	}
	x.header.Del("X-Amzn-Errortype") // the refusal's
	answer, err := x.g.admin.do(ctx, service, x.r.Method, x.r.URL.RequestURI(), header, x.body)
	var refused *callError
	if errors.As(err, &refused) {
		x.status, x.answer = refused.Status, []byte(refused.Body)
		return nil
	}
	if err != nil {
		return err
	}
	x.status, x.answer = http.StatusOK, answer
	return nil
}

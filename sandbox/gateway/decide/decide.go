// Package decide decides calls again that the emulator has refused a role.
package decide

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// The emulator decides most calls as IAM does. For some it does not know which resource is meant, or
// leaves a condition key out, and refuses what a policy that names both allows. Such a refusal of a
// role is decided again here, by the role's own policies and boundary, with what the call really
// names; only where IAM would allow it is the call made, as the administrator.

// refusal is what the emulator says to a role: who may not do what. It names a resource only where a right
// other than the call's own is missing (ministack/observe.py), and that is decided.
var denialPattern = regexp.MustCompile(`User: (arn:aws:sts::\d+:assumed-role/([^/]+)/\S+) is not authorized to perform: ([a-z0-9-]+):(\w+)( on resource)?`)

// decider decides by what the services say that a call names.
type decider struct {
	services map[string]*call.Server
	record   io.Writer
}

// New returns what decides a refused call again. What it allows it writes to the emulator's record of its own
// decisions, as a JSON line a resource.
func New(services map[string]*call.Server, record io.Writer) func(x *call.Exchange) error {
	return (&decider{services, record}).reconsider
}

// reconsider decides a refused call again, and makes it where the role's policies allow it.
func (d *decider) reconsider(x *call.Exchange) error {
	if !x.BodyRead || !x.Denied() {
		return nil
	}
	match := denialPattern.FindSubmatch(x.Response)
	if match == nil || len(match[5]) > 0 {
		return nil
	}
	who, role, service, action := string(match[1]), string(match[2]), string(match[3]), string(match[4])
	endpoint, ok := d.services[service]
	if !ok || endpoint.Resources == nil {
		return nil
	}
	ctx := x.Request.Context()
	resources, err := endpoint.Resources(ctx, action, x)
	if err != nil || len(resources) == 0 {
		return err
	}
	policies, err := x.Emulator.RolePolicies(ctx, role)
	if err != nil {
		return err
	}
	for _, resource := range resources {
		keys := map[string][]string{"aws:principalarn": {"arn:aws:iam::" + x.AccountID + ":role/" + role}}
		maps.Copy(keys, resource.Keys)
		if !policies.Allows(service+":"+action, iampolicy.Resource{ARN: resource.ARN, Keys: keys}) {
			x.Log.Info("refused as IAM would", "role", role, "action", service+":"+action, "resource", resource.ARN, "keys", resource.Keys)
			return nil
		}
	}
	if err := d.logAllowed(who, service+":"+action, resources); err != nil {
		return err
	}
	return asAdministrator(ctx, x, service)
}

// recordAllowed adds what was decided here to the emulator's record of its own decisions, in its form.
func (d *decider) logAllowed(who, action string, resources []iampolicy.Resource) error {
	for _, resource := range resources {
		line, err := json.Marshal(map[string]any{"principal": who, "action": action, "resource": resource.ARN, "allowed": true})
		if err != nil {
			return fmt.Errorf("record what was allowed: %w", err)
		}
		if _, err := d.record.Write(append(line, '\n')); err != nil {
			return fmt.Errorf("record what was allowed: %w", err)
		}
	}
	return nil
}

// asAdministrator makes the call again with the administrator's signature.
func asAdministrator(ctx context.Context, x *call.Exchange, service string) error {
	header := http.Header{}
	for _, key := range []string{"Content-Type", "X-Amz-Target"} {
		if value := x.Request.Header.Get(key); value != "" {
			header.Set(key, value)
		}
	}
	x.Header.Del("X-Amzn-Errortype") // the refusal's
	response, err := x.Emulator.Do(ctx, service, x.Request.Method, x.Request.URL.RequestURI(), header, x.Body)
	var refused *emulator.Error
	if errors.As(err, &refused) {
		x.Status, x.Response = refused.Status, []byte(refused.Body)
		return nil
	}
	if err != nil {
		return err
	}
	x.Status, x.Response = http.StatusOK, response
	return nil
}

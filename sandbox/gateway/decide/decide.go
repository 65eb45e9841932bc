// Package decide evaluates permissions again where the emulator has denied a role access.
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

// The emulator evaluates most calls as IAM does. For some it does not identify the resource or omits a condition key,
// and denies what a policy that names both allows. This package evaluates such a denial again, with the role's
// policies and boundary and with the call's resources and condition keys. If IAM would allow the call, the gateway
// makes it as the administrator.

// denialPattern matches the emulator's error message for a role. The message names a resource only where a permission
// other than the call's own is missing (ministack/authorize.py); that denial is final.
var denialPattern = regexp.MustCompile(`User: (arn:aws:sts::\d+:assumed-role/([^/]+)/\S+) is not authorized to perform: ([a-z0-9-]+):(\w+)( on resource)?`)

// decider evaluates calls with the resources that services return for them.
type decider struct {
	services map[string]*call.Server
	record   io.Writer
}

// New returns a function that evaluates a denied call again. If it allows the call, it writes a line of JSON per
// resource to record, the emulator's log of its own decisions.
func New(services map[string]*call.Server, record io.Writer) func(x *call.Exchange) error {
	return (&decider{services, record}).reconsider
}

// reconsider makes a denied call if the role's policies allow it.
func (d *decider) reconsider(x *call.Exchange) error {
	if !x.BodyRead || !x.Denied() {
		return nil
	}
	match := denialPattern.FindSubmatch(x.Response)
	if match == nil || len(match[5]) > 0 {
		return nil
	}
	principal, role, service, action := string(match[1]), string(match[2]), string(match[3]), string(match[4])
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
			x.Log.Info("denied, as IAM would", "role", role, "action", service+":"+action, "resource", resource.ARN, "keys", resource.Keys)
			return nil
		}
	}
	if err := d.logAllowed(principal, service+":"+action, resources); err != nil {
		return err
	}
	return asAdministrator(ctx, x, service)
}

func (d *decider) logAllowed(principal, action string, resources []iampolicy.Resource) error {
	for _, resource := range resources {
		allowed := Decision{Action: action, Allowed: true, Principal: principal, Resource: resource.ARN}
		if err := allowed.Record(d.record); err != nil {
			return err
		}
	}
	return nil
}

// Decision is a line of the log of authorizations, in the format of the emulator's.
type Decision struct {
	Action    string `json:"action"`
	Allowed   bool   `json:"allowed"`
	Principal string `json:"principal"`
	Resource  string `json:"resource"`
}

// Record writes the decision to the log.
func (d Decision) Record(log io.Writer) error {
	line, err := json.Marshal(d)
	if err == nil {
		_, err = log.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("log the decision: %w", err)
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
	x.Header.Del("X-Amzn-Errortype") // of the denial
	response, err := x.Emulator.Do(ctx, service, x.Request.Method, x.Request.URL.RequestURI(), header, x.Body)
	var apiErr *emulator.Error
	if errors.As(err, &apiErr) {
		x.Status, x.Response = apiErr.Status, []byte(apiErr.Body)
		return nil
	}
	if err != nil {
		return err
	}
	x.Status, x.Response = http.StatusOK, response
	return nil
}

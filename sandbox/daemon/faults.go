package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/ops/project"
	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/faults"
	gatewaycall "github.com/didomi/serverless-api/sandbox/gateway/call"
)

// stackOf returns the stack whose API function holds the other end of a connection, or "". The function's tag tells it.
// The functions that deployments and rotations invoke have other handlers.
func (a *account) stackOf(conn net.Conn) string {
	if a.host == nil {
		return "" // it is created last
	}
	function, ok := a.host.Owner(conn)
	if !ok || function.Handler != contract.HandlerAPI {
		return ""
	}
	_, stack, _ := strings.Cut(function.Tags[stacktag.Key], "/")
	return stack
}

// faultyPart is the part of a stack that a request to the AWS endpoint is for, or "".
func faultyPart(r *http.Request) string {
	return map[string]string{"s3": faults.Files, "secretsmanager": faults.Secrets}[gatewaycall.SigningName(r)]
}

// setFault starts or ends a fault.
func (s *server) setFault(w http.ResponseWriter, r *http.Request) {
	var spec faults.Spec
	err := json.NewDecoder(r.Body).Decode(&spec)
	if err == nil {
		err = s.fail(r.Context(), spec)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *server) fail(ctx context.Context, spec faults.Spec) error {
	name, err := project.Name(s.layout.Repo)
	if err != nil {
		return err
	}
	prefix := name + "-" + spec.Stack + "-data-" // of the names that the component data gives
	ofStack := func(resource string) bool { return strings.HasPrefix(resource, prefix) }
	deployed := slices.ContainsFunc(s.account.plane.Databases(), func(d dataplane.Database) bool { return ofStack(d.Cluster) })
	if !deployed && spec.How != faults.OK {
		return fmt.Errorf("STACK=%s is not deployed in this sandbox: make up STACK=%[1]s deploys it", spec.Stack)
	}
	if spec.How == faults.Failover {
		if spec, err = spec.Normalize(); err != nil {
			return err
		}
		return s.account.plane.FailOverCaches(ctx, ofStack)
	}
	var hold func() (func(), error)
	if spec.How == faults.Locked {
		hold = func() (func(), error) { return s.account.plane.LockTables(ctx, ofStack) }
	}
	return s.account.faults.Set(spec, hold)
}

package gateway

import (
	"context"
	"io"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/cloudwatch"
	"github.com/didomi/serverless-api/sandbox/gateway/decide"
	"github.com/didomi/serverless-api/sandbox/gateway/elasticache"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/logs"
	"github.com/didomi/serverless-api/sandbox/gateway/rds"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
	"github.com/didomi/serverless-api/sandbox/metrics"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

var (
	_ restapi.Store     = (*Gateway)(nil)
	_ lambdahost.Source = (*Gateway)(nil)
	_ metrics.Account   = (*Gateway)(nil)
)

// Stage implements restapi.Store.
func (g *Gateway) Stage(ctx context.Context, apiID, stage string) (restapi.Stage, error) {
	return g.apis.Stage(ctx, apiID, stage)
}

// Domain implements restapi.Store.
func (g *Gateway) Domain(ctx context.Context, host string) (restapi.Domain, error) {
	return g.apis.Domain(ctx, host)
}

// Keys implements restapi.Store.
func (g *Gateway) Keys(ctx context.Context, apiID, stage string) ([]restapi.Key, error) {
	return g.apis.Keys(ctx, apiID, stage)
}

// FunctionPolicy implements restapi.Store.
func (g *Gateway) FunctionPolicy(ctx context.Context, functionARN string) (string, error) {
	return g.functions.FunctionPolicy(ctx, functionARN)
}

// Principal implements restapi.Store.
func (g *Gateway) Principal(ctx context.Context, accessKeyID string) (restapi.Principal, error) {
	return g.apis.Principal(ctx, accessKeyID)
}

// RoleInvokes implements restapi.Store.
func (g *Gateway) RoleInvokes(ctx context.Context, roleARN, functionARN string) error {
	return g.apis.RoleInvokes(ctx, roleARN, functionARN)
}

// RecordDecision records a decision about a signed request or a login in the log of the account's authorizations, once.
func (g *Gateway) RecordDecision(principal, action, resource string, allowed bool) {
	d := decide.Decision{Action: action, Allowed: allowed, Principal: principal, Resource: resource}
	if _, seen := g.decisions.LoadOrStore(d, true); seen || strings.HasSuffix(principal, ":root") {
		return
	}
	if err := d.Record(g.config.Calls); err != nil {
		g.config.Logger.Error("record a decision", "error", err)
	}
}

// Function implements lambdahost.Source.
func (g *Gateway) Function(ctx context.Context, name, qualifier string) (lambdahost.Function, error) {
	return g.functions.Function(ctx, name, qualifier)
}

// Code implements lambdahost.Source.
func (g *Gateway) Code(ctx context.Context, f lambdahost.Function) (io.ReadCloser, error) {
	return g.functions.Code(ctx, f)
}

// Credentials implements lambdahost.Source.
func (g *Gateway) Credentials(ctx context.Context, f lambdahost.Function) (lambdahost.Credentials, error) {
	return g.functions.Credentials(ctx, f)
}

// PutLogs writes events to a log stream, which it creates if it does not exist.
func (g *Gateway) PutLogs(ctx context.Context, group, stream string, events []logs.Event) error {
	return logs.Put(ctx, g.account.Emulator, group, stream, events)
}

// Alarms implements metrics.Account.
func (g *Gateway) Alarms(ctx context.Context) ([]metrics.Alarm, error) {
	return cloudwatch.Alarms(ctx, g.account)
}

// SetAlarmState implements metrics.Account.
func (g *Gateway) SetAlarmState(ctx context.Context, alarm string, outcome metrics.Outcome) error {
	return cloudwatch.SetState(ctx, g.account, alarm, outcome)
}

// MetricFilters implements metrics.Account.
func (g *Gateway) MetricFilters(ctx context.Context) ([]metrics.MetricFilter, error) {
	return logs.MetricFilters(ctx, g.account)
}

// Clusters lists the database clusters with their instances.
func (g *Gateway) Clusters(ctx context.Context) ([]rds.Members, error) {
	return rds.Clusters(ctx, g.account)
}

// TakeReplications returns the operations of S3's replication since the last call.
func (g *Gateway) TakeReplications(ctx context.Context) ([]emulator.Replication, error) {
	return g.account.Emulator.TakeReplications(ctx)
}

// CacheMembers lists the nodes of replication groups.
func (g *Gateway) CacheMembers(ctx context.Context) ([]elasticache.Member, error) {
	return elasticache.Members(ctx, g.account)
}

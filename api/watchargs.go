package api

import (
	"github.com/didomi/serverless-api/api/function"
	"github.com/didomi/serverless-api/api/watch"
	"github.com/didomi/serverless-api/lambda/contract"
)

// watchArgs are what api/watch monitors.
func (b builder) watchArgs(f function.Functions, g gateway) watch.Args {
	a, c := b.args, b.args.Config
	args := watch.Args{
		Builder:     b.Builder,
		Settings:    watch.Settings{Objective: c.Objective, SilenceMinutes: c.SilenceMinutes, AlarmEmails: c.AlarmEmails, WarningEmails: c.WarningEmails},
		RestAPIName: g.restAPI.Name, StageName: g.stage.StageName, Operations: c.Document.Watched(),
		Function: watch.Function{
			Name: f.API.Name, Version: f.API.Version, Alias: contract.LiveAlias, Log: f.Log.Name,
			Canary: c.Rollout == function.Canary, Provisioned: c.ProvisionedConcurrency > 0,
		},
		AccessLog: g.accessLog.Name, Alarms: f.Alarms, Authorizer: f.Authorizer != nil,
		Database: watch.Database{
			Proxied: a.Database.Proxied, ProxyName: a.Database.ProxyName, ClusterIdentifier: a.Database.ClusterIdentifier,
			Readers: a.Database.Readers, Pauses: a.Database.Pauses,
		},
		Cache: watch.Cache{Members: a.Cache.Members, Nodes: a.Cache.Nodes},
	}
	if c.WAF {
		args.Firewall = &watch.Firewall{WebACL: webACLMetric(b), RateRule: rateRuleName}
	}
	if a.Copies != nil {
		args.Copies = &watch.Copies{SourceBucket: a.Bucket.Name, Bucket: a.Copies.Bucket, RuleID: a.Copies.RuleID, Vault: a.Copies.Vault}
	}
	return args
}

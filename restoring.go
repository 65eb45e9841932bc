package main

import (
	"github.com/didomi/serverless-api/api"
	"github.com/didomi/serverless-api/api/function"
	"github.com/didomi/serverless-api/data"
	"github.com/didomi/serverless-api/internal/config"
)

// restoring checks the configuration of a stack that has two clusters during a restore: all requests must use one.
type restoring struct {
	data data.Config
	api  api.Config
}

// Validate rejects a canary without a proxy: each version of the function has the address of its own database, so
// the two versions of a canary would read and write two databases for as long as it lasts.
func (r restoring) Validate() []config.FieldError {
	if r.data.Proxy.Enabled || r.data.Database.Clusters() == 1 || r.api.Rollout != function.Canary {
		return nil
	}
	return []config.FieldError{{
		Key: "rollout", Value: config.Quote(r.api.Rollout),
		MustBe: "allAtOnce while data.database.previous is " + string(r.data.Database.Previous) +
			" and data.proxy.enabled is false: a canary's two versions would read and write two databases",
	}}
}

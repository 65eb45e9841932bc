package main

import (
	"github.com/didomi/serverless-api/data"
	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/config"
)

// otherRegion checks the region of the copies against the stack's own.
type otherRegion struct {
	copies data.Copies
	home   string
}

// Validate rejects copies to where neither S3 nor AWS Backup would copy.
func (o otherRegion) Validate() []config.FieldError {
	if !account.IsRegion(o.home) || !account.IsRegion(o.copies.Region) {
		return nil
	}
	return o.copies.ProblemsFrom(o.home)
}

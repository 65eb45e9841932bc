package main

import (
	"github.com/didomi/serverless-api/api"
	"github.com/didomi/serverless-api/data"
	"github.com/didomi/serverless-api/dns"
	"github.com/didomi/serverless-api/iam"
	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/naming"
	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/didomi/serverless-api/network"
)

// settings is the configuration of a stack, one object for each component.
type settings struct {
	Tags    account.Tags   `json:"tags"`
	IAM     iam.Config     `json:"iam"`
	DNS     dns.Config     `json:"dns"`
	Network network.Config `json:"network"`
	Data    data.Config    `json:"data"`
	API     api.Config     `json:"api"`

	// account is configured in the provider's own namespace.
	account account.Config
}

// defaults are the settings of a stack file that sets none.
func defaults(project string) settings {
	return settings{
		Tags: account.DefaultTags(project), IAM: iam.Default(), DNS: dns.Default(),
		Network: network.Default(), Data: data.Default(), API: api.Default(),
	}
}

// load reads the stack's configuration. Its error lists every invalid value.
func load(values config.Values, project, stack string) (settings, error) {
	s := defaults(project)
	var err error
	if s.API.Document, err = openapi.Load(); err != nil {
		return s, err
	}
	decoded := config.Join(config.Decode(values, project, &s), config.Decode(values, "aws", &s.account))
	return s, config.Join(
		config.Check("pulumi", naming.Names{Project: project, Stack: stack}),
		decoded,
		config.Check(project+":network", addresses{s.Network, s.Data}),
		config.Check(project+":data", otherRegion{s.Data.Copies, s.account.Region}),
		config.Check(project+":api", restoring{s.Data, s.API}),
	)
}

package main

import (
	"github.com/didomi/serverless-api/api"
	"github.com/didomi/serverless-api/data"
	"github.com/didomi/serverless-api/dns"
	"github.com/didomi/serverless-api/iam"
	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/network"
)

// settings is everything that a stack file may say, one object a room.
type settings struct {
	Tags    account.Tags   `json:"tags"`
	IAM     iam.Config     `json:"iam"`
	DNS     dns.Config     `json:"dns"`
	Network network.Config `json:"network"`
	Data    data.Config    `json:"data"`
	API     api.Config     `json:"api"`

	// account is said in the provider's own namespace.
	account account.Config
}

// defaults are the settings of a stack file that says nothing.
func defaults() settings {
	return settings{
		Tags: account.DefaultTags(), IAM: iam.Default(), DNS: dns.Default(),
		Network: network.Default(), Data: data.Default(), API: api.Default(),
	}
}

// load reads the stack's configuration; its error names everything that is wrong with it.
func load(values config.Values, project, stack string) (settings, error) {
	s := defaults()
	decoded := config.Join(config.Decode(values, project, &s), config.Decode(values, "aws", &s.account))
	return s, config.Join(
		config.Check("pulumi", names{project, stack}),
		decoded,
		config.Check(project+":tags", environmentTag{s.Tags.Environment, stack}),
		config.Check(project+":network", addresses{s.Network, s.Data}),
	)
}

// environmentTag is what the pipeline's roles tell by what is the stack's, where AWS gives a thing no
// name to go by: a VPC, a key.
type environmentTag struct {
	value, stack string
}

// Problems refuses another value than the stack's name: its own pipeline could not change what
// carries it, and the pipeline of the stack of that name could.
func (e environmentTag) Problems() []config.Problem {
	if e.value == "" || e.value == e.stack || !stackPattern.MatchString(e.stack) {
		return nil
	}
	return []config.Problem{{
		Key: "environment", Value: config.Text(e.value),
		Want: config.Text(e.stack) + ", the stack's name, by which its pipeline knows what is its own",
	}}
}

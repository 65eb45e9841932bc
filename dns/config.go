package dns

import (
	"regexp"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/naming"
)

// Config is the component's section of the stack's configuration, under the key "dns".
type Config struct {
	// Domain is the parent of the host name, such as example.com. Required.
	Domain string `json:"domain"`
	// ZoneID is an existing public zone that holds the domain; empty: the stack creates its own, of the host
	// name alone.
	ZoneID string `json:"zoneId"`
	// Delegated is whether the parent delegates to the zone, so that the host name resolves publicly and a
	// certificate can be issued.
	Delegated bool `json:"delegated"`
	// Protect keeps the zone from being deleted or replaced by an update.
	Protect bool `json:"protect"`
}

// Default is the configuration of a stack that sets nothing; it still lacks the domain.
func Default() Config {
	return Config{}
}

var zonePattern = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)

// Validate lists every invalid value.
func (c Config) Validate() []config.FieldError {
	problems := naming.DomainProblems("domain", c.Domain)
	if c.ZoneID != "" && !zonePattern.MatchString(c.ZoneID) {
		problems = append(problems, config.FieldError{
			Key: "zoneId", Value: config.Quote(c.ZoneID),
			MustBe: "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ, or empty to create one",
		})
	}
	return problems
}

package dns

import (
	"regexp"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/naming"
)

// Config is what a stack says about its names.
type Config struct {
	// Domain is the parent of the host name, such as example.com. Required.
	Domain string `json:"domain"`
	// ZoneID is an existing public zone that holds the domain; empty: the stack makes its own, of the
	// host name alone.
	ZoneID string `json:"zoneId"`
	// Delegated says that the host name is found in the zone by everybody, so that a certificate can be
	// issued.
	Delegated bool `json:"delegated"`
	// Protect keeps the zone from being deleted or replaced by an update.
	Protect bool `json:"protect"`
}

// Default is the configuration of a stack that says nothing, which still lacks its domain.
func Default() Config {
	return Config{}
}

var zonePattern = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)

// Validate lists every value that the room cannot use.
func (c Config) Validate() []config.FieldError {
	problems := naming.DomainProblems("domain", c.Domain)
	if c.ZoneID != "" && !zonePattern.MatchString(c.ZoneID) {
		problems = append(problems, config.FieldError{
			Key: "zoneId", Value: config.Text(c.ZoneID),
			Want: "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ, or nothing to create one",
		})
	}
	return problems
}

package dns

import (
	"fmt"
	"regexp"

	"github.com/didomi/serverless-api/internal/config"
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

var (
	domainPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)
	zonePattern   = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)
)

// longestDomain leaves space for the stack's name of at most 12 characters and a dot: a certificate's name
// has at most 64 characters.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
const longestDomain = 51

// Problems lists every value that the room cannot use.
func (c Config) Problems() []config.Problem {
	var problems []config.Problem
	if !domainPattern.MatchString(c.Domain) || len(c.Domain) > longestDomain {
		problems = append(problems, config.Problem{
			Key: "domain", Value: config.Text(c.Domain),
			Want: fmt.Sprintf("a domain name in lower case of at most %d characters, such as example.com", longestDomain),
		})
	}
	if c.ZoneID != "" && !zonePattern.MatchString(c.ZoneID) {
		problems = append(problems, config.Problem{
			Key: "zoneId", Value: config.Text(c.ZoneID),
			Want: "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ, or nothing to create one",
		})
	}
	return problems
}

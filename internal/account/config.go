package account

import (
	"regexp"

	"github.com/didomi/serverless-api/internal/config"
)

// Config is the part of the stack's configuration in the namespace "aws".
type Config struct {
	// Region is where every resource is created, such as eu-west-1. Required.
	Region string `json:"region"`
	// Profile is the AWS CLI profile with the credentials; empty: the environment's.
	Profile string `json:"profile"`
	// AllowedAccountIDs are the accounts that this stack may be deployed to; none: any.
	AllowedAccountIDs []string `json:"allowedAccountIds"`
}

var (
	regionPattern  = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)
	accountPattern = regexp.MustCompile(`^\d{12}$`)
)

// IsRegion reports whether the text has the form of a region's name.
func IsRegion(text string) bool { return regionPattern.MatchString(text) }

// In is the same account in another region.
func (c Config) In(region string) Config {
	c.Region = region
	return c
}

// Validate lists the values from which no provider can be configured.
func (c Config) Validate() []config.FieldError {
	var problems []config.FieldError
	if !IsRegion(c.Region) {
		problems = append(problems, config.FieldError{
			Key: "region", Value: config.Quote(c.Region), MustBe: `a region such as "eu-west-1"`,
		})
	}
	for _, id := range c.AllowedAccountIDs {
		if !accountPattern.MatchString(id) {
			problems = append(problems, config.FieldError{
				Key: "allowedAccountIds", Value: config.Quote(id),
				MustBe: `a list of account ids of twelve digits, in quotes, such as "012345678901"`,
			})
		}
	}
	return problems
}

// Tags are set on every resource of the stack, under the key "tags".
type Tags struct {
	Application string `json:"application"`
	Environment string `json:"environment"`
	Purpose     string `json:"purpose"`
	Responsible string `json:"responsible"`
	Creator     string `json:"creator"`
}

// DefaultTags are the tags of a project's stack that sets none; the environment is required.
func DefaultTags(project string) Tags {
	return Tags{
		Application: project, Purpose: "serverless-api", Responsible: "platform", Creator: "pulumi",
	}
}

// tagPattern is what all AWS services accept as a tag's value.
var tagPattern = regexp.MustCompile(`^[\p{L}\p{N} _.:/=+@-]{1,256}$`)

// Validate lists the tags that are missing or that AWS would reject.
func (t Tags) Validate() []config.FieldError {
	var problems []config.FieldError
	for _, tag := range t.list() {
		if !tagPattern.MatchString(tag.value) {
			problems = append(problems, config.FieldError{
				Key: tag.key, Value: config.Quote(tag.value),
				MustBe: "1 to 256 letters, digits, spaces and _ . : / = + - @",
			})
		}
	}
	return problems
}

type tag struct{ key, value string }

func (t Tags) list() []tag {
	return []tag{
		{"application", t.Application},
		{"environment", t.Environment},
		{"purpose", t.Purpose},
		{"responsible", t.Responsible},
		{"creator", t.Creator},
	}
}

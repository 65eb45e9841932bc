package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/internal/config"
)

// anyOrigin lets every page call the API.
const anyOrigin = "*"

// mostOrigins is the length of all origins together, in characters. They are one variable of the function's
// environment, whose variables Lambda bounds together: 4096 bytes as JSON. The others take up to 1,500.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const mostOrigins = 2048

func (c Config) originProblems() []config.FieldError {
	if slices.Equal(c.CORSOrigins, []string{anyOrigin}) {
		return nil
	}
	var problems []config.FieldError
	for i, origin := range c.CORSOrigins {
		if !isOrigin(origin) {
			problems = append(problems, config.FieldError{
				Key: fmt.Sprintf("corsOrigins[%d]", i), Value: config.Quote(origin),
				MustBe: `scheme and host as browsers send them, such as "https://app.example.com", or "*" alone`,
			})
		}
	}
	if length := len(joinOrigins(c.CORSOrigins)); problems == nil && length > mostOrigins {
		problems = append(problems, config.FieldError{
			Key: "corsOrigins", Value: fmt.Sprintf("%d origins of %d characters in all", len(c.CORSOrigins), length),
			MustBe: fmt.Sprintf(`at most %d characters in all, which Lambda's limit on a function's environment leaves, or "*" alone`, mostOrigins),
		})
	}
	return problems
}

// joinOrigins is the variable that the function reads the origins from.
func joinOrigins(origins []string) string { return strings.Join(origins, ",") }

// isOrigin is whether a browser would send the text as the header Origin, in lower case.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" &&
		text == u.Scheme+"://"+u.Host && text == strings.ToLower(text) && !strings.ContainsAny(text, "*',")
}

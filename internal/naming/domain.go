package naming

import (
	"fmt"
	"regexp"

	"github.com/didomi/serverless-api/internal/config"
)

// domainPattern is a host name of two labels or more in lower case (RFC 1123, 2.1).
var domainPattern = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])$`)

// longestDomain leaves space for the stack's name and a dot: a certificate's name has at most 64 characters.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
const longestDomain = 64 - LongestStack - len(".")

// DomainProblems lists a domain that cannot be the parent of the stacks' host names.
func DomainProblems(key, domain string) []config.FieldError {
	if domainPattern.MatchString(domain) && len(domain) <= longestDomain {
		return nil
	}
	return []config.FieldError{{
		Key: key, Value: config.Quote(domain),
		MustBe: fmt.Sprintf("a domain name in lower case of at most %d characters, such as example.com", longestDomain),
	}}
}

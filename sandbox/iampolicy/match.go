package iampolicy

import (
	"strings"

	"github.com/didomi/serverless-api/internal/wildcard"
)

// matchARN compares the six colon-separated components of two ARNs one by one; each may have wildcards.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
func matchARN(pattern, arn string) bool {
	patterns, components := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) != 6 || len(components) != 6 {
		return false
	}
	for i := range patterns {
		if !wildcard.Match(patterns[i], components[i]) {
			return false
		}
	}
	return true
}

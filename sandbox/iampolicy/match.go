package iampolicy

import (
	"strings"

	"github.com/didomi/serverless-api/internal/wildcard"
)

// matchARN compares the six parts of two ARNs one by one.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
func matchARN(pattern, arn string) bool {
	wanted, got := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(wanted) != 6 || len(got) != 6 {
		return false
	}
	for i := range wanted {
		if !wildcard.Match(wanted[i], got[i]) {
			return false
		}
	}
	return true
}

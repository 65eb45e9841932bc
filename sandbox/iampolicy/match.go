package iampolicy

import (
	"net/netip"
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

// inRange reports whether an IP address is the pattern's or is in its range of addresses.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress
func inRange(pattern, value string) bool {
	address, err := netip.ParseAddr(value)
	if err != nil {
		return false
	}
	if single, err := netip.ParseAddr(pattern); err == nil {
		return single == address
	}
	network, err := netip.ParsePrefix(pattern)
	return err == nil && network.Contains(address)
}

package lambda

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// aliasAnswer is the part of an alias that says where it leads.
type aliasConfig struct {
	FunctionVersion string
	RoutingConfig   struct{ AdditionalVersionWeights map[string]float64 }
}

// versionPattern tells a version from an alias, whose name is no number.
var versionPattern = regexp.MustCompile(`^([0-9]+|\$LATEST)?$`)

// routed is the version that a qualifier leads to this time. An alias with weights sends each
// invocation to one of its versions by chance; the emulator takes the weights and follows none.
// https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
func (s *Service) resolveVersion(ctx context.Context, name, qualifier string) (string, error) {
	if versionPattern.MatchString(qualifier) {
		return qualifier, nil
	}
	alias, err := emulator.Lookup(s.Lookups, "lambda", "alias "+functionName(name, qualifier), func() (aliasConfig, error) {
		var response aliasConfig
		path := "/2015-03-31/functions/" + url.PathEscape(name) + "/aliases/" + url.PathEscape(qualifier)
		return response, s.Emulator.Rest(ctx, "lambda", http.MethodGet, path, nil, &response)
	})
	if emulator.NotFound(err) {
		return qualifier, nil // the emulator says of what there is none
	}
	if err != nil {
		return "", err
	}
	return alias.pick(s.draw()), nil
}

// pick is the version that a number from 0 up to 1 falls on.
func (a aliasConfig) pick(drawn float64) string {
	weights := a.RoutingConfig.AdditionalVersionWeights
	for _, version := range slices.Sorted(maps.Keys(weights)) {
		if drawn < weights[version] {
			return version
		}
		drawn -= weights[version]
	}
	return a.FunctionVersion
}

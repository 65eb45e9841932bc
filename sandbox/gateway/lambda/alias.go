package lambda

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// aliasConfig has the versions of an alias.
type aliasConfig struct {
	FunctionVersion string
	RoutingConfig   struct{ AdditionalVersionWeights map[string]float64 }
}

// versionPattern matches versions; the name of an alias is not a number.
var versionPattern = regexp.MustCompile(`^([0-9]+|\$LATEST)?$`)

// resolveVersion returns the version of a qualifier for one invocation, and whether an alias with weights chose it. Such
// an alias routes each invocation to one of its versions at random; the emulator stores the weights and ignores them.
// https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
func (s *Service) resolveVersion(ctx context.Context, name, qualifier string) (version string, weighted bool, err error) {
	if versionPattern.MatchString(qualifier) {
		return qualifier, false, nil
	}
	alias, err := emulator.Lookup(s.Lookups, "lambda", "alias "+functionName(name, qualifier), func() (aliasConfig, error) {
		var response aliasConfig
		path := "/2015-03-31/functions/" + url.PathEscape(name) + "/aliases/" + url.PathEscape(qualifier)
		return response, s.Emulator.Rest(ctx, "lambda", http.MethodGet, path, nil, &response)
	})
	if emulator.NotFound(err) {
		return qualifier, false, nil // the emulator reports that it does not exist
	}
	if err != nil {
		return "", false, err
	}
	return alias.version(s.draw()), len(alias.RoutingConfig.AdditionalVersionWeights) > 0, nil
}

// version returns the version for a number in [0, 1).
func (a aliasConfig) version(draw float64) string {
	weights := a.RoutingConfig.AdditionalVersionWeights
	for _, version := range slices.Sorted(maps.Keys(weights)) {
		if draw < weights[version] {
			return version
		}
		draw -= weights[version]
	}
	return a.FunctionVersion
}

// checkVersions rejects an alias of a version that does not exist, which the emulator accepts: requests would then fail.
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html; the message is that of aws-cloudformation/rain#175
func (s *Service) checkVersions(x *call.Exchange) error {
	var alias aliasConfig
	if err := x.DecodeRequest(&alias); err != nil {
		return err
	}
	name, _ := splitFunction(x.Request.PathValue("name"), "")
	versions := slices.AppendSeq([]string{}, maps.Keys(alias.RoutingConfig.AdditionalVersionWeights))
	if alias.FunctionVersion != "" {
		versions = append(versions, alias.FunctionVersion)
	}
	for _, version := range versions {
		_, err := s.loadFunction(x.Request.Context(), name, version)
		if errors.Is(err, lambdahost.ErrNotFound) {
			return x.Reject(http.StatusNotFound, "ResourceNotFoundException", "Function not found: "+s.FunctionARN(name, version))
		}
		if err != nil {
			return err
		}
	}
	return x.Forward()
}

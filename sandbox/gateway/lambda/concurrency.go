package lambda

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// listProvisioned lists the provisioned concurrency of a function's versions and aliases; the emulator returns that
// of $LATEST instead.
// https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html
func (s *Service) listProvisioned(x *call.Exchange) error {
	if x.Request.URL.Query().Get("List") != "ALL" {
		return x.Forward()
	}
	return call.Instead(func(x *call.Exchange) error {
		name := x.Request.PathValue("name")
		configs, err := s.provisioned(x.Request.Context(), name)
		if err != nil {
			return err
		}
		list := []map[string]any{}
		for _, q := range slices.Sorted(maps.Keys(configs)) {
			configs[q]["FunctionArn"] = s.FunctionARN(name, q)
			list = append(list, configs[q])
		}
		return x.RespondJSON(http.StatusOK, map[string]any{"ProvisionedConcurrencyConfigs": list})
	})(x)
}

// provisioned returns the provisioned concurrency of a function's versions and aliases, by qualifier.
func (s *Service) provisioned(ctx context.Context, name string) (map[string]map[string]any, error) {
	qualifiers, err := s.qualifiers(ctx, name)
	if err != nil {
		return nil, err
	}
	configs := map[string]map[string]any{}
	for _, q := range qualifiers {
		var config map[string]any
		path := "/2019-09-30/functions/" + url.PathEscape(name) + "/provisioned-concurrency?Qualifier=" + url.QueryEscape(q)
		err := s.Emulator.Rest(ctx, "lambda", http.MethodGet, path, nil, &config)
		if emulator.NotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("provisioned concurrency of %s: %w", functionName(name, q), err)
		}
		configs[q] = config
	}
	return configs, nil
}

// qualifiers returns a function's versions and aliases.
func (s *Service) qualifiers(ctx context.Context, name string) ([]string, error) {
	var all []string
	path := "/2015-03-31/functions/" + url.PathEscape(name)
	var versions struct{ Versions []functionConfig }
	if err := s.Emulator.Rest(ctx, "lambda", http.MethodGet, path+"/versions?MaxItems=10000", nil, &versions); err != nil {
		return nil, fmt.Errorf("versions of %s: %w", name, err)
	}
	for _, v := range versions.Versions {
		all = append(all, v.Version)
	}
	var aliases struct{ Aliases []struct{ Name string } }
	if err := s.Emulator.Rest(ctx, "lambda", http.MethodGet, path+"/aliases?MaxItems=10000", nil, &aliases); err != nil {
		return nil, fmt.Errorf("aliases of %s: %w", name, err)
	}
	for _, a := range aliases.Aliases {
		all = append(all, a.Name)
	}
	return all, nil
}

// FunctionARN is the ARN of a function, or of its version or alias.
func (s *Service) FunctionARN(name, qualifier string) string {
	return "arn:aws:lambda:" + s.Region + ":" + s.AccountID + ":function:" + functionName(name, qualifier)
}

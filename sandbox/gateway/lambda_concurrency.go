package gateway

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
)

// listProvisioned answers what is kept warm of a function's versions and aliases; the emulator takes
// the list for a question about $LATEST.
// https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html
func listProvisioned(x *exchange) error {
	if x.r.URL.Query().Get("List") != "ALL" {
		return x.forward()
	}
	return instead(func(x *exchange) error {
		name := x.r.PathValue("name")
		configs, err := x.g.provisioned(x.r.Context(), name)
		if err != nil {
			return err
		}
		list := []map[string]any{}
		for _, q := range slices.Sorted(maps.Keys(configs)) {
			configs[q]["FunctionArn"] = x.g.functionARN(name, q)
			list = append(list, configs[q])
		}
		return x.answerJSON(http.StatusOK, map[string]any{"ProvisionedConcurrencyConfigs": list})
	})(x)
}

// provisioned is what is provisioned of a function's versions and aliases.
func (g *Gateway) provisioned(ctx context.Context, name string) (map[string]map[string]any, error) {
	qualifiers, err := g.qualifiers(ctx, name)
	if err != nil {
		return nil, err
	}
	configs := map[string]map[string]any{}
	for _, q := range qualifiers {
		var config map[string]any
		path := "/2019-09-30/functions/" + url.PathEscape(name) + "/provisioned-concurrency?Qualifier=" + url.QueryEscape(q)
		err := g.admin.rest(ctx, "lambda", http.MethodGet, path, nil, &config)
		if notFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("provisioned concurrency of %s: %w", functionName(name, q), err)
		}
		configs[q] = config
	}
	return configs, nil
}

// qualifiers are a function's versions and aliases.
func (g *Gateway) qualifiers(ctx context.Context, name string) ([]string, error) {
	var all []string
	path := "/2015-03-31/functions/" + url.PathEscape(name)
	var versions struct{ Versions []functionConfig }
	if err := g.admin.rest(ctx, "lambda", http.MethodGet, path+"/versions?MaxItems=10000", nil, &versions); err != nil {
		return nil, fmt.Errorf("versions of %s: %w", name, err)
	}
	for _, v := range versions.Versions {
		all = append(all, v.Version)
	}
	var aliases struct{ Aliases []struct{ Name string } }
	if err := g.admin.rest(ctx, "lambda", http.MethodGet, path+"/aliases?MaxItems=10000", nil, &aliases); err != nil {
		return nil, fmt.Errorf("aliases of %s: %w", name, err)
	}
	for _, a := range aliases.Aliases {
		all = append(all, a.Name)
	}
	return all, nil
}

// functionARN is the ARN of a function, or of its version or alias.
func (g *Gateway) functionARN(name, qualifier string) string {
	return "arn:aws:lambda:" + g.config.Region + ":" + g.config.AccountID + ":function:" + functionName(name, qualifier)
}

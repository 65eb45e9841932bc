package apigateway

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// stageResource has the members of a stage that the data plane needs.
type stageResource struct {
	DeploymentID   string            `json:"deploymentId"`
	Variables      map[string]string `json:"variables"`
	TracingEnabled bool              `json:"tracingEnabled"`
	MethodSettings map[string]struct {
		Rate  float64 `json:"throttlingRateLimit"`
		Burst int     `json:"throttlingBurstLimit"`

		Metrics bool `json:"metricsEnabled"`
	} `json:"methodSettings"`
	AccessLogSettings struct {
		DestinationARN string `json:"destinationArn"`
		Format         string `json:"format"`
	} `json:"accessLogSettings"`
}

// Stage implements restapi.Store.
func (s *Service) Stage(ctx context.Context, apiID, stage string) (restapi.Stage, error) {
	return emulator.Lookup(s.Lookups, "apigateway", stageKey(apiID, stage), func() (restapi.Stage, error) {
		return s.loadStage(ctx, apiID, stage)
	})
}

func (s *Service) loadStage(ctx context.Context, apiID, name string) (restapi.Stage, error) {
	var response stageResource
	path := "/restapis/" + url.PathEscape(apiID) + "/stages/" + url.PathEscape(name)
	if err := s.Emulator.Rest(ctx, "apigateway", http.MethodGet, path, nil, &response); err != nil {
		if emulator.NotFound(err) {
			return restapi.Stage{}, fmt.Errorf("stage %s of API %s: %w", name, apiID, restapi.ErrNotFound)
		}
		return restapi.Stage{}, err
	}
	deployed := s.documents.snapshot(apiID, response.DeploymentID)
	if deployed.document == nil {
		return restapi.Stage{}, fmt.Errorf("stage %s of API %s: deployment %q has no OpenAPI document; the sandbox serves imported APIs only: %w",
			name, apiID, response.DeploymentID, restapi.ErrNotFound)
	}
	api, err := s.get(ctx, restAPIs, &http.Request{}, "/restapis/"+url.PathEscape(apiID))
	if err != nil {
		return restapi.Stage{}, err
	}
	stage := restapi.Stage{
		APIID: apiID, AccountID: s.AccountID, Region: s.Region, Name: name,
		DeploymentID: response.DeploymentID, Document: deployed.document, Policy: deployed.policy, Variables: response.Variables,
		Methods: map[string]restapi.MethodSettings{}, TracingEnabled: response.TracingEnabled,
		APIName:           call.StringMember(api, "name"),
		DisableExecuteAPI: api["disableExecuteApiEndpoint"] == true, AuthorizerFlushes: s.documents.flushesOf(apiID, name),
	}
	for key, settings := range response.MethodSettings {
		stage.Methods[settingKey(key)] = restapi.MethodSettings{Rate: settings.Rate, Burst: settings.Burst, Metrics: settings.Metrics}
	}
	if response.AccessLogSettings.DestinationARN != "" {
		stage.AccessLog = &restapi.AccessLog{DestinationARN: response.AccessLogSettings.DestinationARN, Format: response.AccessLogSettings.Format}
	}
	return stage, nil
}

// Domain implements restapi.Store.
func (s *Service) Domain(ctx context.Context, host string) (restapi.Domain, error) {
	host = strings.ToLower(host)
	exists, err := emulator.Lookup(s.Lookups, "apigateway", "domain "+host, func() (bool, error) {
		var response map[string]any
		err := s.Emulator.Rest(ctx, "apigateway", http.MethodGet, "/domainnames/"+url.PathEscape(host), nil, &response)
		if emulator.NotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil {
		return restapi.Domain{}, err
	}
	if !exists {
		return restapi.Domain{}, fmt.Errorf("custom domain %s: %w", host, restapi.ErrNotFound)
	}
	domain := restapi.Domain{Name: host}
	for _, m := range s.documents.mappingsOf(host) {
		mapping := restapi.Mapping{BasePath: m.BasePath, APIID: m.RestAPIID, Stage: m.Stage}
		if mapping.BasePath == rootPath {
			mapping.BasePath = ""
		}
		domain.Mappings = append(domain.Mappings, mapping)
	}
	return domain, nil
}

// usagePlan is a usage plan.
type usagePlan struct {
	ID        string `json:"id"`
	APIStages []struct {
		APIID    string `json:"apiId"`
		Stage    string `json:"stage"`
		Throttle map[string]struct {
			Rate  float64 `json:"rateLimit"`
			Burst int     `json:"burstLimit"`
		} `json:"throttle"`
	} `json:"apiStages"`
	Throttle struct {
		Rate  float64 `json:"rateLimit"`
		Burst int     `json:"burstLimit"`
	} `json:"throttle"`
	Quota struct {
		Limit  int    `json:"limit"`
		Period string `json:"period"`
	} `json:"quota"`
}

// Keys implements restapi.Store.
func (s *Service) Keys(ctx context.Context, apiID, stage string) ([]restapi.Key, error) {
	return emulator.Lookup(s.Lookups, "apigateway", "keys "+stageKey(apiID, stage), func() ([]restapi.Key, error) {
		return s.loadKeys(ctx, apiID, stage)
	})
}

func (s *Service) loadKeys(ctx context.Context, apiID, stage string) ([]restapi.Key, error) {
	plans, err := s.listAll(ctx, usagePlans, "/usageplans")
	if err != nil {
		return nil, err
	}
	var keys []restapi.Key
	for _, object := range plans {
		var plan usagePlan
		if err := call.Convert(object, &plan); err != nil {
			return nil, err
		}
		stagePlan, ok := plan.forStage(apiID, stage)
		if !ok {
			continue
		}
		planKeys, err := s.planKeys(ctx, plan.ID, stagePlan)
		if err != nil {
			return nil, err
		}
		keys = append(keys, planKeys...)
	}
	return keys, nil
}

// forStage returns the limits of the plan for a stage, if it has the stage.
func (p usagePlan) forStage(apiID, stage string) (restapi.Plan, bool) {
	for _, s := range p.APIStages {
		if s.APIID != apiID || s.Stage != stage {
			continue
		}
		plan := restapi.Plan{
			Rate: p.Throttle.Rate, Burst: p.Throttle.Burst, Methods: map[string]restapi.MethodSettings{},
			Quota: p.Quota.Limit, QuotaPeriod: p.Quota.Period,
		}
		for method, limits := range s.Throttle {
			plan.Methods[method] = restapi.MethodSettings{Rate: limits.Rate, Burst: limits.Burst}
		}
		return plan, true
	}
	return restapi.Plan{}, false
}

func (s *Service) planKeys(ctx context.Context, planID string, plan restapi.Plan) ([]restapi.Key, error) {
	ids, err := s.keyIDs(ctx, planID)
	if err != nil {
		return nil, err
	}
	var keys []restapi.Key
	for _, id := range ids {
		key, err := s.get(ctx, apiKeys, &http.Request{}, "/apikeys/"+id+"?includeValue=true")
		if emulator.NotFound(err) {
			continue // the emulator lists a deleted key in its plan
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, restapi.Key{
			ID: id, Name: call.StringMember(key, "name"), Value: call.StringMember(key, "value"), Enabled: key["enabled"] == true,
			PlanID: planID, Plan: plan,
		})
	}
	return keys, nil
}

// listAll lists all resources of a kind, corrected.
func (s *Service) listAll(ctx context.Context, k kind, path string) ([]map[string]any, error) {
	var all []map[string]any
	for position := ""; ; {
		var page struct {
			Item     []map[string]any `json:"item"`
			Position string           `json:"position"`
		}
		query := url.Values{"limit": {"500"}}
		if position != "" {
			query.Set("position", position)
		}
		if err := s.Emulator.Rest(ctx, "apigateway", http.MethodGet, path+"?"+query.Encode(), nil, &page); err != nil {
			return nil, fmt.Errorf("list %s: %w", path, err)
		}
		for _, object := range page.Item {
			s.fill(k, &http.Request{}, object)
			all = append(all, object)
		}
		if position = page.Position; position == "" {
			return all, nil
		}
	}
}

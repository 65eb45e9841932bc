package apigateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// createPlan creates a usage plan that AWS takes.
func (s *Service) createPlan(x *call.Exchange) error {
	body, err := x.ReadBody()
	if err != nil {
		return err
	}
	var plan map[string]any
	if err := call.Decode(body, &plan); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	if refused, err := rejectInvalidPlan(s, x, plan); refused || err != nil {
		return err
	}
	return s.show(usagePlans)(x)
}

// refusePlan refuses throttles of single methods in a plan that has none of its own, and of methods that the
// stage does not serve. The emulator takes any.
// https://github.com/aws/aws-cdk/pull/6411
// https://github.com/aws/aws-cdk/issues/15426
func rejectInvalidPlan(s *Service, x *call.Exchange, object map[string]any) (bool, error) {
	var plan usagePlan
	if err := call.Convert(object, &plan); err != nil {
		return false, err
	}
	for _, stage := range plan.APIStages {
		if len(stage.Throttle) > 0 && plan.Throttle.Rate == 0 && plan.Throttle.Burst == 0 {
			return true, x.Reject(http.StatusBadRequest, "BadRequestException",
				"Can not define fine grain throttling if usage plan throttle is not defined.")
		}
		for method := range stage.Throttle {
			known, err := s.stageHasMethod(x.Request.Context(), stage.APIID, stage.Stage, method)
			if err != nil {
				return false, err
			}
			if !known {
				return true, x.Reject(http.StatusNotFound, "NotFoundException", "Invalid Method identifier specified "+method)
			}
		}
	}
	return false, nil
}

// serves says whether a stage has a method, named as in "/items/{id}/GET".
func (s *Service) stageHasMethod(ctx context.Context, api, stage, method string) (bool, error) {
	served, err := s.Stage(ctx, api, stage)
	if errors.Is(err, restapi.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	document, err := parseDocument(served.Document)
	if err != nil {
		return false, err
	}
	paths, _ := document["paths"].(map[string]any)
	at := strings.LastIndex(method, "/")
	if at < 0 {
		return false, nil
	}
	return documentMethods(paths[method[:at]])[method[at+1:]] != nil, nil
}

// createPlanKey adds a key to a usage plan, unless another plan that the key is in has one of its stages:
// "a given API key can only be associated with one usage plan for each stage of your API". The emulator
// takes any.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateUsagePlanKey.html
func (s *Service) createPlanKey(x *call.Exchange) error {
	body, err := x.ReadBody()
	if err != nil {
		return err
	}
	var request struct{ KeyID string }
	if err := call.Decode(body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	ctx, id := x.Request.Context(), x.Request.PathValue("id")
	joined, others, err := s.plansOfKey(ctx, id, request.KeyID)
	if err != nil {
		return err
	}
	for _, other := range others {
		if stage, shared := joined.sharedStage(other); shared {
			return x.Reject(http.StatusConflict, "ConflictException", fmt.Sprintf(
				"Usage Plan %s cannot be added because API Key %s cannot reference multiple Usage Plans with the same api stage: %s", id, request.KeyID, stage))
		}
	}
	return x.Forward()
}

// plansOfKey are the plan of an id, empty if there is none, and the other plans that a key is in.
func (s *Service) plansOfKey(ctx context.Context, id, key string) (joined usagePlan, others []usagePlan, err error) {
	objects, err := s.listAll(ctx, usagePlans, "/usageplans")
	if err != nil {
		return joined, nil, err
	}
	for _, object := range objects {
		keys, err := s.keyIDs(ctx, call.StringMember(object, "id"))
		if err != nil {
			return joined, nil, err
		}
		var plan usagePlan
		switch {
		case call.StringMember(object, "id") == id:
			err = call.Convert(object, &joined)
		case slices.Contains(keys, key):
			err = call.Convert(object, &plan)
			others = append(others, plan)
		}
		if err != nil {
			return joined, nil, err
		}
	}
	return joined, others, nil
}

// shares names a stage that both plans are for, if there is one.
func (p usagePlan) sharedStage(other usagePlan) (string, bool) {
	for _, own := range p.APIStages {
		if _, both := other.of(own.APIID, own.Stage); both {
			return own.APIID + ":" + own.Stage, true
		}
	}
	return "", false
}

// keyIDs are the ids of a plan's keys.
func (s *Service) keyIDs(ctx context.Context, planID string) ([]string, error) {
	var response struct {
		Item []struct {
			ID string `json:"id"`
		} `json:"item"`
	}
	if err := s.Emulator.Rest(ctx, "apigateway", http.MethodGet, "/usageplans/"+url.PathEscape(planID)+"/keys?limit=500", nil, &response); err != nil {
		return nil, fmt.Errorf("keys of usage plan %s: %w", planID, err)
	}
	ids := make([]string, len(response.Item))
	for i, item := range response.Item {
		ids[i] = item.ID
	}
	return ids, nil
}

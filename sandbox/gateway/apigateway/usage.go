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

// createPlan rejects a usage plan that AWS would reject.
func (s *Service) createPlan(x *call.Exchange) error {
	var plan map[string]any
	if err := x.DecodeRequest(&plan); err != nil {
		return err
	}
	if rejected, err := rejectInvalidPlan(s, x, plan); rejected || err != nil {
		return err
	}
	return s.corrected(usagePlans)(x)
}

// rejectInvalidPlan rejects method throttles in a plan without a throttle, and throttles of methods that the stage
// does not have. The emulator accepts both.
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
			exists, err := s.stageHasMethod(x.Request.Context(), stage.APIID, stage.Stage, method)
			if err != nil {
				return false, err
			}
			if !exists {
				return true, x.Reject(http.StatusNotFound, "NotFoundException", "Invalid Method identifier specified "+method)
			}
		}
	}
	return false, nil
}

// stageHasMethod reports whether a stage has a method such as "/items/{id}/GET".
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

// createPlanKey rejects a key that is in another usage plan with one of the plan's stages: "a given API key can only be
// associated with one usage plan for each stage of your API". The emulator accepts it.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateUsagePlanKey.html
func (s *Service) createPlanKey(x *call.Exchange) error {
	var request struct{ KeyID string }
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	ctx, id := x.Request.Context(), x.Request.PathValue("id")
	plan, others, err := s.plansOfKey(ctx, id, request.KeyID)
	if err != nil {
		return err
	}
	for _, other := range others {
		if stage, shared := plan.sharedStage(other); shared {
			return x.Reject(http.StatusConflict, "ConflictException", fmt.Sprintf(
				"Usage Plan %s cannot be added because API Key %s cannot reference multiple Usage Plans with the same api stage: %s", id, request.KeyID, stage))
		}
	}
	return x.Forward()
}

// plansOfKey returns the usage plan of an ID, empty if it does not exist, and the other plans that a key is in.
func (s *Service) plansOfKey(ctx context.Context, id, key string) (plan usagePlan, others []usagePlan, err error) {
	objects, err := s.listAll(ctx, usagePlans, "/usageplans")
	if err != nil {
		return plan, nil, err
	}
	for _, object := range objects {
		keys, err := s.keyIDs(ctx, call.StringMember(object, "id"))
		if err != nil {
			return plan, nil, err
		}
		var other usagePlan
		switch {
		case call.StringMember(object, "id") == id:
			err = call.Convert(object, &plan)
		case slices.Contains(keys, key):
			err = call.Convert(object, &other)
			others = append(others, other)
		}
		if err != nil {
			return plan, nil, err
		}
	}
	return plan, others, nil
}

// sharedStage returns a stage that both plans have.
func (p usagePlan) sharedStage(other usagePlan) (string, bool) {
	for _, s := range p.APIStages {
		if _, both := other.forStage(s.APIID, s.Stage); both {
			return s.APIID + ":" + s.Stage, true
		}
	}
	return "", false
}

// keyIDs returns the IDs of a plan's keys.
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

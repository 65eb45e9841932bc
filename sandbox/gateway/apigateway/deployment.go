package apigateway

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// snapshotDocument stores the document and the API's resource policy with a new
// deployment: a stage serves both as they were when its deployment was created.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDeployment.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-create-attach.html
func (s *Service) snapshotDocument(x *call.Exchange) error {
	var deployment map[string]any
	if err := x.DecodeResponse(&deployment); err != nil {
		return err
	}
	id := x.Request.PathValue("api")
	deployed := snapshot{document: s.documents.document(id)}
	if deployed.document == nil {
		return nil
	}
	api, err := s.get(x.Request.Context(), restAPIs, x.Request, "/restapis/"+id)
	if err != nil {
		return err
	}
	// GetRestApi returns the policy as a JSON string without its quotes.
	if escaped := call.StringMember(api, "policy"); escaped != "" {
		if err := json.Unmarshal([]byte(`"`+escaped+`"`), &deployed.policy); err != nil {
			return fmt.Errorf("resource policy of API %s: %w", id, err)
		}
	}
	s.documents.mu.Lock()
	defer s.documents.mu.Unlock()
	s.documents.api(id).snapshots[call.StringMember(deployment, "id")] = deployed
	return nil
}

func (s *Service) deleteDeployment(x *call.Exchange) error {
	s.documents.mu.Lock()
	defer s.documents.mu.Unlock()
	delete(s.documents.api(x.Request.PathValue("api")).snapshots, x.Request.PathValue("deployment"))
	return nil
}

func deleteStage(x *call.Exchange) error {
	x.Fields.Delete(stageKey(x.Request.PathValue("api"), x.Request.PathValue("stage")))
	return nil
}

// exportDocument returns the document of the stage's deployment from GetExport of
// an imported API. The emulator exports its own resources, which an import does
// not create.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html
func (s *Service) exportDocument(x *call.Exchange) error {
	if !x.Succeeded() {
		return nil
	}
	var stage map[string]any
	path := stageKey(x.Request.PathValue("api"), x.Request.PathValue("stage"))
	if err := x.Emulator.Rest(x.Request.Context(), "apigateway", http.MethodGet, path, nil, &stage); err != nil {
		return err
	}
	deployed := s.documents.snapshot(x.Request.PathValue("api"), call.StringMember(stage, "deploymentId"))
	if deployed.document == nil {
		return nil
	}
	x.Response = deployed.document
	return nil
}

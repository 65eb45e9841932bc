package apigateway

import (
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// snapshotDocument stores the document with a new deployment: a stage serves the
// document as it was when its deployment was created.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDeployment.html
func (s *Service) snapshotDocument(x *call.Exchange) error {
	var deployment map[string]any
	if err := x.DecodeResponse(&deployment); err != nil {
		return err
	}
	s.documents.mu.Lock()
	defer s.documents.mu.Unlock()
	api := s.documents.api(x.Request.PathValue("api"))
	if api.document != nil {
		api.snapshots[call.StringMember(deployment, "id")] = api.document
	}
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
	document := s.documents.snapshot(x.Request.PathValue("api"), call.StringMember(stage, "deploymentId"))
	if document == nil {
		return nil
	}
	x.Response = document
	return nil
}

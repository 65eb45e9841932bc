package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// snapshotDocument freezes the document with a new deployment: a stage serves
// what was there when its deployment was made, not what is there now.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDeployment.html
func snapshotDocument(x *exchange) error {
	var deployment map[string]any
	if err := json.Unmarshal(x.answer, &deployment); err != nil {
		return fmt.Errorf("decode the deployment: %w", err)
	}
	x.g.apis.mu.Lock()
	defer x.g.apis.mu.Unlock()
	api := x.g.apis.api(x.r.PathValue("api"))
	if api.document != nil {
		api.snapshots[text(deployment, "id")] = api.document
	}
	return nil
}

func deleteDeployment(x *exchange) error {
	x.g.apis.mu.Lock()
	defer x.g.apis.mu.Unlock()
	delete(x.g.apis.api(x.r.PathValue("api")).snapshots, x.r.PathValue("deployment"))
	return nil
}

func deleteStage(x *exchange) error {
	x.g.fields.forget(stageKey(x.r.PathValue("api"), x.r.PathValue("stage")))
	return nil
}

// exportDocument answers GetExport of an imported API with the document that
// the stage's deployment froze; the emulator writes one of its own resources,
// which an import does not fill.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html
func exportDocument(x *exchange) error {
	if !x.succeeded() {
		return nil
	}
	var stage map[string]any
	path := stageKey(x.r.PathValue("api"), x.r.PathValue("stage"))
	if err := x.g.admin.rest(x.r.Context(), "apigateway", http.MethodGet, path, nil, &stage); err != nil {
		return err
	}
	document := x.g.apis.snapshot(x.r.PathValue("api"), text(stage, "deploymentId"))
	if document == nil {
		return nil
	}
	x.answer = document
	return nil
}

package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// methodKey is the key of a stage's settings of one method ("items/{id}/GET"), however it was written.
func methodKey(written string) string {
	return strings.TrimLeft(strings.ReplaceAll(written, "~1", "/"), "/")
}

// settingMethods end the path of an operation that removes all settings of a method.
var settingMethods = []string{"*", "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// updateStage changes a stage. The emulator sets a method's settings under a path of several segments,
// and removes them only under one with its slashes escaped; so what a removal names is removed again
// in that form.
// https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
func updateStage(x *exchange) error {
	if _, err := x.readBody(); err != nil {
		return err
	}
	return after(func(x *exchange) error {
		var request struct{ PatchOperations []patchOperation }
		if err := json.Unmarshal(x.body, &request); err != nil {
			return fmt.Errorf("decode the request: %w", err)
		}
		again := removals(request.PatchOperations)
		if len(again) == 0 {
			return x.correct(stages)
		}
		path := stageKey(x.r.PathValue("api"), x.r.PathValue("stage"))
		var stage map[string]any
		err := x.g.admin.rest(x.r.Context(), "apigateway", http.MethodPatch, path, map[string]any{"patchOperations": again}, &stage)
		if err != nil {
			return err
		}
		x.g.complete(stages, x.r, stage)
		return x.answerJSON(http.StatusOK, stage)
	})(x)
}

// removals are the operations that remove all settings of a method, with the slashes of its path
// escaped.
func removals(operations []patchOperation) []patchOperation {
	var again []patchOperation
	for _, o := range operations {
		key := methodKey(o.Path)
		end := strings.LastIndex(key, "/")
		if o.Op == "remove" && end > 0 && slices.Contains(settingMethods, key[end+1:]) && !strings.HasPrefix(key, "variables/") {
			again = append(again, patchOperation{Op: "remove", Path: "/" + strings.ReplaceAll(key[:end], "/", "~1") + key[end:]})
		}
	}
	return again
}

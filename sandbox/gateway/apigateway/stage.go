package apigateway

import (
	"net/http"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// settingKey converts the emulator's key of a method's settings, "/items/{id}/GET", to AWS's, "~1items~1{id}/GET":
// AWS escapes the slashes of the resource's path, as in the patch operation that sets them.
func settingKey(emulated string) string {
	end := strings.LastIndex(emulated, "/")
	if end < 0 {
		return emulated
	}
	return strings.ReplaceAll(emulated[:end], "/", "~1") + emulated[end:]
}

// cleanStage converts the keys of the method settings, and removes the empty access log settings that the emulator
// returns for a stage without any.
// https://docs.aws.amazon.com/apigateway/latest/api/API_Stage.html
func cleanStage(s *Service, stage map[string]any) {
	dropEmpty(stage, "accessLogSettings")
	emulated, ok := stage["methodSettings"].(map[string]any)
	if !ok {
		return
	}
	settings := make(map[string]any, len(emulated))
	for key, value := range emulated {
		settings[settingKey(key)] = value
	}
	stage["methodSettings"] = settings
}

// updateStage rejects an operation on a method whose path does not have escaped slashes. The emulator accepts such a
// path, so the program would work in the sandbox and fail on AWS.
// https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
func (s *Service) updateStage(x *call.Exchange) error {
	var request struct{ PatchOperations []patchOperation }
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	for _, o := range request.PatchOperations {
		if !o.changesStage() && !o.changesMethodSetting() {
			return x.Reject(http.StatusBadRequest, "BadRequestException", "Invalid method setting path: "+o.Path)
		}
	}
	if slices.ContainsFunc(request.PatchOperations, patchOperation.enablesLogging) {
		set, err := s.hasLogRole(x.Request.Context())
		if err != nil {
			return err
		}
		if !set {
			return x.Reject(http.StatusBadRequest, "BadRequestException", NoLogRole)
		}
	}
	return s.corrected(stages)(x)
}

// stageMembers are the first tokens of operations that do not name a method.
var stageMembers = []string{
	"accessLogSettings", "cacheClusterEnabled", "cacheClusterSize", "canarySettings", "clientCertificateId",
	"deploymentId", "description", "documentationVersion", "tracingEnabled", "variables",
}

// changesStage reports whether the operation is on the stage itself.
func (o patchOperation) changesStage() bool { return slices.Contains(stageMembers, o.tokens()[0]) }

// settingMethods are the methods in operations on method settings.
var settingMethods = []string{"*", "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// changesMethodSetting reports whether the operation sets a method setting or removes all settings of a method. The
// resource's path is one token, the method one and the setting two.
func (o patchOperation) changesMethodSetting() bool {
	tokens := o.tokens()
	all := o.Op == "remove" && len(tokens) == 2
	return (all || len(tokens) == 4) && slices.Contains(settingMethods, tokens[1])
}

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	"CreateStage": call.BoundOf("BadRequestException", "stageName", 128, call.WordDash),
}

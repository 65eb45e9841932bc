package apigateway

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// settingKey is the key under which AWS shows the settings of a method, "~1items~1{id}/GET", from the
// emulator's, "/items/{id}/GET": the slashes of the resource's path are escaped, as in what set them.
func settingKey(emulated string) string {
	end := strings.LastIndex(emulated, "/")
	if end < 0 {
		return emulated
	}
	return strings.ReplaceAll(emulated[:end], "/", "~1") + emulated[end:]
}

// cleanStage puts a stage's settings of methods under AWS's keys, and drops the empty access log settings
// that the emulator answers for a stage that has none.
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

// updateStage changes a stage, unless an operation names a method in a way that AWS does not understand.
// The emulator takes the slashes of a path escaped or not, so a program that left them be would come up
// here and fail there.
// https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html#UpdateStage-Patch
func (s *Service) updateStage(x *call.Exchange) error {
	body, err := x.ReadBody()
	if err != nil {
		return err
	}
	var request struct{ PatchOperations []patchOperation }
	if err := call.Decode(body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	for _, o := range request.PatchOperations {
		if !o.changesStage() && !o.changesMethodSetting() {
			return x.Reject(http.StatusBadRequest, "BadRequestException", "Invalid method setting path: "+o.Path)
		}
	}
	if slices.ContainsFunc(request.PatchOperations, patchOperation.logs) {
		set, err := s.hasLogRole(x.Request.Context())
		if err != nil {
			return err
		}
		if !set {
			return x.Reject(http.StatusBadRequest, "BadRequestException", NoLogRole)
		}
	}
	return s.show(stages)(x)
}

// stageMembers begin the paths of operations that do not name a method.
var stageMembers = []string{
	"accessLogSettings", "cacheClusterEnabled", "cacheClusterSize", "canarySettings", "clientCertificateId",
	"deploymentId", "description", "documentationVersion", "tracingEnabled", "variables",
}

// namesStage says whether the operation is on the stage itself.
func (o patchOperation) changesStage() bool { return slices.Contains(stageMembers, o.tokens()[0]) }

// settingMethods follow the resource's path in an operation on the settings of a method.
var settingMethods = []string{"*", "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

// namesMethod says whether the operation is on a setting of a method, or removes all of them: the path
// of the resource is one step, the method one, and a setting two.
func (o patchOperation) changesMethodSetting() bool {
	steps := o.tokens()
	all := o.Op == "remove" && len(steps) == 2
	return (all || len(steps) == 4) && slices.Contains(settingMethods, steps[1])
}

// bounds are those of the calls that give something its physical name, of the API reference.
var bounds = map[string]call.BoundedCall{
	"CreateStage": call.BoundOf("BadRequestException", "stageName", 128, call.WordDash),
}

package apigateway

import "testing"

func TestAnOperationOnAStageNamesAMethodWithTheSlashesOfItsPathEscaped(t *testing.T) {
	for _, c := range []struct {
		name, op, path string
		taken          bool
	}{
		{"a setting of a method", "replace", "/~1items~1{id}/PUT/throttling/rateLimit", true},
		{"a setting of a method, slashes as they are", "replace", "/items/{id}/PUT/throttling/rateLimit", false},
		{"a setting of a method, the first slash as it is", "replace", "//items~1{id}/PUT/throttling/rateLimit", false},
		{"a setting below a resource that is called like a method", "replace", "/items/GET/PUT/throttling/rateLimit", false},
		{"a setting of a method at the root", "replace", "/~1/GET/logging/loglevel", true},
		{"a setting of all methods", "replace", "/*/*/metrics/enabled", true},
		{"all settings of a method", "remove", "/~1items~1{id}/PUT", true},
		{"all settings of a method, slashes as they are", "remove", "/items/{id}/PUT", false},
		{"all settings of a method at four steps, slashes as they are", "remove", "/items/{id}/tags/PUT", false},
		{"all settings of all methods", "remove", "/*/*", true},
		{"a method, but nothing of it", "replace", "/~1items~1{id}/PUT", false},
		{"a variable that is called like a method", "remove", "/variables/GET", true},
		{"the deployment", "replace", "/deploymentId", true},
		{"a part of the access log", "replace", "/accessLogSettings/format", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := patchOperation{Op: c.op, Path: c.path}
			if taken := o.changesStage() || o.changesMethodSetting(); taken != c.taken {
				t.Errorf("taken: %v, want %v", taken, c.taken)
			}
		})
	}
}

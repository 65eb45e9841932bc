package apigateway

import "testing"

func TestAPatchOperationOnAStageMustEscapeTheMethodsPath(t *testing.T) {
	for _, c := range []struct {
		name, op, path string
		valid          bool
	}{
		{"a setting of a method", "replace", "/~1items~1{id}/PUT/throttling/rateLimit", true},
		{"a setting of a method, slashes not escaped", "replace", "/items/{id}/PUT/throttling/rateLimit", false},
		{"a setting of a method, the first slash not escaped", "replace", "//items~1{id}/PUT/throttling/rateLimit", false},
		{"a setting under a resource that is named like a method", "replace", "/items/GET/PUT/throttling/rateLimit", false},
		{"a setting of a method at the root", "replace", "/~1/GET/logging/loglevel", true},
		{"a setting of all methods", "replace", "/*/*/metrics/enabled", true},
		{"all settings of a method", "remove", "/~1items~1{id}/PUT", true},
		{"all settings of a method, slashes not escaped", "remove", "/items/{id}/PUT", false},
		{"all settings of a method with four tokens, slashes not escaped", "remove", "/items/{id}/tags/PUT", false},
		{"all settings of all methods", "remove", "/*/*", true},
		{"a method without a setting", "replace", "/~1items~1{id}/PUT", false},
		{"a variable that is named like a method", "remove", "/variables/GET", true},
		{"the deployment", "replace", "/deploymentId", true},
		{"a member of the access log settings", "replace", "/accessLogSettings/format", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := patchOperation{Op: c.op, Path: c.path}
			if got := o.changesStage() || o.changesMethodSetting(); got != c.valid {
				t.Errorf("valid: %v, want %v", got, c.valid)
			}
		})
	}
}

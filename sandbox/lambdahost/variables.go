package lambdahost

import (
	"maps"
	"slices"
	"strconv"
)

// variables returns the complete environment of a function's process, without the daemon's. The function's variables
// are overridden by the reserved ones (developer guide, "Defined runtime environment variables") and the platform's.
func (e *environment) variables(taskRoot, address string, c Credentials) []string {
	f := e.function
	all := map[string]string{
		"LANG": "en_US.UTF-8",
		"PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"TZ":   ":UTC",
	}
	maps.Copy(all, f.Environment)
	maps.Copy(all, map[string]string{
		"_HANDLER":                        f.Handler,
		"AWS_REGION":                      e.host.config.Region,
		"AWS_DEFAULT_REGION":              e.host.config.Region,
		"AWS_ACCESS_KEY_ID":               c.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY":           c.SecretAccessKey,
		"AWS_SESSION_TOKEN":               c.SessionToken,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     f.Version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_LOG_GROUP_NAME":       f.LogGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME":      e.log.line.Stream,
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_RUNTIME_API":          address,
		"AWS_XRAY_CONTEXT_MISSING":        "LOG_ERROR",
		"LAMBDA_TASK_ROOT":                taskRoot,
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"TMPDIR":                          e.scratch,
	})
	maps.Copy(all, e.host.config.Platform)
	if !f.VPC {
		maps.Copy(all, e.host.config.Internet)
	}
	list := make([]string, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		list = append(list, key+"="+all[key])
	}
	return list
}

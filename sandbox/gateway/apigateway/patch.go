package apigateway

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// patchOperation is one operation of an API Gateway Update call.
type patchOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value"`
}

// The members of API Gateway resources that are not strings. All values in patch
// operations are strings.
var (
	patchLists    = []string{"apiStages", "binaryMediaTypes", "types", "vpcEndpointIds", "stageKeys"}
	patchBooleans = []string{"disableExecuteApiEndpoint", "enabled"}
	patchNumbers  = []string{"burstLimit", "limit", "minimumCompressionSize", "offset", "rateLimit"}
)

// tokens splits the operation's path into at least one token.
func (o patchOperation) tokens() []string {
	tokens := strings.Split(strings.TrimPrefix(o.Path, "/"), "/")
	for i, token := range tokens {
		tokens[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
	}
	return tokens
}

// apply applies the operation to the object.
func (o patchOperation) apply(object map[string]any) error {
	tokens := o.tokens()
	for len(tokens) > 1 && !slices.Contains(patchLists, tokens[0]) {
		child, ok := object[tokens[0]].(map[string]any)
		if !ok {
			child = map[string]any{}
			object[tokens[0]] = child
		}
		object, tokens = child, tokens[1:]
	}
	member := tokens[0]
	switch {
	case member == "apiStages":
		return o.applyToStages(object, tokens[1:])
	case slices.Contains(patchLists, member):
		object[member] = o.applyToList(object[member], tokens[1:])
	case o.Op == "remove":
		delete(object, member)
	default:
		value, err := patchValue(member, o.Value)
		if err != nil {
			return fmt.Errorf("invalid value %q for %s: %w", o.Value, o.Path, err)
		}
		object[member] = value
	}
	return nil
}

func patchValue(member, value string) (any, error) {
	if slices.Contains(patchBooleans, member) {
		return strconv.ParseBool(value)
	}
	if slices.Contains(patchNumbers, member) {
		return strconv.ParseFloat(value, 64)
	}
	return value, nil
}

// applyToList adds, removes or replaces an element of a list of strings. The
// element is the last token of the path, by name or by index, or else the value.
func (o patchOperation) applyToList(current any, tokens []string) []any {
	list, _ := current.([]any)
	list = slices.Clone(list)
	element := o.Value
	if len(tokens) > 0 {
		element = tokens[0]
	}
	at := slices.Index(list, any(element))
	if i, err := strconv.Atoi(element); err == nil && i >= 0 && i < len(list) {
		at = i
	}
	switch {
	case o.Op == "remove" && at >= 0:
		return slices.Delete(list, at, at+1)
	case o.Op == "replace" && at >= 0 && o.Value != "":
		list[at] = o.Value
	case o.Op != "remove" && at < 0:
		if o.Op == "replace" && o.Value != "" {
			element = o.Value
		}
		return append(list, element)
	}
	return list
}

// applyToStages changes a usage plan's stages: the value or the first token of
// the path is "<api id>:<stage>", further tokens name a member of its throttle.
func (o patchOperation) applyToStages(plan map[string]any, tokens []string) error {
	list, _ := plan["apiStages"].([]any)
	name := o.Value
	if len(tokens) > 0 {
		name = tokens[0]
	}
	api, stage, ok := strings.Cut(name, ":")
	if !ok {
		return fmt.Errorf("invalid API stage %q in %s: must be <api id>:<stage>", name, o.Path)
	}
	at := slices.IndexFunc(list, func(item any) bool {
		s, _ := item.(map[string]any)
		return s["apiId"] == api && s["stage"] == stage
	})
	switch {
	case o.Op == "remove" && len(tokens) <= 1 && at >= 0:
		list = slices.Delete(slices.Clone(list), at, at+1)
	case o.Op != "remove" && at < 0:
		list = append(slices.Clone(list), map[string]any{"apiId": api, "stage": stage})
		at = len(list) - 1
	}
	plan["apiStages"] = list
	if len(tokens) < 2 || at < 0 {
		return nil
	}
	target, _ := list[at].(map[string]any)
	return o.applyToThrottle(target, tokens[2:])
}

// applyToThrottle changes the method throttles of a stage. A method's key
// ("/items/{id}/GET") may be one token or several.
func (o patchOperation) applyToThrottle(stage map[string]any, tokens []string) error {
	methods, _ := stage["throttle"].(map[string]any)
	if methods == nil {
		methods = map[string]any{}
	}
	stage["throttle"] = methods
	if len(tokens) == 0 {
		delete(stage, "throttle")
		return nil
	}
	last := len(tokens) - 1
	if tokens[last] != "rateLimit" && tokens[last] != "burstLimit" {
		delete(methods, strings.Join(tokens, "/"))
		return nil
	}
	method := strings.Join(tokens[:last], "/")
	limits, _ := methods[method].(map[string]any)
	if limits == nil {
		limits = map[string]any{}
	}
	value, err := patchValue(tokens[last], o.Value)
	if err != nil {
		return fmt.Errorf("invalid value %q for %s: %w", o.Value, o.Path, err)
	}
	limits[tokens[last]] = value
	methods[method] = limits
	return nil
}

package bridge

import (
	"maps"
	"strings"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// foldStatements makes WAF's nested statements refer to a rule's statement type.
// Upstream unrolls the recursion to a fixed depth, with thousands of types. In the
// SDK the statements of an and, or or not statement have the outermost type.
func foldStatements(spec *schema.PackageSpec) {
	for token, object := range spec.Types {
		statements, ok := object.Properties["statements"]
		if !ok || statements.Items == nil || !strings.HasPrefix(token, "aws:wafv2/") {
			continue
		}
		name := token[strings.LastIndex(token, ":")+1:]
		owner, _, _ := strings.Cut(name, "Statement")
		outermost := owner + "Statement"
		statements.Items.Ref = "#/types/aws:wafv2/" + outermost + ":" + outermost
	}
	dropUnreachable(spec)
}

// dropUnreachable removes the types to which nothing refers any more.
func dropUnreachable(spec *schema.PackageSpec) {
	found := reachable{spec: spec, types: map[string]bool{}}
	found.properties(spec.Config.Variables)
	found.resource(spec.Provider)
	for _, resource := range spec.Resources {
		found.resource(resource)
	}
	for _, function := range spec.Functions {
		if function.Inputs != nil {
			found.properties(function.Inputs.Properties)
		}
		if function.ReturnType != nil && function.ReturnType.ObjectTypeSpec != nil {
			found.properties(function.ReturnType.ObjectTypeSpec.Properties)
		}
		if function.Outputs != nil {
			found.properties(function.Outputs.Properties)
		}
	}
	maps.DeleteFunc(spec.Types, func(token string, _ schema.ComplexTypeSpec) bool { return !found.types[token] })
}

// reachable collects the types that are referred to, directly or not.
type reachable struct {
	spec  *schema.PackageSpec
	types map[string]bool
}

func (r *reachable) resource(resource schema.ResourceSpec) {
	r.properties(resource.InputProperties)
	r.properties(resource.Properties)
	if resource.StateInputs != nil {
		r.properties(resource.StateInputs.Properties)
	}
}

func (r *reachable) properties(properties map[string]schema.PropertySpec) {
	for _, property := range properties {
		r.visit(&property.TypeSpec)
	}
}

func (r *reachable) visit(spec *schema.TypeSpec) {
	if spec == nil {
		return
	}
	r.visit(spec.Items)
	r.visit(spec.AdditionalProperties)
	for i := range spec.OneOf {
		r.visit(&spec.OneOf[i])
	}
	token, ok := strings.CutPrefix(spec.Ref, "#/types/")
	if !ok || r.types[token] {
		return
	}
	r.types[token] = true
	if object, ok := r.spec.Types[token]; ok {
		r.properties(object.Properties)
	}
}

package apigateway

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
)

// modelName is the form of a model's name.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
var modelName = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// unsupportedKeywords are the keywords of a schema for which imports were seen to fail. API Gateway's models are of JSON Schema
// draft 4, which has none of them.
// https://github.com/awslabs/aws-api-gateway-developer-portal/issues/571 (example)
// https://github.com/aws/aws-cdk/issues/14585 ($id)
// https://github.com/clouddrove/terraform-aws-api-gateway/issues/30 (dependentRequired)
var unsupportedKeywords = []string{"$id", "dependentRequired", "example"}

// checkModels rejects the schemas that an import cannot make models of.
func checkModels(document map[string]any) error {
	components, _ := document["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	if document["swagger"] != nil {
		schemas, _ = document["definitions"].(map[string]any)
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		found := keywordsOf(schemas[name])
		switch {
		case !modelName.MatchString(name):
			problems = append(problems, fmt.Errorf("unable to create model for '%s': the name must be alphanumeric", name))
		case len(found) > 0:
			problems = append(problems, fmt.Errorf("unable to create model for '%s': invalid model schema specified, unsupported keyword(s): %q", name, found))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("errors found during import: %w", errors.Join(problems...))
}

// keywordsOf are the unsupported keywords in a schema, sorted. A property may have the name of a keyword.
func keywordsOf(schema any) []string {
	found := map[string]bool{}
	var walk func(any)
	each := func(schemas any) {
		members, _ := schemas.(map[string]any)
		for _, member := range members {
			walk(member)
		}
	}
	walk = func(schema any) {
		switch schema := schema.(type) {
		case []any:
			for _, one := range schema {
				walk(one)
			}
		case map[string]any:
			for keyword, value := range schema {
				switch {
				case slices.Contains(unsupportedKeywords, keyword):
					found[keyword] = true
				case keyword == "properties":
					each(value)
				case keyword != "enum" && keyword != "default":
					walk(value)
				}
			}
		}
	}
	walk(schema)
	return slices.Sorted(maps.Keys(found))
}

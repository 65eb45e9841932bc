package contract

import (
	"fmt"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/oasdiff/oasdiff/load"
)

// breaking are changes that oasdiff reports only on request, and that docs/explanation/versioning.md excludes.
var breaking = map[string]checker.Level{
	"response-non-success-status-removed": checker.ERR,
	"api-operation-id-removed":            checker.ERR,
}

// breakingChanges returns the changes from the released contract that can break its clients, each with the operation that
// it is of.
func breakingChanges(released, current []byte) ([]string, error) {
	base, err := parse("the released contract", released)
	if err != nil {
		return nil, err
	}
	revision, err := parse("the contract", current)
	if err != nil {
		return nil, err
	}
	differences, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), base, revision)
	if err != nil {
		return nil, fmt.Errorf("compare the contract with the released one: %w", err)
	}
	config := checker.NewConfig(checker.GetAllChecks(), checker.WithSeverityLevels(breaking))
	var all []string
	for _, change := range checker.CheckBackwardCompatibility(config, differences, sources) {
		all = append(all, fmt.Sprintf("%s %s: %s [%s]", change.GetOperation(), change.GetPath(), change.GetUncolorizedText(checker.NewDefaultLocalizer()), change.GetId()))
	}
	return all, nil
}

func parse(name string, text []byte) (*load.SpecInfo, error) {
	document, err := load.NewSpecInfoFromData(openapi3.NewLoader(), text, name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return document, nil
}

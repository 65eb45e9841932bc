package audit

import (
	"bytes"
	_ "embed"
	"fmt"
	"path"
	"strings"

	"gopkg.in/yaml.v3"
)

// acceptedText is reviewed like code: each entry says why its finding stays.
//
//go:embed accepted.yaml
var acceptedText []byte

// acceptance lets findings be.
type acceptance struct {
	// Rule and Stack are names; no Stack means every one.
	Rule  string `yaml:"rule"`
	Stack string `yaml:"stack"`
	// Resource is a pattern (path.Match) of the resource's name, What a part of the finding; no What
	// means every one.
	Resource string `yaml:"resource"`
	What     string `yaml:"what"`
	Reason   string `yaml:"reason"`
}

// shortestReason keeps a reason from being a formality.
const shortestReason = 20

func parseAccepted(text []byte) ([]acceptance, error) {
	in := yaml.NewDecoder(bytes.NewReader(text))
	in.KnownFields(true)
	var list []acceptance
	if err := in.Decode(&list); err != nil {
		return nil, fmt.Errorf("accepted.yaml: %w", err)
	}
	known := map[string]bool{useRule: true}
	for _, rule := range rules {
		known[rule.name] = true
	}
	for i, a := range list {
		if !known[a.Rule] || a.Resource == "" || len(a.Reason) < shortestReason {
			return nil, fmt.Errorf("accepted.yaml: entry %d needs a known rule, a resource and a reason of at least %d characters", i+1, shortestReason)
		}
		if _, err := path.Match(a.Resource, ""); err != nil {
			return nil, fmt.Errorf("accepted.yaml: entry %d: %q: %w", i+1, a.Resource, err)
		}
	}
	return list, nil
}

func (a acceptance) covers(stack string, f Finding) bool {
	_, name, _ := strings.Cut(f.Resource, " ")
	matches, err := path.Match(a.Resource, name)
	return err == nil && matches && a.Rule == f.Rule && (a.Stack == "" || a.Stack == stack) && strings.Contains(f.What, a.What)
}

// settle parts the findings into those that are open and the number of the accepted ones.
func settle(stack string, found []Finding) (open []Finding, accepted int, err error) {
	list, err := parseAccepted(acceptedText)
	if err != nil {
		return nil, 0, err
	}
	for _, f := range found {
		if isAccepted(list, stack, f) {
			accepted++
		} else {
			open = append(open, f)
		}
	}
	return open, accepted, nil
}

func isAccepted(list []acceptance, stack string, f Finding) bool {
	for _, a := range list {
		if a.covers(stack, f) {
			return true
		}
	}
	return false
}

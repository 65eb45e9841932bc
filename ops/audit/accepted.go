package audit

import (
	"bytes"
	_ "embed"
	"fmt"
	"path"
	"regexp"
	"slices"
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
	// Resource is a pattern (path.Match) of the resource's name, What parts of the findings, in whole
	// words; no What means every one.
	Resource string `yaml:"resource"`
	What     texts  `yaml:"what"`
	Reason   string `yaml:"reason"`
}

// texts is a text or a list of texts.
type texts []string

// UnmarshalYAML takes either form.
func (t *texts) UnmarshalYAML(value *yaml.Node) error {
	var one string
	if value.Kind == yaml.ScalarNode {
		err := value.Decode(&one)
		*t = texts{one}
		return err
	}
	return value.Decode((*[]string)(t))
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
	return err == nil && matches && a.Rule == f.Rule && (a.Stack == "" || a.Stack == stack) &&
		(len(a.What) == 0 || slices.ContainsFunc(a.What, func(what string) bool { return says(f.What, what) }))
}

// says whether the finding holds the text, not as a part of a longer word.
func says(finding, text string) bool {
	return regexp.MustCompile(`(^|[\s":/])` + regexp.QuoteMeta(text) + `([\s",.:]|$)`).MatchString(finding)
}

// settled is a finding with the reason why it stays; none: it is open.
type settled struct {
	Finding
	reason string
}

// settle finds the reason of each finding.
func settle(list []acceptance, stack string, found []Finding) []settled {
	all := make([]settled, len(found))
	for i, f := range found {
		all[i] = settled{f, f.reason}
		for _, a := range list {
			if a.covers(stack, f) {
				all[i].reason = a.Reason
			}
		}
	}
	return all
}

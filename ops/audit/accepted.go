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

// acceptedText is reviewed like code: each entry says why its finding is accepted.
//
//go:embed accepted.yaml
var acceptedText []byte

// acceptance is an entry: findings that are accepted, with the reason.
type acceptance struct {
	// Rule and Stack are names; no Stack means every one.
	Rule  string `yaml:"rule"`
	Stack string `yaml:"stack"`
	// Resource is a pattern (path.Match) of the resource's name, What parts of findings in whole words; no What
	// means every finding.
	Resource string `yaml:"resource"`
	What     texts  `yaml:"what"`
	Reason   string `yaml:"reason"`
}

// texts is a string or a list of strings.
type texts []string

// UnmarshalYAML accepts either form.
func (t *texts) UnmarshalYAML(value *yaml.Node) error {
	var one string
	if value.Kind == yaml.ScalarNode {
		err := value.Decode(&one)
		*t = texts{one}
		return err
	}
	return value.Decode((*[]string)(t))
}

// minReason is the least length of a reason in characters, so that it explains something.
const minReason = 20

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
		if !known[a.Rule] || a.Resource == "" || len(a.Reason) < minReason {
			return nil, fmt.Errorf("accepted.yaml: entry %d needs a known rule, a resource and a reason of at least %d characters", i+1, minReason)
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
		(len(a.What) == 0 || slices.ContainsFunc(a.What, func(what string) bool { return contains(f.What, what) }))
}

// contains reports whether the finding contains the text, not as a part of a longer word.
func contains(finding, text string) bool {
	return regexp.MustCompile(`(^|[\s":/])` + regexp.QuoteMeta(text) + `([\s",.:]|$)`).MatchString(finding)
}

// judged is a finding with the reason why it is accepted; "": it is open.
type judged struct {
	Finding
	reason string
}

// accept finds the reason of each finding: that of an entry, else that of a rule.
func accept(list []acceptance, stack string, found []Finding) []judged {
	all := make([]judged, len(found))
	for i, f := range found {
		all[i] = judged{f, f.reason}
		for _, a := range list {
			if a.covers(stack, f) {
				all[i].reason = a.Reason
			}
		}
	}
	return all
}

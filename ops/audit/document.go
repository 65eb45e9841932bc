package audit

import (
	"encoding/json"
	"slices"

	"github.com/didomi/serverless-api/ops/graph"
)

// statement is one of a policy document.
type statement struct {
	Sid, Effect                              string
	Principal                                any
	Action, NotAction, Resource, NotResource oneOrMany
	Condition                                map[string]any
}

// oneOrMany is what IAM accepts as a string or a list of strings.
type oneOrMany []string

// UnmarshalJSON accepts either form.
func (o *oneOrMany) UnmarshalJSON(text []byte) error {
	var one string
	if err := json.Unmarshal(text, &one); err == nil {
		*o = oneOrMany{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// parseDocument reads a policy. known is false for a value that is not known before the update. A value that is no
// policy has no statements.
func parseDocument(value any) (_ []statement, known bool) {
	text, _ := value.(string)
	if text == graph.Unknown {
		return nil, false
	}
	var many struct{ Statement []statement }
	if err := json.Unmarshal([]byte(text), &many); err == nil {
		return many.Statement, true
	}
	var one struct{ Statement statement }
	if err := json.Unmarshal([]byte(text), &one); err == nil {
		return []statement{one.Statement}, true
	}
	return nil, true
}

// everyone reports whether the principal is everyone.
func (s statement) everyone() bool {
	switch principal := s.Principal.(type) {
	case string:
		return principal == "*"
	case map[string]any:
		for _, one := range principal {
			if list, ok := one.([]any); one == "*" || ok && slices.Contains(list, any("*")) {
				return true
			}
		}
	}
	return false
}

// limiting are the condition keys that narrow "everyone" to a known account, resource or VPC.
var limiting = []string{
	"aws:SourceAccount", "aws:SourceArn", "aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID",
	"aws:ResourceAccount", "aws:SourceVpc", "aws:SourceVpce", "AWS:SourceOwner", "AWS:SourceAccount", "kms:CallerAccount",
}

// limited reports whether a condition narrows the principals of the statement.
func (s statement) limited() bool {
	for _, keys := range s.Condition {
		object, _ := keys.(map[string]any)
		for key := range object {
			if slices.Contains(limiting, key) {
				return true
			}
		}
	}
	return false
}

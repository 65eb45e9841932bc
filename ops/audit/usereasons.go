package audit

import (
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
)

// deployPolicies is in the names of the deploy role's policies. The reasons in this file apply to them only: other
// policies need an entry in accepted.yaml for each grant that is not used as granted.
const deployPolicies = "-iam-deploy-"

// reason is why a grant of the deploy role stays although it was not used as granted; "" if that takes an entry of
// accepted.yaml.
func (l grantUses) reason(key grant, e *grantUse, components []string) string {
	switch {
	case !strings.Contains(key.policy, deployPolicies):
		return ""
	case key.kind == "resource":
		return byComponent(key, components)
	case len(e.actions) > 0:
		return ""
	}
	if tagging := taggingOf(key.what); l.used(e.owner, tagging) {
		return fmt.Sprintf("It removes a tag that has left the stack's settings. Tags are set by %s, which was used; the stacks of the test lose none.", tagging)
	}
	if creation := l.creationOf(e.owner, key.what); creation != "" {
		return fmt.Sprintf("It updates what %s creates, which was used. The test changes settings; this takes a change of the program.", creation)
	}
	return ""
}

// byComponent explains a granted resource that is a component's name with a wildcard.
func byComponent(key grant, components []string) string {
	for _, component := range components {
		if strings.HasSuffix(key.what, component+"-*") && strings.Count(key.what, "*") == 1 {
			return "Permissions are granted by component: a new resource under its name needs no new permission, and so no administrator. Nothing of another stack has such a name."
		}
	}
	return ""
}

// components are the names of the stacks' components, as all stacks have them.
func components(stacks []*graph.Graph) []string {
	var names []string
	for _, g := range stacks {
		for _, r := range g.Resources {
			if !r.Custom && strings.HasPrefix(r.Type, g.Project+":") && strings.Contains(common(g, r.Name), "-"+anyStack+"-") {
				names = append(names, common(g, r.Name))
			}
		}
	}
	return names
}

// taggingOf is the action that sets the tags which an action removes: of lambda:UntagResource
// lambda:TagResource; "" where it removes none.
func taggingOf(action string) string {
	service, name, _ := strings.Cut(action, ":")
	for _, pair := range []struct{ removes, sets string }{{"Untag", "Tag"}, {"RemoveTagsFrom", "AddTagsTo"}, {"DeleteTags", "CreateTags"}} {
		if rest, ok := strings.CutPrefix(name, pair.removes); ok {
			return service + ":" + pair.sets + rest
		}
	}
	return ""
}

// creationOf is the owner's used action that creates what an action updates: of rds:ModifyDBProxy
// rds:CreateDBProxy, of kms:UpdateKeyDescription kms:CreateKey; "" where there is none.
func (l grantUses) creationOf(owner *graph.Resource, action string) string {
	service, name, _ := strings.Cut(action, ":")
	longest := ""
	for _, verb := range []string{"Update", "Modify", "Replace"} {
		updated, ok := strings.CutPrefix(name, verb)
		for key := range l {
			created, creates := strings.CutPrefix(key.what, service+":Create")
			if ok && creates && len(key.what) > len(longest) && strings.HasPrefix(updated, created) && l.used(owner, key.what) {
				longest = key.what
			}
		}
	}
	return longest
}

// used reports whether the owner has used the action by one of its policies.
func (l grantUses) used(owner *graph.Resource, action string) bool {
	for key, e := range l {
		if key.kind == "action" && key.what == action && e.owner == owner && len(e.actions) > 0 {
			return true
		}
	}
	return false
}

package audit

import (
	"strings"
	"testing"
)

func TestAnAcceptedFindingHasAReason(t *testing.T) {
	if _, err := parseAccepted(acceptedText); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"no reason":       {`[{rule: tags, resource: a, what: b}]`, "entry 1 needs a known rule"},
		"a short reason":  {`[{rule: tags, resource: a, what: b, reason: because}]`, "reason of at least 20 characters"},
		"an unknown rule": {`[{rule: tag, resource: a, what: b, reason: a reason that is long enough}]`, "needs a known rule"},
		"a bad pattern":   {`[{rule: tags, resource: "[", what: b, reason: a reason that is long enough}]`, "syntax error in pattern"},
		"an unknown key":  {`[{rule: tags, resource: a, what: b, why: a reason that is long enough}]`, "field why not found"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parseAccepted([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestAnAcceptanceCoversWhatItNamesAndNothingElse(t *testing.T) {
	a := acceptance{Rule: "tags", Stack: "dev", Resource: "*-vpc", What: texts{"no tag", "not a tag"}}
	f := Finding{Rule: "tags", Resource: "aws:ec2/vpc:Vpc didomi-dev-network-vpc", What: "has no tag purpose"}
	if !a.covers("dev", f) {
		t.Fatal("the acceptance does not cover its finding")
	}
	for name, change := range map[string]func(*string, *Finding){
		"another stack":    func(stack *string, _ *Finding) { *stack = "prod" },
		"another rule":     func(_ *string, f *Finding) { f.Rule = "names" },
		"another resource": func(_ *string, f *Finding) { f.Resource += "2" },
		"another finding":  func(_ *string, f *Finding) { f.What = "is public" },
		"a longer word":    func(_ *string, f *Finding) { f.What = "has no tags" },
	} {
		t.Run(name, func(t *testing.T) {
			stack, other := "dev", f
			change(&stack, &other)
			if a.covers(stack, other) {
				t.Errorf("it covers %+v of %s", other, stack)
			}
		})
	}
}

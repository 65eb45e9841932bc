package serviceauth

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// Administrators copy docs/scp.json. The end-to-end test restricts the deploy roles by it.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html has the size. The AWS CLI
// keeps white space, which counts.
// https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_syntax.html
func TestTheServiceControlPolicyIsWithinAWSsLimits(t *testing.T) {
	const longest = 5120
	text, err := os.ReadFile("../../docs/scp.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > longest {
		t.Errorf("%d characters, AWS allows %d", len(text), longest)
	}
	var document struct {
		Version   string
		Statement []iampolicy.Statement
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if document.Version != "2012-10-17" || len(document.Statement) == 0 {
		t.Errorf("version %s, %d statements", document.Version, len(document.Statement))
	}
	for _, s := range document.Statement {
		if s.Effect != "Deny" || len(s.Action) == 0 || len(s.Resource) != 1 || s.Resource[0] != "*" || len(s.Condition) == 0 {
			t.Errorf("%s is not a Deny statement with a condition: %+v", s.Sid, s)
		}
	}
	for _, problem := range load(t).Check([]Policy{{Name: "docs/scp.json", Statements: document.Statement}}) {
		t.Error(problem)
	}
}

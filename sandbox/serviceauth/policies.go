package serviceauth

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// Policy is a policy document of the stack.
type Policy struct {
	Name       string
	Statements []iampolicy.Statement
	// Owners are the users and roles to which the policy is attached; none for a boundary, a trust policy and the
	// policy of a resource.
	Owners []string
}

// resource is one of a Pulumi state.
type resource struct {
	URN    string         `json:"urn"`
	Type   string         `json:"type"`
	ID     string         `json:"id"`
	Inputs map[string]any `json:"inputs"`
}

// properties are the inputs with a policy, by type.
var properties = map[string]string{
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyDocument",
	"aws:ec2/vpcEndpoint:VpcEndpoint":                    "policy", "aws:iam/policy:Policy": "policy", "aws:iam/role:Role": "assumeRolePolicy",
	"aws:iam/rolePolicy:RolePolicy": "policy", "aws:iam/userPolicy:UserPolicy": "policy", "aws:kms/key:Key": "policy",
	"aws:s3/bucketPolicy:BucketPolicy": "policy", "aws:sns/topicPolicy:TopicPolicy": "policy",
}

// FromState reads the policies from the output of `pulumi stack export`.
func FromState(state io.Reader) ([]Policy, error) {
	var export struct {
		Deployment struct {
			Resources []resource `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.NewDecoder(state).Decode(&export); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	attached := map[string][]string{}
	for _, r := range export.Deployment.Resources {
		if r.Type == "aws:iam/rolePolicyAttachment:RolePolicyAttachment" {
			arn := r.text("policyArn")
			attached[arn] = append(attached[arn], r.text("role"))
		}
	}
	var policies []Policy
	for _, r := range export.Deployment.Resources {
		property, ok := properties[r.Type]
		if !ok || r.text(property) == "" {
			continue
		}
		statements, err := iampolicy.Parse(r.text(property))
		if err != nil {
			return nil, fmt.Errorf("read the policy of %s: %w", r.name(), err)
		}
		owners := attached[r.ID]
		if r.Type == "aws:iam/rolePolicy:RolePolicy" || r.Type == "aws:iam/userPolicy:UserPolicy" {
			owners = []string{r.text("role") + r.text("user")}
		}
		policies = append(policies, Policy{r.name(), statements, slices.Clone(owners)})
	}
	return policies, nil
}

// name is the logical name.
func (r resource) name() string { return r.URN[strings.LastIndex(r.URN, ":")+1:] }

func (r resource) text(property string) string {
	text, _ := r.Inputs[property].(string)
	return text
}

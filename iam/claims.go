package iam

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/internal/config"
)

// gitLabCom is the one GitLab for whose tokens AWS has condition keys other than aud, sub and amr.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_sts.html
const gitLabCom = "gitlab.com"

// The claims of which GitLab composes a token's subject.
// https://docs.gitlab.com/api/projects/ (ci_id_token_sub_claim_components)
const (
	claimProjectPath          = "project_path"
	claimProjectID            = "project_id"
	claimRefType              = "ref_type"
	claimRef                  = "ref"
	claimRefProtected         = "ref_protected"
	claimEnvironmentProtected = "environment_protected"
	claimDeploymentTier       = "deployment_tier"
)

var (
	// optionalClaims may follow project, kind of ref and ref.
	optionalClaims  = []string{claimRefProtected, claimEnvironmentProtected, claimDeploymentTier}
	deploymentTiers = []string{"production", "staging", "testing", "development", "other"}
	// deploySources are the pipelines of the branch that deploys: of a merge, of a schedule, and those that a
	// person starts, which GitLab allows only to those who may merge to it. A merge request's pipeline is none
	// of them, though its token names the source branch: a merge request from main into another branch would
	// otherwise run with main's token, and with merged results main's token would run the other branch's code.
	deploySources = []string{"push", "schedule", "web"}
)

// claimProblems requires that a token of a merge request's pipeline is never accepted as one of the branch
// that deploys.
func (c Config) claimProblems() []config.FieldError {
	if c.OIDC == oidcOff {
		return nil
	}
	problems := c.subClaimProblems()
	byID := slices.Contains(c.SubClaims, claimProjectID)
	if c.ProjectID < 0 || byID && c.ProjectID == 0 {
		problems = append(problems, config.FieldError{
			Key: "projectId", Value: config.Quote(strconv.Itoa(c.ProjectID)), MustBe: "the project's number, as its page in GitLab shows it; 0 only where subClaims lack project_id",
		})
	}
	if c.ProjectID > 0 && c.host() != gitLabCom && !byID {
		problems = append(problems, config.FieldError{
			Key: "projectId", Value: config.Quote(strconv.Itoa(c.ProjectID)),
			MustBe: "0, or subClaims must begin with project_id: from tokens of another GitLab than gitlab.com AWS reads the number in the subject alone",
		})
	}
	named := slices.Contains(c.SubClaims, claimDeploymentTier)
	if named {
		problems = append(problems, config.OneOf("deploymentTier", c.DeploymentTier, deploymentTiers...)...)
	} else if c.DeploymentTier != "" {
		problems = append(problems, config.FieldError{
			Key: "deploymentTier", Value: config.Quote(c.DeploymentTier), MustBe: "empty, or subClaims must contain deployment_tier: AWS reads the tier in the subject alone",
		})
	}
	return problems
}

// subClaimProblems requires the order with which the preview role's pattern covers every branch and nothing
// else of the project.
func (c Config) subClaimProblems() []config.FieldError {
	wrong := func(want string) []config.FieldError {
		return []config.FieldError{{Key: "subClaims", Value: config.Quote(strings.Join(c.SubClaims, ",")), MustBe: want}}
	}
	if len(c.SubClaims) < 3 || (c.SubClaims[0] != claimProjectPath && c.SubClaims[0] != claimProjectID) ||
		c.SubClaims[1] != claimRefType || c.SubClaims[2] != claimRef {
		return wrong("project_path or project_id, ref_type, ref, in this order, and then any of " + strings.Join(optionalClaims, ", "))
	}
	seen := map[string]bool{}
	for _, claim := range c.SubClaims[3:] {
		if seen[claim] || !slices.Contains(optionalClaims, claim) {
			return wrong("a list with any of " + strings.Join(optionalClaims, ", ") + " after ref, each once")
		}
		seen[claim] = true
	}
	if c.host() != gitLabCom && !seen[claimRefProtected] {
		return wrong(fmt.Sprintf("a list with %s, set in GitLab too (ci_id_token_sub_claim_components, docs/how-to/set-up-gitlab.md): from tokens of %s AWS reads the subject alone, and without it the token of any merge request from %s could deploy",
			claimRefProtected, c.host(), c.DeployRef))
	}
	return nil
}

// subject is the `sub` of a token of a job that may deploy from the ref. GitLab joins names and values.
func (c Config) subject(ref string) string {
	values := map[string]string{
		claimProjectPath: c.ProjectPath, claimProjectID: strconv.Itoa(c.ProjectID), claimRefType: "branch", claimRef: ref,
		claimRefProtected: "true", claimEnvironmentProtected: "true", claimDeploymentTier: c.DeploymentTier,
	}
	var parts []string
	for _, claim := range c.SubClaims {
		parts = append(parts, claim+":"+values[claim])
	}
	return strings.Join(parts, ":")
}

// everyBranch is the pattern of the subjects of the project's branches, whatever follows the ref.
func (c Config) everyBranch() string {
	c.SubClaims = c.SubClaims[:3]
	return c.subject("*")
}

// ofProject is what every token of the project's jobs has.
func (c Config) ofProject() map[string]any {
	equal := map[string]any{c.host() + ":aud": c.audience()}
	if c.host() == gitLabCom && c.ProjectID > 0 {
		equal[gitLabCom+":"+claimProjectID] = strconv.Itoa(c.ProjectID)
	}
	return equal
}

// previews is the condition of the role that previews: a job of any branch of the project.
func (c Config) previews() map[string]any {
	return map[string]any{"StringEquals": c.ofProject(), "StringLike": map[string]any{c.host() + ":sub": c.everyBranch()}}
}

// deploys is the condition of the role that deploys: a job of the one branch, which is protected.
func (c Config) deploys() map[string]any {
	equal := c.ofProject()
	equal[c.host()+":sub"] = c.subject(c.DeployRef)
	if c.host() == gitLabCom {
		equal[gitLabCom+":"+claimRefProtected] = "true"
		equal[gitLabCom+":pipeline_source"] = deploySources
	}
	return map[string]any{"StringEquals": equal}
}

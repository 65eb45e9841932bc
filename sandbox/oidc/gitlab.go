package oidc

import (
	"slices"
	"strconv"
	"strings"
)

// Project has the settings of a GitLab project on which the tokens of its jobs depend.
type Project struct {
	// URL is the instance's URL: issuer and audience of the tokens.
	URL, Path string
	ID        int
	// SubClaims are ci_id_token_sub_claim_components; nil: GitLab's default.
	SubClaims []string
	// Protected are the names of the protected branches.
	Protected []string
	// ProtectRequests is protect_merge_request_pipelines.
	ProtectRequests bool
}

// MergeRequest is the CI_PIPELINE_SOURCE of merge request pipelines.
const MergeRequest = "merge_request_event"

// Job is a job of a pipeline of the project.
type Job struct {
	// Source is CI_PIPELINE_SOURCE.
	Source string
	// Ref is the branch or the tag; in a merge request pipeline, the source branch.
	Ref string
	Tag bool
	// Target is the merge request's target branch.
	Target string
	// Fork is the path of the merge request's source project; empty: this project.
	Fork string
	// Tier is the deployment tier of the job's environment; empty: the job has none.
	Tier                 string
	EnvironmentProtected bool
}

// Claims returns the claims of GitLab's token for the job. In a merge request pipeline, ref is the source branch. The
// token is the same for that branch's commit and for its merge with the target (merged results, merge train).
// https://docs.gitlab.com/ci/secrets/id_token_authentication/#token-payload
// https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/ci/jwt.rb (ci_claims, source_project)
// https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/gitlab/ci/jwt_v2.rb (sub)
func (p Project) Claims(j Job) Claims {
	id, path := p.ID, p.Path
	if j.Fork != "" {
		id, path = p.ID+1, j.Fork // since 18.2.2, https://gitlab.com/gitlab-org/gitlab/-/issues/548165
	}
	kind, full := "branch", "refs/heads/"
	if j.Tag {
		kind, full = "tag", "refs/tags/"
	}
	claims := Claims{
		"iss": p.URL, "aud": p.URL, "project_id": strconv.Itoa(id), "project_path": path, "pipeline_source": j.Source,
		"ref": j.Ref, "ref_type": kind, "ref_path": full + j.Ref, "ref_protected": strconv.FormatBool(p.protects(j)),
	}
	if j.Tier != "" {
		claims["deployment_tier"], claims["environment_protected"] = j.Tier, strconv.FormatBool(j.EnvironmentProtected)
	}
	claims["sub"] = p.subject(claims)
	return claims
}

// protects reports whether GitLab treats the pipeline's ref as protected. For a merge request pipeline, the project must
// have enabled that, and both branches must be protected branches of the project.
// https://gitlab.com/gitlab-org/gitlab/-/merge_requests/188008
func (p Project) protects(j Job) bool {
	if j.Source != MergeRequest {
		return !j.Tag && slices.Contains(p.Protected, j.Ref)
	}
	return p.ProtectRequests && j.Fork == "" && slices.Contains(p.Protected, j.Ref) && slices.Contains(p.Protected, j.Target)
}

// subject joins the names and values of the chosen claims, without those that the token lacks. All values are strings,
// also the project's ID.
func (p Project) subject(claims Claims) string {
	chosen := p.SubClaims
	if chosen == nil {
		chosen = []string{"project_path", "ref_type", "ref"}
	}
	var parts []string
	for _, name := range chosen {
		if value, ok := claims[name].(string); ok {
			parts = append(parts, name+":"+value)
		}
	}
	return strings.Join(parts, ":")
}

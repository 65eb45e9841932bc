package preflight

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/gitlab"
	"github.com/didomi/serverless-api/ops/graph"
)

// gitLab looks whether the project is set up as docs/how-to/set-up-gitlab.md says: what keeps the deploy role from
// others than the branch that deploys is GitLab's settings.
func gitLab(ctx context.Context, _ *account, g *graph.Graph) ([]Finding, error) {
	project, err := gitlab.FromJob(os.Getenv)
	if err != nil {
		return nil, fmt.Errorf("the project's settings in GitLab: %w", err)
	}
	settings, err := project.Settings(ctx)
	if err != nil {
		return nil, fmt.Errorf("the project's settings in GitLab: %w", err)
	}
	v := view{project: project, settings: settings, trusted: tokensOf(g), stack: g.Stack, environment: protectsData(g)}
	v.readSettings()
	v.subject()
	err = errors.Join(v.version(ctx), v.branch(ctx), v.protection(ctx), v.variables(ctx), v.environments(ctx), v.jobTokens(ctx))
	if len(v.unseen) > 0 {
		v.found = append(v.found, Finding{State: NotChecked, What: "GitLab does not show this token, or its plan has not: " + strings.Join(v.unseen, ", "),
			Do: "run ops preflight once, and after every change of the project's settings, with the token of a maintainer in GITLAB_TOKEN, CI_API_V4_URL and CI_PROJECT_ID (docs/how-to/set-up-gitlab.md)"})
	}
	if err != nil {
		return v.found, fmt.Errorf("the project's settings in GitLab: %w", err)
	}
	return v.found, nil
}

// view is what is seen of the project.
type view struct {
	project  *gitlab.Project
	settings map[string]any
	trusted  tokens
	stack    string
	// environment says that the stack's environment is to be protected.
	environment bool
	found       []Finding
	unseen      []string
}

// wrong reports a deviation. It is said what would follow of it, where it is set, and how.
func (v *view) wrong(what, do string, values ...any) {
	v.found = append(v.found, Finding{What: fmt.Sprintf(what, values...), Do: do})
}

// seen says whether something was shown; an error that says otherwise than that it was not is returned.
func (v *view) seen(what string, err error) (bool, error) {
	if errors.Is(err, gitlab.ErrHidden) {
		v.unseen = append(v.unseen, what)
		return false, nil
	}
	return err == nil, err
}

// setting is one field of the project with the values that are right; the first is to be set.
type setting struct {
	field string
	right []any
	// follows is what a wrong value leads to, where is its place in GitLab.
	follows, where string
}

const requests, pipelines = "Settings, Merge requests", "Settings, CI/CD, General pipelines"

// settings are GitLab's fields of a project. https://docs.gitlab.com/api/projects/
var settings = []setting{
	{"merge_pipelines_enabled", []any{false}, "merged results pipelines are on: a merge request from the branch that deploys into somebody's own branch runs that one's code with a token that names the branch that deploys", requests},
	{"merge_trains_enabled", []any{false}, "merge trains are on: they run merged results", requests},
	{"merge_method", []any{"ff"}, "merges are no fast-forwards: what is deployed is then not what was previewed", requests},
	{"only_allow_merge_if_pipeline_succeeds", []any{true}, "a merge request whose review failed can be merged", requests},
	{"allow_merge_on_skipped_pipeline", []any{false, nil}, "a merge request whose pipeline was skipped can be merged", requests},
	{"visibility", []any{"private", "internal"}, "the project is public: notes of merge requests show every input of the stacks", "Settings, General, Visibility"},
	{"ci_config_path", []any{"", nil, ".gitlab-ci.yml"}, "pipelines are not those of .gitlab-ci.yml, which reviews see", pipelines},
	{"ci_allow_fork_pipelines_to_run_in_parent_project", []any{false}, "a member can run a stranger's code with the project's variables", "the Projects API alone"},
	{"ci_separated_caches", []any{true}, "jobs of any branch fill the caches of the jobs that deploy", pipelines},
	{"ci_forward_deployment_enabled", []any{true}, "an older deployment can undo a newer one", pipelines},
	{"ci_pipeline_variables_minimum_override_role", []any{"maintainer", "owner", "no_one_allowed"}, "developers can give a pipeline variables of their own", "Settings, CI/CD, Variables"},
	{"ci_push_repository_for_job_token_allowed", []any{false}, "a job can push to the repository", "Settings, CI/CD, Job token permissions"},
}

func (v *view) readSettings() {
	for _, s := range settings {
		value, shown := v.settings[s.field]
		if !shown {
			v.unseen = append(v.unseen, s.field)
			continue
		}
		if !slices.Contains(s.right, value) {
			v.wrong("%s (%s is %v)", fmt.Sprintf("%s; or by the Projects API %s=%v", s.where, s.field, s.right[0]), s.follows, s.field, value)
		}
	}
}

// version looks whether a fork's merge request gets a token of this project.
// https://gitlab.com/gitlab-org/gitlab/-/issues/548165
func (v *view) version(ctx context.Context) error {
	version, err := v.project.Version(ctx)
	if ok, err := v.seen("GitLab's version", err); !ok {
		return err
	}
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return fmt.Errorf("GitLab's version is %q: %w", version, err)
	}
	if slices.Compare([]int{major, minor, patch}, []int{18, 2, 2}) < 0 {
		v.wrong("GitLab is %s: before 18.2.2 a fork's merge request gets a token for this project's branch of the same name", "update GitLab", version)
	}
	return nil
}

// branch looks at the branch that deploys as every reader of the repository sees it.
func (v *view) branch(ctx context.Context) error {
	if name, shown := v.settings["default_branch"]; shown && v.trusted.branch != "" && name != v.trusted.branch {
		v.wrong("the default branch is %v, and the deploy role is for %s: no job of the pipeline could deploy", "Settings, Repository, Branch defaults; or didomi:iam deployRef", name, v.trusted.branch)
	}
	branch, err := v.project.Branch(ctx, v.deploying())
	if ok, err := v.seen("the branch "+v.deploying(), err); !ok {
		return err
	}
	const where = "Settings, Repository, Protected branches: nobody pushes, maintainers merge, no force push"
	switch {
	case !branch.Protected:
		v.wrong("the branch %s is not protected: whoever may push deploys", where, v.deploying())
	case branch.DevelopersPush:
		v.wrong("developers push to the branch %s, and so deploy what nobody has reviewed", where, v.deploying())
	case branch.DevelopersMerge:
		v.wrong("developers merge to the branch %s, and so deploy", where, v.deploying())
	}
	return nil
}

// protection looks at the rule of the branch, which is shown to fewer.
func (v *view) protection(ctx context.Context) error {
	rule, err := v.project.Protection(ctx, v.deploying())
	if ok, err := v.seen("the rule that protects the branch "+v.deploying(), err); !ok {
		return err
	}
	const where = "Settings, Repository, Protected branches: allowed to push and merge: no one; allowed to force push: off"
	for _, push := range rule.Push {
		if push.Level > 0 {
			v.wrong("some may push to the branch %s (push_access_levels has %d), and so deploy what nobody has reviewed", where, v.deploying(), push.Level)
		}
	}
	if rule.ForcePush {
		v.wrong("the branch %s can be force-pushed (allow_force_push), so what was deployed can vanish from it", where, v.deploying())
	}
	return nil
}

// subject compares what GitLab makes a token's subject of with what the deploy role wants.
func (v *view) subject() {
	const field = "ci_id_token_sub_claim_components"
	set, shown := v.settings[field].([]any)
	if len(v.trusted.claims) == 0 {
		return // no token is taken
	}
	if !shown {
		v.unseen = append(v.unseen, field)
		return
	}
	var claims []string
	for _, claim := range set {
		claims = append(claims, fmt.Sprint(claim))
	}
	if !slices.Equal(claims, v.trusted.claims) {
		v.wrong("the subject of the project's tokens is made of %s, and the deploy role takes %s (%s)",
			fmt.Sprintf("by the Projects API %s[]=%s; or didomi:iam subClaims", field, strings.Join(v.trusted.claims, "&"+field+"[]=")),
			strings.Join(claims, ", "), strings.Join(v.trusted.claims, ", "), field)
	}
}

// variables looks whether jobs of every branch get what is for those that deploy.
func (v *view) variables(ctx context.Context) error {
	variables, err := v.project.Variables(ctx)
	if ok, err := v.seen("which variables are protected and masked", err); !ok {
		return err
	}
	for _, variable := range variables {
		protected := strings.HasPrefix(variable.Key, "ACCEPT_")
		for _, end := range []string{"_DEPLOY_ROLE", "_CI_KEY_ID", "_CI_KEY_SECRET"} {
			protected = protected || strings.HasSuffix(variable.Key, end)
		}
		if protected && !variable.Protected {
			v.wrong("the variable %s is not protected: jobs of every branch read it", "Settings, CI/CD, Variables: Protect variable", variable.Key)
		}
		if masked := variable.Key == "GITLAB_TOKEN" || strings.HasSuffix(variable.Key, "_CI_KEY_SECRET"); masked && !variable.Masked {
			v.wrong("the variable %s is not masked: jobs can print it", "Settings, CI/CD, Variables: Masked", variable.Key)
		}
	}
	return nil
}

// environments looks whether only some may deploy a stack whose data is protected.
func (v *view) environments(ctx context.Context) error {
	names, err := v.project.ProtectedEnvironments(ctx)
	if ok, err := v.seen("protected environments", err); !ok {
		return err
	}
	if v.environment && !slices.Contains(names, v.stack) {
		v.found = append(v.found, Finding{State: Warning, What: "the environment " + v.stack + " is not protected: whoever may merge may deploy it",
			Do: "Settings, CI/CD, Protected environments"})
	}
	return nil
}

// jobTokens looks whether other projects' jobs get at this one.
func (v *view) jobTokens(ctx context.Context) error {
	limited, err := v.project.InboundLimited(ctx)
	if ok, err := v.seen("which projects' job tokens get at this one", err); !ok {
		return err
	}
	if !limited {
		v.wrong("job tokens of every project get at this one (inbound_enabled is false)", "Settings, CI/CD, Job token permissions: only this project and those in the allowlist")
	}
	return nil
}

// deploying is the branch that deploys.
func (v *view) deploying() string {
	if v.trusted.branch != "" {
		return v.trusted.branch
	}
	name, _ := v.settings["default_branch"].(string)
	return name
}

// tokens are those that the deploy role takes: of which branch, and what their subject is made of. Both are
// empty where it takes none.
type tokens struct {
	branch string
	claims []string
}

// tokensOf reads the trust policy of the role that deploys, the one that takes one subject and no pattern.
func tokensOf(g *graph.Graph) tokens {
	for _, role := range g.ByType("aws:iam/role:Role") {
		var document struct {
			Statement []struct {
				Condition map[string]map[string]any
			}
		}
		if json.Unmarshal([]byte(role.Text("assumeRolePolicy")), &document) != nil {
			continue // not known yet
		}
		for _, statement := range document.Statement {
			for key, value := range statement.Condition["StringEquals"] {
				if subject, ok := value.(string); ok && strings.HasSuffix(key, ":sub") {
					return parseSubject(subject)
				}
			}
		}
	}
	return tokens{}
}

// parseSubject takes a subject apart: names and values by turns, none of which has a colon.
func parseSubject(subject string) tokens {
	var t tokens
	parts := strings.Split(subject, ":")
	for i := 0; i+1 < len(parts); i += 2 {
		t.claims = append(t.claims, parts[i])
		if parts[i] == "ref" {
			t.branch = parts[i+1]
		}
	}
	return t
}

// protectsData says whether the stack has anything that Pulumi refuses to delete.
func protectsData(g *graph.Graph) bool {
	return slices.ContainsFunc(g.Resources, func(r graph.Resource) bool { return r.Protect })
}

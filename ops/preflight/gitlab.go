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
	"github.com/didomi/serverless-api/ops/types"
)

// gitLab checks that the project is set up as docs/how-to/set-up-gitlab.md says: GitLab's settings restrict the deploy
// role to the branch that deploys.
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
		v.found = append(v.found, Finding{State: NotChecked, What: "not readable with this token, or not in GitLab's plan: " + strings.Join(v.unseen, ", "),
			Do: "run ops preflight once, and after every change of the project's settings, with the token of a maintainer in GITLAB_TOKEN, CI_API_V4_URL and CI_PROJECT_ID (docs/how-to/set-up-gitlab.md)"})
	}
	if err != nil {
		return v.found, fmt.Errorf("the project's settings in GitLab: %w", err)
	}
	return v.found, nil
}

// view is the project as the token's user sees it.
type view struct {
	project  *gitlab.Project
	settings map[string]any
	trusted  tokens
	stack    string
	// environment: the stack's environment must be protected.
	environment bool
	found       []Finding
	unseen      []string
}

// wrong reports a deviation: its consequence, and where and how to set it.
func (v *view) wrong(what, do string, values ...any) {
	v.found = append(v.found, Finding{What: fmt.Sprintf(what, values...), Do: do})
}

// seen reports whether something could be read; it returns any error but that of a hidden setting.
func (v *view) seen(what string, err error) (bool, error) {
	if errors.Is(err, gitlab.ErrHidden) {
		v.unseen = append(v.unseen, what)
		return false, nil
	}
	return err == nil, err
}

// setting is a field of the project with its accepted values; the first is the one to set.
type setting struct {
	field string
	right []any
	// follows is the consequence of a wrong value, where its place in GitLab.
	follows, where string
}

const requests, pipelines = "Settings, Merge requests", "Settings, CI/CD, General pipelines"

// settings are GitLab's fields of a project. https://docs.gitlab.com/api/projects/
var settings = []setting{
	{"merge_pipelines_enabled", []any{false}, "merged results pipelines are on: a merge request from the branch that deploys into another branch runs the other's code with a token of the branch that deploys", requests},
	{"merge_trains_enabled", []any{false}, "merge trains are on: they run merged results", requests},
	{"merge_method", []any{"ff"}, "merges are no fast-forwards: the deployed commit is then not the previewed one", requests},
	{"only_allow_merge_if_pipeline_succeeds", []any{true}, "a merge request whose review failed can be merged", requests},
	{"allow_merge_on_skipped_pipeline", []any{false, nil}, "a merge request whose pipeline was skipped can be merged", requests},
	{"visibility", []any{"private", "internal"}, "the project is public: notes of merge requests show every input of the stacks", "Settings, General, Visibility"},
	{"ci_config_path", []any{"", nil, ".gitlab-ci.yml"}, "pipelines are not those of .gitlab-ci.yml, which reviews see", pipelines},
	{"ci_allow_fork_pipelines_to_run_in_parent_project", []any{false}, "a member can run a fork's code with the project's variables", "the Projects API alone"},
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

// version checks that a fork's merge request gets no token of this project.
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

// branch checks the branch that deploys, by the fields that every reader of the repository may read.
func (v *view) branch(ctx context.Context) error {
	if name, shown := v.settings["default_branch"]; shown && v.trusted.branch != "" && name != v.trusted.branch {
		v.wrong("the default branch is %v, and the deploy role trusts %s: no job of the pipeline can deploy", "Settings, Repository, Branch defaults; or <project>:iam deployRef", name, v.trusted.branch)
	}
	branch, err := v.project.Branch(ctx, v.deploying())
	if ok, err := v.seen("the branch "+v.deploying(), err); !ok {
		return err
	}
	const where = "Settings, Repository, Protected branches: no one pushes, maintainers merge, no force push"
	switch {
	case !branch.Protected:
		v.wrong("the branch %s is not protected: anyone who may push deploys", where, v.deploying())
	case branch.DevelopersPush:
		v.wrong("developers can push to the branch %s, and so deploy without review", where, v.deploying())
	case branch.DevelopersMerge:
		v.wrong("developers can merge into the branch %s, and so deploy", where, v.deploying())
	}
	return nil
}

// protection checks the branch's protection rule, which fewer tokens may read.
func (v *view) protection(ctx context.Context) error {
	rule, err := v.project.Protection(ctx, v.deploying())
	if ok, err := v.seen("the rule that protects the branch "+v.deploying(), err); !ok {
		return err
	}
	const where = "Settings, Repository, Protected branches: allowed to push and merge: no one; allowed to force push: off"
	for _, push := range rule.Push {
		if push.Level > 0 {
			v.wrong("users can push to the branch %s (push_access_levels has %d), and so deploy without review", where, v.deploying(), push.Level)
		}
	}
	if rule.ForcePush {
		v.wrong("the branch %s can be force-pushed (allow_force_push), so deployed commits can be removed from it", where, v.deploying())
	}
	return nil
}

// subject compares the claims in a token's subject with those that the deploy role requires.
func (v *view) subject() {
	const field = "ci_id_token_sub_claim_components"
	set, shown := v.settings[field].([]any)
	if len(v.trusted.claims) == 0 {
		return // the role trusts no token
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
		v.wrong("the subject of the project's tokens consists of %s, and the deploy role requires %s (%s)",
			fmt.Sprintf("by the Projects API %s[]=%s; or <project>:iam subClaims", field, strings.Join(v.trusted.claims, "&"+field+"[]=")),
			strings.Join(claims, ", "), strings.Join(v.trusted.claims, ", "), field)
	}
}

// variables checks that only jobs that deploy get the variables of deployments.
func (v *view) variables(ctx context.Context) error {
	variables, err := v.project.Variables(ctx)
	if ok, err := v.seen("which variables are protected and masked", err); !ok {
		return err
	}
	for _, variable := range variables {
		protected := strings.HasPrefix(variable.Key, "ACCEPT_")
		for _, end := range []string{"_DEPLOY_ROLE", "_DRILL_ROLE", "_CI_KEY_ID", "_CI_KEY_SECRET"} {
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

// environments checks that the environment of a stack with protected data is protected.
func (v *view) environments(ctx context.Context) error {
	names, err := v.project.ProtectedEnvironments(ctx)
	if ok, err := v.seen("protected environments", err); !ok {
		return err
	}
	if v.environment && !slices.Contains(names, v.stack) {
		v.found = append(v.found, Finding{State: Warning, What: "the environment " + v.stack + " is not protected: anyone who may merge may deploy it",
			Do: "Settings, CI/CD, Protected environments"})
	}
	return nil
}

// jobTokens checks that other projects' job tokens have no access.
func (v *view) jobTokens(ctx context.Context) error {
	limited, err := v.project.InboundLimited(ctx)
	if ok, err := v.seen("which projects' job tokens have access", err); !ok {
		return err
	}
	if !limited {
		v.wrong("job tokens of every project have access to this one (inbound_enabled is false)", "Settings, CI/CD, Job token permissions: only this project and those in the allowlist")
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

// tokens are those that the deploy role trusts: their branch, and the claims in their subject. Both are empty where it
// trusts none.
type tokens struct {
	branch string
	claims []string
}

// tokensOf reads the trust policy of the deploy role, the one with a subject that is no pattern.
func tokensOf(g *graph.Graph) tokens {
	for _, role := range g.ByType(types.Role) {
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

// parseSubject splits a subject: names and values alternate, and none contains a colon.
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

// protectsData reports whether the stack has a resource that Pulumi protects.
func protectsData(g *graph.Graph) bool {
	return slices.ContainsFunc(g.Resources, func(r graph.Resource) bool { return r.Protect })
}

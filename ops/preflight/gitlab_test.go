package preflight

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/gitlab/standin"
	"github.com/didomi/serverless-api/ops/graph"
)

// deployRole is a stack with a role that trusts tokens of one subject, next to one that trusts every branch's.
func deployRole(subject string) *graph.Graph {
	trust := func(operator, subject string) m {
		return m{"assumeRolePolicy": `{"Statement":[{"Action":"sts:AssumeRole"},{"Condition":{"` + operator + `":{"gitlab.com:aud":"https://gitlab.com","gitlab.com:sub":"` + subject + `"}}}]}`}
	}
	const role = "aws:iam/role:Role"
	data := step("same", "aws:rds/cluster:Cluster", "data", m{})
	data.Protect = true
	return stack(step("create", role, "new", m{"assumeRolePolicy": graph.Unknown}),
		step("same", role, "preview", trust("StringLike", "project_path:g/p:ref_type:branch:ref:*")), step("same", role, "deploy", trust("StringEquals", subject)), data)
}

const mainOnly = "project_path:g/p:ref_type:branch:ref:main"

func TestEveryDeviationIsOneLineWithConsequencePlaceAndRemedy(t *testing.T) {
	field := func(name string, value any) func(*standin.Server) {
		return func(s *standin.Server) { s.Shown["/projects/1"].(map[string]any)[name] = value }
	}
	at := func(path, response string) func(*standin.Server) {
		return func(s *standin.Server) { s.Shown[path] = json.RawMessage(response) }
	}
	const branch, protection, variables = "/projects/1/repository/branches/main", "/projects/1/protected_branches/main", "/projects/1/variables"
	for name, test := range map[string]struct {
		change    func(*standin.Server)
		subject   string
		state     State
		what, how string
	}{
		// A merge request's token names its source branch: with merged results the code is another one's.
		// https://docs.gitlab.com/ci/pipelines/merged_results_pipelines/
		"merged results": {field("merge_pipelines_enabled", true), mainOnly, Missing,
			"merged results pipelines are on: a merge request from the branch that deploys into another branch runs the other's code with a token of the branch that deploys (merge_pipelines_enabled is true)",
			"Settings, Merge requests; or by the Projects API merge_pipelines_enabled=false"},
		"merge trains":                   {field("merge_trains_enabled", true), mainOnly, Missing, "(merge_trains_enabled is true)", "merge_trains_enabled=false"},
		"merge commits":                  {field("merge_method", "merge"), mainOnly, Missing, "(merge_method is merge)", "merge_method=ff"},
		"merges of what failed":          {field("only_allow_merge_if_pipeline_succeeds", false), mainOnly, Missing, "whose review failed", "only_allow_merge_if_pipeline_succeeds=true"},
		"merges of what was skipped":     {field("allow_merge_on_skipped_pipeline", true), mainOnly, Missing, "was skipped", "allow_merge_on_skipped_pipeline=false"},
		"a public project":               {field("visibility", "public"), mainOnly, Missing, "the project is public", "visibility=private"},
		"pipelines of another file":      {field("ci_config_path", "https://example.com/ci.yml"), mainOnly, Missing, "(ci_config_path is https://example.com/ci.yml)", "ci_config_path="},
		"pipelines of forks":             {field("ci_allow_fork_pipelines_to_run_in_parent_project", true), mainOnly, Missing, "a fork's code", "ci_allow_fork_pipelines_to_run_in_parent_project=false"},
		"caches of all":                  {field("ci_separated_caches", false), mainOnly, Missing, "fill the caches", "ci_separated_caches=true"},
		"old deployments":                {field("ci_forward_deployment_enabled", false), mainOnly, Missing, "an older deployment", "ci_forward_deployment_enabled=true"},
		"variables of developers":        {field("ci_pipeline_variables_minimum_override_role", "developer"), mainOnly, Missing, "variables of their own", "ci_pipeline_variables_minimum_override_role=maintainer"},
		"jobs that push":                 {field("ci_push_repository_for_job_token_allowed", true), mainOnly, Missing, "can push", "ci_push_repository_for_job_token_allowed=false"},
		"another default branch":         {field("default_branch", "trunk"), mainOnly, Missing, "the default branch is trunk, and the deploy role trusts main", "deployRef"},
		"an old GitLab":                  {at("/version", `{"version":"18.2.1-ee"}`), mainOnly, Missing, "GitLab is 18.2.1-ee: before 18.2.2 a fork's merge request", "update GitLab"},
		"an older GitLab":                {at("/version", `{"version":"17.11.7"}`), mainOnly, Missing, "GitLab is 17.11.7", "update GitLab"},
		"a branch that is not protected": {at(branch, `{"protected":false}`), mainOnly, Missing, "the branch main is not protected", "Protected branches"},
		"developers push":                {at(branch, `{"protected":true,"developers_can_push":true}`), mainOnly, Missing, "developers can push to the branch main", "no one pushes"},
		"developers merge":               {at(branch, `{"protected":true,"developers_can_merge":true}`), mainOnly, Missing, "developers can merge into the branch main", "maintainers merge"},
		"maintainers push":               {at(protection, `{"push_access_levels":[{"access_level":40}]}`), mainOnly, Missing, "push_access_levels has 40", "no one"},
		"force pushes":                   {at(protection, `{"push_access_levels":[],"allow_force_push":true}`), mainOnly, Missing, "can be force-pushed", "off"},
		"a deploy role for every branch": {at(variables, `[{"key":"DEV_DEPLOY_ROLE","protected":false}]`), mainOnly, Missing, "DEV_DEPLOY_ROLE is not protected", "Protect variable"},
		"a key for every branch":         {at(variables, `[{"key":"DEV_CI_KEY_ID","protected":false}]`), mainOnly, Missing, "DEV_CI_KEY_ID is not protected", "Protect variable"},
		"acceptance by every branch":     {at(variables, `[{"key":"ACCEPT_PREVIEW"}]`), mainOnly, Missing, "ACCEPT_PREVIEW is not protected", "Protect variable"},
		"a token that is printed":        {at(variables, `[{"key":"GITLAB_TOKEN"}]`), mainOnly, Missing, "GITLAB_TOKEN is not masked", "Masked"},
		"other projects' jobs":           {at("/projects/1/job_token_scope", `{"inbound_enabled":false}`), mainOnly, Missing, "job tokens of every project", "allowlist"},
		"an unprotected environment":     {at("/projects/1/protected_environments", `[{"name":"other"}]`), mainOnly, Warning, "the environment prod is not protected", "Protected environments"},
		"tokens of another subject than the role's": {field("ci_id_token_sub_claim_components", []string{"project_path", "ref"}), mainOnly, Missing,
			"the subject of the project's tokens consists of project_path, ref, and the deploy role requires project_path, ref_type, ref", "ci_id_token_sub_claim_components[]=project_path&ci_id_token_sub_claim_components[]=ref_type&"},
		"tokens with fewer claims than the role requires": {func(*standin.Server) {}, mainOnly + ":ref_protected:true", Missing, "the deploy role requires project_path, ref_type, ref, ref_protected", "or <project>:iam subClaims"},
	} {
		t.Run(name, func(t *testing.T) {
			server := signedIn(t)
			test.change(server)
			found, err := gitLab(t.Context(), nil, deployRole(test.subject))
			if err != nil || len(found) != 1 {
				t.Fatalf("%v, %v; want one line", found, err)
			}
			state := found[0].State
			if state == "" {
				state = Missing
			}
			if state != test.state || !strings.Contains(found[0].What, test.what) || !strings.Contains(found[0].Do, test.how) {
				t.Errorf("%+v", found[0])
			}
		})
	}
}

func TestAProjectSetUpByTheDocsHasNoDeviation(t *testing.T) {
	signedIn(t)
	if found, err := gitLab(t.Context(), nil, deployRole(mainOnly)); err != nil || found != nil {
		t.Errorf("%v, %v", found, err)
	}
}

func TestAllDeviationsAreListedAtOnce(t *testing.T) {
	server := signedIn(t)
	project := server.Shown["/projects/1"].(map[string]any)
	project["merge_pipelines_enabled"], project["merge_method"] = true, "merge"
	server.Shown["/projects/1/repository/branches/main"] = map[string]any{"protected": false}
	if found, err := gitLab(t.Context(), nil, deployRole(mainOnly)); err != nil || len(found) != 3 {
		t.Errorf("%v, %v; want three", found, err)
	}
}

// A reporter may read the project without its CI/CD settings, the branch, and no rules and variables.
func TestWhatATokenMayNotReadIsNotChecked(t *testing.T) {
	want := []Finding{{State: NotChecked, What: "not readable with this token, or not in GitLab's plan: ci_allow_fork_pipelines_to_run_in_parent_project, ci_separated_caches, " +
		"ci_forward_deployment_enabled, ci_pipeline_variables_minimum_override_role, ci_push_repository_for_job_token_allowed, ci_id_token_sub_claim_components, " +
		"the rule that protects the branch main, which variables are protected and masked, protected environments, which projects' job tokens have access",
		Do: "run ops preflight once, and after every change of the project's settings, with the token of a maintainer in GITLAB_TOKEN, CI_API_V4_URL and CI_PROJECT_ID (docs/how-to/set-up-gitlab.md)"}}
	for name, hide := range map[string]func(*standin.Server){
		"forbidden": (*standin.Server).AsReporter,
		"not found": func(server *standin.Server) {
			for path := range server.Shown {
				if strings.HasPrefix(path, "/projects/1/") && !strings.Contains(path, "branches/main") || strings.Contains(path, "protected_") {
					delete(server.Shown, path)
				}
			}
			project := server.Shown["/projects/1"].(map[string]any)
			for field := range project {
				if strings.HasPrefix(field, "ci_") && field != "ci_config_path" {
					delete(project, field)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := signedIn(t)
			hide(server)
			found, err := gitLab(t.Context(), nil, deployRole(mainOnly))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(found, want) {
				t.Errorf("%+v", found)
			}
		})
	}
}

func TestAProjectThatCannotBeReadIsAnError(t *testing.T) {
	for name, set := range map[string]func(*testing.T, *standin.Server){
		"no token":         func(t *testing.T, _ *standin.Server) { t.Setenv("GITLAB_TOKEN", "") },
		"an invalid token": func(t *testing.T, _ *standin.Server) { t.Setenv("GITLAB_TOKEN", "other") },
		"another project":  func(_ *testing.T, s *standin.Server) { delete(s.Shown, "/projects/1") },
		"an invalid version": func(_ *testing.T, s *standin.Server) {
			s.Shown["/version"] = map[string]any{"version": "next"}
		},
		"an unavailable GitLab": func(_ *testing.T, s *standin.Server) { s.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			set(t, signedIn(t))
			if found, err := gitLab(t.Context(), nil, deployRole(mainOnly)); err == nil || !strings.HasPrefix(err.Error(), "the project's settings in GitLab: ") {
				t.Errorf("%v, %v", found, err)
			}
		})
	}
}

func TestAFailedCallHidesNoOtherDeviation(t *testing.T) {
	server := signedIn(t)
	project := server.Shown["/projects/1"].(map[string]any)
	project["merge_method"] = "merge"
	delete(project, "ci_separated_caches")
	server.Shown["/version"] = map[string]any{"version": "next"}
	found, err := gitLab(t.Context(), nil, deployRole(mainOnly))
	if err == nil || len(found) != 2 || !strings.Contains(found[0].What, "merge_method") || !strings.Contains(found[1].What, "ci_separated_caches") {
		t.Errorf("%v, %v; want a deviation, what is not shown and the error", found, err)
	}
}

func TestWithoutTrustedTokensTheSubjectIsNotChecked(t *testing.T) {
	server := signedIn(t)
	server.Shown["/projects/1"].(map[string]any)["ci_id_token_sub_claim_components"] = []string{"project_path"}
	if found, err := gitLab(t.Context(), nil, stack()); err != nil || found != nil {
		t.Errorf("%v, %v", found, errors.Unwrap(err))
	}
}

// signedIn is a GitLab whose address and token are in the environment.
func signedIn(t *testing.T) *standin.Server {
	t.Helper()
	server := standin.New(t)
	for name, value := range map[string]string{"CI_API_V4_URL": server.URL, "CI_PROJECT_ID": "1", "GITLAB_TOKEN": standin.Token} {
		t.Setenv(name, value)
	}
	return server
}

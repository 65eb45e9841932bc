package standin

import (
	"net/http"
	"strings"
)

// settings are those of a project that is set up as docs/how-to/set-up-gitlab.md describes, as a maintainer sees them.
func (s *Server) settings(project int) map[string]any {
	return map[string]any{
		"/version": map[string]any{"version": "18.7.0-ee"},
		s.project: map[string]any{
			"id": project, "default_branch": "main", "visibility": "private", "merge_method": "ff",
			"merge_pipelines_enabled": false, "merge_trains_enabled": false,
			"only_allow_merge_if_pipeline_succeeds": true, "allow_merge_on_skipped_pipeline": nil, "ci_config_path": nil,
			"ci_allow_fork_pipelines_to_run_in_parent_project": false, "ci_separated_caches": true, "ci_forward_deployment_enabled": true,
			"ci_pipeline_variables_minimum_override_role": "no_one_allowed", "ci_push_repository_for_job_token_allowed": false,
			"ci_id_token_sub_claim_components": []string{"project_path", "ref_type", "ref"},
		},
		s.project + "/repository/branches/main": map[string]any{"protected": true, "developers_can_push": false, "developers_can_merge": false},
		s.project + "/protected_branches/main":  map[string]any{"push_access_levels": []any{map[string]any{"access_level": 0}}, "allow_force_push": false},
		s.project + "/protected_environments":   []any{map[string]any{"name": "prod"}},
		s.project + "/job_token_scope":          map[string]any{"inbound_enabled": true},
		s.project + "/variables": []any{
			map[string]any{"key": "PROD_DEPLOY_ROLE", "protected": true}, map[string]any{"key": "GITLAB_TOKEN", "masked": true},
			map[string]any{"key": "PROD_CI_KEY_SECRET", "protected": true, "masked": true}, map[string]any{"key": "ACCEPT_PREVIEW", "protected": true},
		},
	}
}

// AsReporter makes the server show what a reporter sees: the project without its CI/CD settings, the branch, and
// neither rules nor variables. https://docs.gitlab.com/api/projects/, /branches/ and /version/
func (s *Server) AsReporter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for path := range s.Shown {
		if strings.HasPrefix(path, s.project+"/") && !strings.HasPrefix(path, s.project+"/repository/") {
			s.Shown[path] = Forbidden
		}
	}
	project := s.Shown[s.project].(map[string]any)
	for field := range project {
		if strings.HasPrefix(field, "ci_") && field != "ci_config_path" {
			delete(project, field)
		}
	}
}

// Set changes a setting of the project.
func (s *Server) Set(name string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Shown[s.project].(map[string]any)[name] = value
}

func (s *Server) show(r *http.Request) (int, any) {
	switch shown, known := s.Shown[r.URL.Path]; {
	case !known:
		return missing("")
	case shown == Forbidden:
		return failure(http.StatusForbidden, "Forbidden")
	default:
		return http.StatusOK, shown
	}
}

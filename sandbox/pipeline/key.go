package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/didomi/serverless-api/sandbox/deploy"
)

// withoutOIDC removes GitLab's tokens from prod and gives its jobs the key of its CI user.
func (s *session) withoutOIDC() []step {
	return []step{{"without OIDC jobs sign in with the CI user's key, which is rotated", func(ctx context.Context) error {
		if err := s.propose(ctx, "key", "Sign in with a key", replace("Pulumi.prod.yaml", "stateBucket:", "oidc: \"off\"\n        stateBucket:")); err != nil {
			return err
		}
		if err := s.administerProd(ctx); err != nil {
			return err
		}
		for range 2 { // the first key, and another in its place
			if err := s.rotate(ctx); err != nil {
				return err
			}
		}
		for name, variable := range s.gitlab.Variables() {
			s.runner.Variables[name] = variable.Value
		}
		if err := s.expect(ctx, s.request("key", []string{"preview:prod"}), true); err != nil {
			return err
		}
		if err := s.merged(ctx, "key"); err != nil {
			return err
		}
		return s.expect(ctx, Run{Source: "schedule", Branch: "main", Jobs: []string{"drift:prod"}}, true, "stack prod: no drift")
	}}}
}

// administerProd updates the component iam of prod to the branch's version.
func (s *session) administerProd(ctx context.Context) error {
	content, err := os.ReadFile(filepath.Join(s.runner.Project.dir, "Pulumi.prod.yaml"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(deploy.StackFile(s.layout, "prod"), content, 0o600); err != nil {
		return err
	}
	_, err = bootstrap(ctx, s.stacks["prod"], s.layout.Log("pipeline-roles-prod"))
	return err
}

// rotate runs the command as an administrator does, and checks the keys that remain.
func (s *session) rotate(ctx context.Context) error {
	outputs, err := s.outputs(ctx, "prod")
	if err != nil {
		return err
	}
	vars := deploy.Environment(s.layout, s.runner.Report, s.runner.Region, s.runner.Base)
	vars["CI_PROJECT_ID"] = strconv.Itoa(deploy.ProjectID)
	for _, name := range []string{"CI_API_V4_URL", "GITLAB_TOKEN"} {
		vars[name] = s.runner.Variables[name]
	}
	command := exec.CommandContext(ctx, "go", "run", "./ops", "rotate-key", "--stack", "prod")
	command.Dir, command.Env, command.Stdin = s.layout.Repo, deploy.Inherit(s.layout, vars), bytes.NewReader(outputs)
	printed, err := command.CombinedOutput()
	_, _ = s.out.Write(printed)
	if err != nil {
		return fmt.Errorf("rotate the key: %w", err)
	}
	given := s.gitlab.Variables()
	if bytes.Contains(printed, []byte(given["PROD_CI_KEY_SECRET"].Value)) {
		return fmt.Errorf("the command prints the key")
	}
	user, err := s.output(ctx, "prod", "ciUser")
	if err != nil {
		return err
	}
	left, err := s.keys(ctx, user)
	if err == nil && !slices.Equal(left, []string{given["PROD_CI_KEY_ID"].Value}) {
		err = fmt.Errorf("user %s is left with the keys %v, must be the one in GitLab, %s", user, left, given["PROD_CI_KEY_ID"].Value)
	}
	return err
}

package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/didomi/serverless-api/sandbox/oidc"
)

// reviewJobs are the jobs of a merge request that preview and judge the change.
var reviewJobs = []string{"preview:dev", "preview:prod", "review"}

// mistakes are changes that the pipeline must stop, each in its stage and with a message that says what to do.
func (s *session) mistakes() []step {
	return []step{
		{"a merge request from main into another branch cannot assume the deploy role, and a project with merged results is not deployed", func(ctx context.Context) error {
			return errors.Join(s.borrowed(ctx), s.mergedResults(ctx))
		}},
		{"a widened policy is stopped in the merge request", func(ctx context.Context) error {
			if err := s.propose(ctx, "widened", "Let the function do everything with files", replace("api/function/serving.go", `"s3:GetObject"`, `"s3:*"`)); err != nil {
				return err
			}
			return s.expect(ctx, s.request("widened", reviewJobs), false, "s3:*")
		}},
		{"a replaced cluster is stopped in the merge request until a label accepts it, a protected one in any case", s.replacedCluster},
		{"a locked stack is not updated, and the job names the lock's owner and what to do", s.lockedStack},
		{"a change without a review is not deployed", func(ctx context.Context) error {
			s.last++
			if _, err := s.runner.Project.Change(ctx, "pushed", "Straight to main", replace("lambda/touched.go", "held", "pushed")); err != nil {
				return err
			}
			s.last = 0 // no merge request
			return s.merge(ctx, "pushed", false, true, "not the one that was reviewed", "CI/CD variable ACCEPT_PREVIEW (protected) to")
		}},
		{"a version that fails its smoke test is rolled back, and prod does not change", func(ctx context.Context) error {
			s.last = 90
			return s.broken(ctx, "broken", replace("lambda/handler/items.go", "http.StatusCreated", "http.StatusTeapot"))
		}},
		{"the next bad one is rolled back to the version that served, not to the one before it", func(ctx context.Context) error {
			return s.broken(ctx, "still-broken", replace("lambda/handler/items.go", "http.StatusTeapot", "http.StatusGone"))
		}},
	}
}

// replacedCluster proposes another database name.
func (s *session) replacedCluster(ctx context.Context) error {
	dev, prod := s.dataComponent("dev")+"-cluster", s.dataComponent("prod")+"-cluster"
	if err := s.propose(ctx, "replaced", "Rename the database", renameDatabase); err != nil {
		return err
	}
	if err := s.expect(ctx, s.request("replaced", reviewJobs), false, dev+" would be replaced", "accept-data-loss", "stack prod: there is no preview"); err != nil {
		return err
	}
	return s.noted(1, "The preview of **prod** failed", prod, "Data is lost", dev)
}

// lockedStack deploys a change while another machine has the stack's lock.
func (s *session) lockedStack(ctx context.Context) error {
	if err := s.propose(ctx, "held", "Change the function again", replace("lambda/touched.go", "third", "held")); err != nil {
		return err
	}
	if err := s.expect(ctx, s.request("held", reviewJobs), true); err != nil {
		return err
	}
	release, err := s.hold(ctx, "dev")
	if err != nil {
		return err
	}
	return errors.Join(s.merge(ctx, "held", false, true, "operator@laptop", "pulumi cancel"), release())
}

// borrowed has a merge request's pipeline request the deploy role with a token that names main: with merged results it runs
// the merge of main with the target, which has jobs of its own.
func (s *session) borrowed(ctx context.Context) error {
	edit := replace(".gitlab-ci.yml", "AWS_ROLE_ARN: $DEV_PREVIEW_ROLE", "AWS_ROLE_ARN: $DEV_DEPLOY_ROLE")
	if err := s.propose(ctx, "mine", "Deploy from a merge request", edit); err != nil {
		return err
	}
	run := Run{Source: oidc.MergeRequest, Branch: "mine", From: "main", Target: "mine", Request: s.last, Jobs: []string{"preview:dev"}}
	return s.expect(ctx, run, false, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
}

// mergedResults turns merged results pipelines on, which the preflight reports before anything changes.
func (s *session) mergedResults(ctx context.Context) error {
	const setting = "merge_pipelines_enabled"
	s.gitlab.Set(setting, true)
	defer s.gitlab.Set(setting, false)
	return s.expect(ctx, Run{Source: "push", Branch: "main", Jobs: []string{"deploy:dev"}}, false,
		"missing: gitlab: merged results pipelines are on", "or by the Projects API "+setting+"=false")
}

// broken deploys a defective function and checks which version serves afterwards.
func (s *session) broken(ctx context.Context, branch string, edit func(dir string) error) error {
	before, err := s.serving(ctx, "dev")
	if err != nil {
		return err
	}
	if err := s.propose(ctx, branch, "Break the function", edit); err != nil {
		return err
	}
	if err := s.expect(ctx, s.request(branch, reviewJobs), true); err != nil {
		return err
	}
	if err := s.merge(ctx, branch, false, true, "the smoke test of dev failed"); err != nil {
		return err
	}
	after, err := s.serving(ctx, "dev")
	if err == nil && after != before {
		err = fmt.Errorf("version %s serves, must be %s as before", after, before)
	}
	return err
}

// renameDatabase changes a property that Aurora can change only by creating another cluster. In dev the change also allows
// that, since Pulumi rejects it in every stack that does not.
func renameDatabase(dir string) error {
	return errors.Join(
		replace("Pulumi.dev.yaml", "protect: false", "protect: false\n        allowDeletion: true")(dir),
		replace("Pulumi.dev.yaml", "maxCapacity: 2", "maxCapacity: 2\n            name: other")(dir),
		replace("Pulumi.prod.yaml", "minCapacity:", "name: other\n            minCapacity:")(dir),
	)
}

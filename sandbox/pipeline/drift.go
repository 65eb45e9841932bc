package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// drift returns the steps in which the account differs from the state.
func (s *session) drift() []step {
	look := Run{Source: "schedule", Branch: "main", Jobs: []string{"drift:dev"}}
	return []step{
		{"a scheduled pipeline finds no drift", func(ctx context.Context) error {
			both := Run{Source: "schedule", Branch: "main", Jobs: []string{"drift:dev", "drift:prod"}}
			return s.expect(ctx, both, true, "stack dev: no drift", "stack prod: no drift")
		}},
		{"a scheduled pipeline fails before the support of a version ends", func(ctx context.Context) error {
			century := Run{
				Source: "schedule", Branch: "main", Jobs: []string{"support:dev", "support:prod"},
				Variables: map[string]string{"SUPPORT_WARN_DAYS": "36500"},
			}
			return s.expect(ctx, century, false, "Aurora PostgreSQL", "upgrade: docs/how-to/upgrade-engines.md")
		}},
		{"a schedule that drills restores each database and compares it", func(ctx context.Context) error {
			run := Run{Source: "schedule", Branch: "main", Variables: map[string]string{"DRILL": "true"}, Jobs: []string{"drill:dev", "drill:prod"}}
			return s.expect(ctx, run, true, "didomi-dev-data-cluster-", "didomi-prod-data-cluster-", "recovery point")
		}},
		{"a manual change is reported in an issue", func(ctx context.Context) error {
			bucket, err := s.output(ctx, "dev", "bucket")
			if err != nil {
				return err
			}
			if err := s.setVersioning(ctx, bucket, s3types.BucketVersioningStatusSuspended); err != nil {
				return err
			}
			return errors.Join(s.expect(ctx, look, false), s.drifted("opened", s.dataComponent("dev"), "Suspended"))
		}},
		{"a comparison that fails is not drift and changes no issue", func(ctx context.Context) error {
			blind := look
			blind.Variables = map[string]string{"AWS_TOKEN": "none"}
			return errors.Join(s.expect(ctx, blind, false, "drift is unknown"), s.drifted("opened", "Suspended"))
		}},
		{"the issue's advice undoes it: the default branch's pipeline stops, and reverts the change once it is accepted", s.repair},
		{"the issue is closed once it is undone", func(ctx context.Context) error {
			return errors.Join(s.expect(ctx, look, true, "stack dev: no drift"), s.drifted("closed"))
		}},
	}
}

// repair follows the issue's advice and checks that the account matches the program.
func (s *session) repair(ctx context.Context) error {
	if err := s.drifted("opened", "run the default branch's pipeline", "`deploy:dev`", "`ACCEPT_PREVIEW`", "retry the job"); err != nil {
		return err
	}
	deploy := Run{Source: "push", Branch: "main", Jobs: []string{"deploy:dev"}}
	if err := s.accepted(ctx, deploy, "The account has drifted", s.dataComponent("dev")+"-files: versioningConfiguration.status"); err != nil {
		return err
	}
	bucket, err := s.output(ctx, "dev", "bucket")
	if err != nil {
		return err
	}
	return s.versioned(ctx, bucket)
}

// drifted checks that there is one issue, about dev, in that state and with these words.
func (s *session) drifted(state string, words ...string) error {
	issues := s.gitlab.Issues()
	if len(issues) != 1 || issues[0].Title != "Drift of stack dev" || issues[0].State != state {
		return fmt.Errorf("issues %+v, must be one about dev that is %s", issues, state)
	}
	for _, word := range words {
		if !strings.Contains(issues[0].Description, word) {
			return fmt.Errorf("the issue does not contain %q:\n%s", word, issues[0].Description)
		}
	}
	return nil
}

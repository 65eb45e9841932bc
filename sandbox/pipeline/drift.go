package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// drift is what the scheduled pipeline looks for.
func (s *session) drift() []step {
	look := Run{Source: "schedule", Branch: "main", Jobs: []string{"drift:dev"}}
	return []step{
		{"a scheduled pipeline finds no drift", func(ctx context.Context) error {
			return s.expect(ctx, Run{Source: "schedule", Branch: "main"}, true, "stack dev: no drift", "stack prod: no drift")
		}},
		{"what somebody changes by hand is in an issue", func(ctx context.Context) error {
			bucket, err := s.output(ctx, "dev", "bucket")
			if err != nil {
				return err
			}
			if err := s.setVersioning(ctx, bucket, s3types.BucketVersioningStatusSuspended); err != nil {
				return err
			}
			return errors.Join(s.expect(ctx, look, false), s.drifted("opened", s.dataComponent("dev"), "Suspended"))
		}},
		{"that nobody could look is no drift, and changes no issue", func(ctx context.Context) error {
			blind := look
			blind.Variables = map[string]string{"AWS_TOKEN": "none"}
			return errors.Join(s.expect(ctx, blind, false, "drift is unknown"), s.drifted("opened", "Suspended"))
		}},
		{"what the issue advises undoes it: the default branch's pipeline stops, and repairs what somebody accepts", s.repair},
		{"the issue is closed once it is undone", func(ctx context.Context) error {
			return errors.Join(s.expect(ctx, look, true, "stack dev: no drift"), s.drifted("closed"))
		}},
	}
}

// repair does what the issue says, and looks whether the account is as the program says.
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

// drifted says whether there is one issue, about dev, in that state and with these words.
func (s *session) drifted(state string, words ...string) error {
	issues := s.gitlab.Issues()
	if len(issues) != 1 || issues[0].Title != "Drift of stack dev" || issues[0].State != state {
		return fmt.Errorf("issues %+v, want one about dev that is %s", issues, state)
	}
	for _, word := range words {
		if !strings.Contains(issues[0].Description, word) {
			return fmt.Errorf("the issue does not say %q:\n%s", word, issues[0].Description)
		}
	}
	return nil
}

package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// mistakes are changes that the pipeline must stop, each at its stage and with what to do about it.
func (s *session) mistakes() []step {
	review := []string{"preview:dev", "preview:prod", "review"}
	return []step{
		{"a widened policy is stopped in the merge request", func(ctx context.Context) error {
			if err := s.propose(ctx, "widened", "Let the function do everything with files", replace("api/role.go", `"s3:GetObject"`, `"s3:*"`)); err != nil {
				return err
			}
			return s.expect(ctx, s.request("widened", review), false, "s3:*")
		}},
		{"a replaced cluster is stopped in the merge request until somebody agrees", func(ctx context.Context) error {
			if err := s.propose(ctx, "replaced", "Rename the database", replace("Pulumi.dev.yaml", "maxCapacity: 2", "maxCapacity: 2\n            name: other")); err != nil {
				return err
			}
			if err := s.expect(ctx, s.request("replaced", review), false, "didomi-dev-data-cluster would be replaced", "accept-data-loss"); err != nil {
				return err
			}
			return s.noted(1, "What holds data is lost", "didomi-dev-data-cluster")
		}},
		{"a stack that somebody holds is left alone, and it is said by whom and what to do", func(ctx context.Context) error {
			if err := s.propose(ctx, "held", "Change the function again", replace("lambda/touched.go", "touched", "held")); err != nil {
				return err
			}
			if err := s.expect(ctx, s.request("held", review), true); err != nil {
				return err
			}
			release, err := s.hold(ctx, "dev")
			if err != nil {
				return err
			}
			return errors.Join(s.merge(ctx, "held", false, true, "somebody@laptop", "pulumi cancel"), release())
		}},
		{"what nobody has reviewed is not deployed", func(ctx context.Context) error {
			s.last++
			if _, err := s.runner.Project.Change(ctx, "pushed", "Straight to main", replace("lambda/touched.go", "held", "pushed")); err != nil {
				return err
			}
			s.last = 0 // no merge request
			return s.merge(ctx, "pushed", false, true, "not the one that was reviewed", "ACCEPT_PREVIEW=")
		}},
		{"a version that fails its smoke test is taken back, and prod is not touched", func(ctx context.Context) error {
			s.last = 90
			if err := s.propose(ctx, "broken", "Break the function", breakFunction); err != nil {
				return err
			}
			if err := s.expect(ctx, s.request("broken", review), true); err != nil {
				return err
			}
			return s.merge(ctx, "broken", false, true, "the smoke test of dev failed", "serves the version before")
		}},
	}
}

// breakFunction makes every write of an item fail.
func breakFunction(dir string) error {
	return replace("lambda/handler/items.go", "http.StatusCreated", "http.StatusTeapot")(dir)
}

// hold locks a stack as an update on somebody's machine does.
func (s *session) hold(ctx context.Context, stack string) (release func() error, err error) {
	report := s.runner.Report
	client := s3.New(s3.Options{
		Region: s.runner.Region, BaseEndpoint: aws.String(report.Endpoint), UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(report.AccessKeyID, report.SecretAccessKey, ""),
	})
	bucket := aws.String(s.runner.Base.StateBucket)
	key := aws.String(".pulumi/locks/organization/didomi/" + stack + "/0b0e5e6f-0000-4000-8000-000000000000.json")
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(
		`{"pid":1,"username":"somebody","hostname":"laptop","timestamp":"2026-01-02T03:04:05Z"}`)})
	if err != nil {
		return nil, fmt.Errorf("lock stack %s: %w", stack, err)
	}
	return func() error {
		_, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key})
		return err
	}, nil
}

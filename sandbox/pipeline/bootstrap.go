package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/didomi/serverless-api/sandbox/deploy"
)

// roles are the ARNs of a stack's roles for the pipeline.
type roles struct{ preview, deploy, drill string }

// bootstrap does what docs/how-to/set-up-gitlab.md has an administrator do: create the stack's components iam, keys and
// network, or bring them up to date. The CLI's output goes into the log.
func bootstrap(ctx context.Context, stack *deploy.Stack, log string) (roles, error) {
	file, err := os.Create(log)
	if err != nil {
		return roles{}, fmt.Errorf("create the pipeline's roles in stack %s: %w", stack.Name, err)
	}
	defer func() { _ = file.Close() }()
	args := stack.Args("up", "--yes", "--skip-preview", "--suppress-outputs", "--color", "never",
		"--target", "**"+stack.Project+":iam:IAM**", "--target", "**"+stack.Project+":keys:Keys**", "--target", "**"+stack.Project+":network:Network**")
	if err := stack.Run(ctx, file, nil, args...); err != nil {
		return roles{}, fmt.Errorf("create the pipeline's roles in stack %s: %w (log: %s)", stack.Name, err, log)
	}
	return existingRoles(ctx, stack)
}

// existingRoles reads the roles from the stack's state.
func existingRoles(ctx context.Context, stack *deploy.Stack) (roles, error) {
	var state bytes.Buffer
	if err := stack.Run(ctx, &state, nil, "stack", "export", "--stack", stack.Name, "--non-interactive"); err != nil {
		return roles{}, fmt.Errorf("read stack %s: %w\n%s", stack.Name, err, state.String())
	}
	return readRoles(state.Bytes())
}

// readRoles finds the roles in a state.
func readRoles(state []byte) (roles, error) {
	var export struct {
		Deployment struct {
			Resources []struct {
				URN     string `json:"urn"`
				Type    string `json:"type"`
				Outputs struct {
					ARN string `json:"arn"`
				} `json:"outputs"`
			} `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal(state, &export); err != nil {
		return roles{}, fmt.Errorf("read the state: %w", err)
	}
	var found roles
	for _, r := range export.Deployment.Resources {
		switch {
		case r.Type != "aws:iam/role:Role":
		case strings.HasSuffix(r.URN, "-iam-preview"):
			found.preview = r.Outputs.ARN
		case strings.HasSuffix(r.URN, "-iam-deploy"):
			found.deploy = r.Outputs.ARN
		case strings.HasSuffix(r.URN, "-iam-drill"):
			found.drill = r.Outputs.ARN
		}
	}
	if found.preview == "" || found.deploy == "" || found.drill == "" {
		return found, fmt.Errorf("the state has no roles for the pipeline: %+v", found)
	}
	return found, nil
}

package status

import (
	"context"
	"os/exec"
	"strings"
)

// drift compares the account with the state if --drift is set.
func drift(ctx context.Context, s *stack) ([]Item, error) {
	if !s.drift {
		return []Item{{
			Name: "account", State: NotChecked, What: "the pipeline's job drift:" + s.graph.Stack + " keeps an issue with the last result",
			Do: "run this with --drift",
		}}, nil
	}
	printed, err := s.pulumi(ctx, "refresh", "--preview-only", "--expect-no-changes", "--diff", "--non-interactive", "--stack", s.graph.Stack)
	if err == nil {
		return []Item{{Name: "account", State: OK, What: "it is as the state has it"}}, nil
	}
	if !strings.Contains(printed, "no changes were expected but changes") {
		return nil, err
	}
	return []Item{{
		Name: "account", State: Warning, What: "it differs from the state",
		Do: "pulumi refresh --preview-only --diff --stack " + s.graph.Stack + " prints what; the next update undoes it (docs/decisions/refresh.md)",
	}}, nil
}

func runPulumi(ctx context.Context, args ...string) (string, error) {
	printed, err := exec.CommandContext(ctx, "pulumi", args...).CombinedOutput()
	return string(printed), err
}

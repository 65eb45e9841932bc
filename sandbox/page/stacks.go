package page

import (
	"fmt"
	"path/filepath"
	"regexp"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
)

// outputsName finds the stack in the name of its file of outputs.
var outputsName = regexp.MustCompile(`^outputs\.([A-Za-z0-9_.-]+)\.json$`)

// stacks lists the stacks that are deployed in the account, sorted.
func (p *page) stacks(report daemon.Report) ([]string, error) {
	files, err := filepath.Glob(deploy.OutputsFile(p.layout, "*"))
	if err != nil {
		return nil, fmt.Errorf("find the stacks' outputs: %w", err)
	}
	names := []string{}
	for _, file := range files {
		name := outputsName.FindStringSubmatch(filepath.Base(file))
		if name == nil {
			continue
		}
		out, err := p.outputs(name[1])
		if err != nil {
			return nil, err
		}
		if out.Generation == report.Generation {
			names = append(names, name[1])
		}
	}
	return names, nil
}

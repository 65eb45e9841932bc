package dev

import (
	"context"
	"fmt"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// targets are the functions of a stack.
type targets struct {
	api        string
	migrate    string
	operations []string // those that the command operations has, migrate among them
	names      []string // all
}

// findTargets tells the stack's functions apart by their handlers.
func findTargets(ctx context.Context, l layout.Layout, out deploy.Outputs) (targets, error) {
	var t targets
	list, ok := out.Stacked["functionNames"].([]any)
	if !ok {
		return t, fmt.Errorf("the output functionNames of stack %s is %v; must be a list", out.Stack, out.Stacked["functionNames"])
	}
	for _, item := range list {
		name, ok := item.(string)
		if !ok {
			return t, fmt.Errorf("the output functionNames of stack %s has %v; must be strings", out.Stack, item)
		}
		handler, err := daemon.FunctionHandler(ctx, l, name)
		if err != nil {
			return t, fmt.Errorf("function %s of stack %s: %w", name, out.Stack, err)
		}
		t.names = append(t.names, name)
		switch handler {
		case contract.HandlerAPI:
			t.api = name
			continue
		case contract.HandlerMigrate:
			t.migrate = name
		}
		t.operations = append(t.operations, name)
	}
	if t.api == "" || t.migrate == "" {
		return t, fmt.Errorf("stack %s has no function with the handler %s or none with %s", out.Stack, contract.HandlerAPI, contract.HandlerMigrate)
	}
	return t, nil
}

package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/didomi/serverless-api/sandbox/atomicfile"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// Outputs are the values with which tools use a stack in the sandbox. Their file contains keys, so only its owner can
// read it.
type Outputs struct {
	URL             string            `json:"url"`    // of the API, stage included
	APIKey          string            `json:"apiKey"` // empty if the API requires none
	AWSEndpoint     string            `json:"awsEndpoint"`
	Region          string            `json:"region"`
	AccessKeyID     string            `json:"accessKeyId"` // of the account's administrator
	SecretAccessKey string            `json:"secretAccessKey"`
	Bucket          string            `json:"bucket"` // for large files
	Stack           string            `json:"stack"`
	BackendURL      string            `json:"backendUrl"`
	Pulumi          string            `json:"pulumi"` // path of the CLI
	RestAPIID       string            `json:"restApiId"`
	Stage           string            `json:"stage"`           // of the API
	SecretsProvider string            `json:"secretsProvider"` // for new stacks
	ConfigFile      string            `json:"configFile"`      // for --config-file
	Generation      string            `json:"generation"`      // of the emulated account
	Env             map[string]string `json:"env"`             // for pulumi and every AWS tool
	Stacked         map[string]any    `json:"outputs"`         // all outputs of the stack
}

// OutputsFile is the file with the outputs of a stack, or of the stack deployed last if the name is empty.
func OutputsFile(l layout.Layout, stack string) string {
	if stack == "" {
		return filepath.Join(l.Root, "outputs.json")
	}
	return filepath.Join(l.Root, "outputs."+stack+".json")
}

// WriteOutputs reads the stack's outputs and writes them, with the sandbox's endpoints and keys, to the stack's file and
// to that of the last stack.
func (s *Stack) WriteOutputs(ctx context.Context) (Outputs, error) {
	var text bytes.Buffer
	if err := s.Run(ctx, &text, nil, "stack", "output", "--stack", s.Name, "--json", "--show-secrets", "--non-interactive"); err != nil {
		return Outputs{}, fmt.Errorf("read the stack's outputs: %w\n%s", err, text.String())
	}
	var stacked map[string]any
	if err := json.Unmarshal(text.Bytes(), &stacked); err != nil {
		return Outputs{}, fmt.Errorf("read the stack's outputs: %w", err)
	}
	l := s.Layout
	o := Outputs{
		AWSEndpoint: s.Report.Endpoint, Region: s.Region, Stack: s.Name, BackendURL: s.Base.BackendURL, Pulumi: Program(l),
		AccessKeyID: s.Report.AccessKeyID, SecretAccessKey: s.Report.SecretAccessKey,
		SecretsProvider: s.Base.SecretsProvider, ConfigFile: StackFile(l, s.Name), Generation: s.Report.Generation,
		Env: Environment(l, s.Report, s.Region, s.Base), Stacked: stacked,
	}
	if err := o.fill(); err != nil {
		return o, fmt.Errorf("stack %s: %w", s.Name, err)
	}
	// The stack's own url is a host name that resolves only in the real DNS.
	o.URL = s.Report.API + "/" + o.RestAPIID + "/" + o.Stage
	content, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return o, fmt.Errorf("write the outputs: %w", err)
	}
	for _, stack := range []string{s.Name, ""} {
		if err := atomicfile.Write(OutputsFile(l, stack), append(content, '\n'), 0o600); err != nil {
			return o, err
		}
	}
	return o, nil
}

// fill copies the values that tools need from the stack's outputs.
func (o *Outputs) fill() error {
	for name, field := range map[string]*string{"restApiId": &o.RestAPIID, "stage": &o.Stage, "apiKey": &o.APIKey, "bucket": &o.Bucket} {
		value, ok := o.Stacked[name].(string)
		if !ok || value == "" && name != "apiKey" {
			return fmt.Errorf("its output %q is %v; must be a string", name, o.Stacked[name])
		}
		*field = value
	}
	return nil
}

// ReadOutputs reads the outputs of a deployed stack, or of the last one if the name is empty.
func ReadOutputs(l layout.Layout, stack string) (Outputs, error) {
	var o Outputs
	content, err := os.ReadFile(OutputsFile(l, stack))
	if err != nil {
		return o, fmt.Errorf("read the outputs of the stack: %w", err)
	}
	if err := json.Unmarshal(content, &o); err != nil {
		return o, fmt.Errorf("read the outputs of the stack: %w", err)
	}
	return o, nil
}

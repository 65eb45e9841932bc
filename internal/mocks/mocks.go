package mocks

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// The project and stack of every mocked program.
const (
	Project = "didomi"
	Stack   = "test"
	Region  = "eu-west-1"
	Account = "123456789012"
)

// Mocks configures the mocked engine. The zero value is ready to use.
type Mocks struct {
	// Outputs adds computed outputs by type token. It is called with the resource as registered.
	Outputs map[string]func(Resource) map[string]any
	// Calls returns the results of invokes by token, in place of this package's own.
	Calls map[string]func(args map[string]any) map[string]any
	// Config is the stack's configuration, by full key.
	Config map[string]string
	// Project and Stack are the names of both; Project and Stack unless they are set.
	Project, Stack string
	// Preview leaves everything computed unknown, but for Outputs.
	Preview bool
}

// Run runs the program with the zero Mocks and fails the test when the program fails.
func Run(t *testing.T, program pulumi.RunFunc) *Recorder {
	t.Helper()
	return Mocks{}.Run(t, program)
}

// Run runs the program and fails the test when the program fails.
func (m Mocks) Run(t *testing.T, program pulumi.RunFunc) *Recorder {
	t.Helper()
	r, err := m.Try(program)
	if err != nil {
		t.Fatalf("the program failed: %v", err)
	}
	return r
}

// Try runs the program and returns what it registered until it ended, with its error.
func (m Mocks) Try(program pulumi.RunFunc, opts ...pulumi.RunOption) (*Recorder, error) {
	r := &Recorder{mocks: m}
	setup := func(info *pulumi.RunInfo) {
		info.Config, info.DryRun = m.Config, m.Preview
	}
	opts = append([]pulumi.RunOption{pulumi.WithMocks(cmp.Or(m.Project, Project), cmp.Or(m.Stack, Stack), r), setup}, opts...)
	err := pulumi.RunErr(program, opts...)
	return r, err
}

// Recorder holds what one run registered. It is the pulumi.MockResourceMonitor of that run.
type Recorder struct {
	mocks Mocks

	mu        sync.Mutex
	resources []Resource
}

// NewResource records one registration and returns its outputs.
func (r *Recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	res := newResource(args)
	r.mu.Lock()
	r.resources = append(r.resources, res)
	r.mu.Unlock()

	outputs := args.Inputs.Copy()
	if args.Custom && !r.mocks.Preview {
		outputs["arn"] = resource.NewProperty(arn(args.TypeToken, args.Name))
	}
	more, ok := r.mocks.Outputs[args.TypeToken]
	if !ok && args.ReadRPC != nil {
		more, ok = knownReads[args.TypeToken]
	}
	if ok {
		for key, value := range more(res) {
			outputs[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
		}
	}
	if args.ReadRPC != nil {
		return args.ID, outputs, nil // previews read, too
	}
	if !args.Custom || r.mocks.Preview {
		return "", outputs, nil
	}
	return args.Name + "-id", outputs, nil
}

// Call returns the result of an invoke; an invoke without a mock is an error, so that a test never passes on
// an empty result.
func (r *Recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	answer, ok := r.mocks.Calls[args.Token]
	if !ok {
		answer, ok = knownCalls[args.Token]
	}
	if !ok {
		return nil, fmt.Errorf("mocks: no answer for the invoke %s; add one to Mocks.Calls", args.Token)
	}
	return resource.NewPropertyMapFromMap(answer(args.Args.Mappable())), nil
}

var _ pulumi.MockResourceMonitor = (*Recorder)(nil)

// knownReads are the results for what a program reads and does not create.
var knownReads = map[string]func(Resource) map[string]any{
	"aws:apigateway/account:Account": func(Resource) map[string]any {
		return map[string]any{"cloudwatchRoleArn": "arn:aws:iam::" + Account + ":role/api-gateway-logs"}
	},
}

var knownCalls = map[string]func(map[string]any) map[string]any{
	"aws:index/getRegion:getRegion": func(map[string]any) map[string]any {
		return map[string]any{"id": Region, "name": Region}
	},
	"aws:index/getCallerIdentity:getCallerIdentity": func(map[string]any) map[string]any {
		return map[string]any{"id": Account, "accountId": Account, "arn": "arn:aws:iam::" + Account + ":root"}
	},
	"aws:index/getPartition:getPartition": func(map[string]any) map[string]any {
		return map[string]any{"id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com"}
	},
	"aws:index/getAvailabilityZones:getAvailabilityZones": func(map[string]any) map[string]any {
		return map[string]any{
			"id":      Region,
			"names":   []any{Region + "a", Region + "b", Region + "c", Region + "d"},
			"zoneIds": []any{"euw1-az1", "euw1-az2", "euw1-az3", "euw1-az4"},
		}
	},
	// The subnets of a stack that is not deployed yet.
	"aws:ec2/getSubnets:getSubnets": func(map[string]any) map[string]any {
		return map[string]any{"id": Region, "ids": []any{}}
	},
	"aws:secretsmanager/getRandomPassword:getRandomPassword": func(map[string]any) map[string]any {
		return map[string]any{"id": "password", "randomPassword": GeneratedPassword}
	},
}

// KnownSecrets are the Outputs of a preview in which the ARNs of secrets are known. Pulumi's mocks do not
// support an unknown secret value, such as a password that is generated once its secret exists.
var KnownSecrets = map[string]func(Resource) map[string]any{
	"aws:secretsmanager/secret:Secret": func(res Resource) map[string]any {
		return map[string]any{"arn": arn(res.Type, res.Name)}
	},
}

// GeneratedPassword is what the mocked Secrets Manager generates on every call.
const GeneratedPassword = "generated-0123456789-generated"

// arn is an ARN with the type's service in it: aws:rds/cluster:Cluster gives arn:aws:rds:...
func arn(token, name string) string {
	service := strings.TrimPrefix(token, "aws:")
	if i := strings.IndexAny(service, "/:"); i >= 0 {
		service = service[:i]
	}
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, Region, Account, name)
}

// options copies what a test may check from the registration.
func options(req *pulumirpc.RegisterResourceRequest) Options {
	return Options{
		Protect:             req.GetProtect(),
		RetainOnDelete:      req.GetRetainOnDelete(),
		DeleteBeforeReplace: req.GetDeleteBeforeReplace(),
		IgnoreChanges:       req.GetIgnoreChanges(),
		DependsOn:           req.GetDependencies(),
		Providers:           req.GetProviders(),
		Remote:              req.GetRemote(),
		Aliases:             len(req.GetAliases()) + len(req.GetAliasURNs()),
		SecretOutputs:       req.GetAdditionalSecretOutputs(),
	}
}

package lambda

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// Function implements lambdahost.Source.
func (s *Service) Function(ctx context.Context, name, qualifier string) (lambdahost.Function, error) {
	name, qualifier = splitFunction(name, qualifier)
	version, weighted, err := s.resolveVersion(ctx, name, qualifier)
	if err != nil {
		return lambdahost.Function{}, err
	}
	f, err := emulator.Lookup(s.Lookups, "lambda", "function "+name+":"+version, func() (lambdahost.Function, error) {
		return s.loadFunction(ctx, name, version)
	})
	f.ARN, f.Weighted = s.FunctionARN(name, qualifier), weighted
	if err == nil {
		err = s.checkKey(ctx, f)
	}
	return f, err
}

func (s *Service) loadFunction(ctx context.Context, name, qualifier string) (lambdahost.Function, error) {
	path := "/2015-03-31/functions/" + url.PathEscape(name)
	if qualifier != "" {
		path += "?Qualifier=" + url.QueryEscape(qualifier)
	}
	var response getFunctionOutput
	if err := s.Emulator.Rest(ctx, "lambda", "GET", path, nil, &response); err != nil {
		if emulator.NotFound(err) {
			return lambdahost.Function{}, fmt.Errorf("%s: %w", functionName(name, qualifier), lambdahost.ErrNotFound)
		}
		return lambdahost.Function{}, err
	}
	config := response.Configuration
	f := lambdahost.Function{
		Name: name, Version: config.Version, Handler: config.Handler, RoleARN: config.Role,
		CodeSHA256: config.CodeSha256, Environment: config.Environment.Variables, MemoryMB: config.MemorySize, Tags: response.Tags,
		KeyARN: config.KMSKeyArn, VPC: len(config.VpcConfig.SubnetIDs) > 0,
		Timeout: time.Duration(config.Timeout) * time.Second, LogGroup: config.LoggingConfig.LogGroup, Architecture: "x86_64",
	}
	if f.LogGroup == "" {
		f.LogGroup = "/aws/lambda/" + name
	}
	if len(config.Architectures) > 0 {
		f.Architecture = config.Architectures[0]
	}
	if response.Concurrency != nil {
		f.Reserved = &response.Concurrency.ReservedConcurrentExecutions
	}
	return f, nil
}

// splitFunction splits a name or a full or partial ARN, qualified or not, into
// the name and the qualifier.
func splitFunction(name, qualifier string) (string, string) {
	if _, after, ok := strings.Cut(name, ":function:"); ok {
		name = after
	}
	if bare, inName, ok := strings.Cut(name, ":"); ok {
		name = bare
		if qualifier == "" {
			qualifier = inName
		}
	}
	return name, qualifier
}

func functionName(name, qualifier string) string {
	if qualifier == "" {
		return name
	}
	return name + ":" + qualifier
}

// Credentials implements lambdahost.Source: temporary credentials of the
// function's role, valid for an hour.
func (s *Service) Credentials(ctx context.Context, f lambdahost.Function) (lambdahost.Credentials, error) {
	assumed, err := s.Emulator.AssumeRole(ctx, f.RoleARN, f.Name, s.LambdaCaller(f.Name))
	if err != nil {
		return lambdahost.Credentials{}, fmt.Errorf("credentials of %s: %w", f.Name, err)
	}
	expires, err := time.Parse(time.RFC3339, assumed.Value("Expiration"))
	if err != nil {
		return lambdahost.Credentials{}, fmt.Errorf("credentials of %s: expiration: %w", f.Name, err)
	}
	return lambdahost.Credentials{
		AccessKeyID: assumed.Value("AccessKeyId"), SecretAccessKey: assumed.Value("SecretAccessKey"),
		SessionToken: assumed.Value("SessionToken"), Expires: expires,
	}, nil
}

// FunctionPolicy implements restapi.Store.
func (s *Service) FunctionPolicy(ctx context.Context, functionARN string) (string, error) {
	name, qualifier := splitFunction(functionARN, "")
	return emulator.Lookup(s.Lookups, "lambda", "policy "+functionName(name, qualifier), func() (string, error) {
		path := "/2015-03-31/functions/" + url.PathEscape(name) + "/policy"
		if qualifier != "" {
			path += "?Qualifier=" + url.QueryEscape(qualifier)
		}
		var response struct{ Policy string }
		if err := s.Emulator.Rest(ctx, "lambda", http.MethodGet, path, nil, &response); err != nil {
			if emulator.NotFound(err) {
				return "", fmt.Errorf("policy of %s: %w", functionARN, restapi.ErrNotFound)
			}
			return "", err
		}
		return response.Policy, nil
	})
}

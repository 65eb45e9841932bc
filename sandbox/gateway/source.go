package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// Function implements lambdahost.Source.
func (g *Gateway) Function(ctx context.Context, name, qualifier string) (lambdahost.Function, error) {
	name, qualifier = splitFunction(name, qualifier)
	version, err := g.routed(ctx, name, qualifier)
	if err != nil {
		return lambdahost.Function{}, err
	}
	f, err := lookup(g.lookups, "lambda", "function "+name+":"+version, func() (lambdahost.Function, error) {
		return g.loadFunction(ctx, name, version)
	})
	f.ARN = g.functionARN(name, qualifier)
	return f, err
}

func (g *Gateway) loadFunction(ctx context.Context, name, qualifier string) (lambdahost.Function, error) {
	path := "/2015-03-31/functions/" + url.PathEscape(name)
	if qualifier != "" {
		path += "?Qualifier=" + url.QueryEscape(qualifier)
	}
	var answer functionAnswer
	if err := g.admin.rest(ctx, "lambda", "GET", path, nil, &answer); err != nil {
		if notFound(err) {
			return lambdahost.Function{}, fmt.Errorf("%s: %w", functionName(name, qualifier), lambdahost.ErrNotFound)
		}
		return lambdahost.Function{}, err
	}
	config := answer.Configuration
	f := lambdahost.Function{
		Name: name, Version: config.Version, Handler: config.Handler, RoleARN: config.Role,
		CodeSHA256: config.CodeSha256, Environment: config.Environment.Variables, MemoryMB: config.MemorySize,
		Timeout: time.Duration(config.Timeout) * time.Second, LogGroup: config.LoggingConfig.LogGroup, Architecture: "x86_64",
	}
	if f.LogGroup == "" {
		f.LogGroup = "/aws/lambda/" + name
	}
	if len(config.Architectures) > 0 {
		f.Architecture = config.Architectures[0]
	}
	if answer.Concurrency != nil {
		f.Reserved = &answer.Concurrency.ReservedConcurrentExecutions
	}
	return f, nil
}

// splitFunction takes a name, a partial or a whole ARN, qualified or not, and
// gives the bare name and the qualifier.
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
// function's role, good for an hour. The emulator lets its administrator
// assume any role that trusts some service, so that the role trusts Lambda is
// checked here.
func (g *Gateway) Credentials(ctx context.Context, f lambdahost.Function) (lambdahost.Credentials, error) {
	none := lambdahost.Credentials{}
	role := f.RoleARN[strings.LastIndex(f.RoleARN, "/")+1:]
	answer, err := g.admin.query(ctx, "iam", "2010-05-08", map[string]string{"Action": "GetRole", "RoleName": role})
	if err != nil {
		return none, fmt.Errorf("credentials of %s: role %s: %w", f.Name, f.RoleARN, err)
	}
	if err := trustsLambda(answer.first("Role").value("AssumeRolePolicyDocument")); err != nil {
		return none, fmt.Errorf("the role %s of function %s cannot be assumed by Lambda: %w", f.RoleARN, f.Name, err)
	}
	answer, err = g.admin.query(ctx, "sts", "2011-06-15", map[string]string{
		"Action": "AssumeRole", "RoleArn": f.RoleARN, "RoleSessionName": f.Name, "DurationSeconds": "3600",
	})
	if err != nil {
		return none, fmt.Errorf("credentials of %s: assume %s: %w", f.Name, f.RoleARN, err)
	}
	given := answer.first("Credentials")
	expires, err := time.Parse(time.RFC3339, given.value("Expiration"))
	if err != nil {
		return none, fmt.Errorf("credentials of %s: expiration: %w", f.Name, err)
	}
	return lambdahost.Credentials{
		AccessKeyID: given.value("AccessKeyId"), SecretAccessKey: given.value("SecretAccessKey"),
		SessionToken: given.value("SessionToken"), Expires: expires,
	}, nil
}

// trustsLambda says why a trust policy (URL-encoded JSON, as IAM gives it)
// does not let the Lambda service assume the role; nil when it does.
func trustsLambda(document string) error {
	plain, err := url.QueryUnescape(document)
	if err != nil {
		return fmt.Errorf("decode its trust policy: %w", err)
	}
	var policy struct {
		Statement []struct {
			Effect    string
			Action    oneOrMore
			Principal struct{ Service oneOrMore }
		}
	}
	if err := json.Unmarshal([]byte(plain), &policy); err != nil {
		return fmt.Errorf("parse its trust policy: %w", err)
	}
	for _, s := range policy.Statement {
		assumes := slices.Contains(s.Action, "sts:AssumeRole") || slices.Contains(s.Action, "sts:*") || slices.Contains(s.Action, "*")
		if s.Effect == "Allow" && assumes && slices.Contains(s.Principal.Service, "lambda.amazonaws.com") {
			return nil
		}
	}
	return fmt.Errorf("no statement of its trust policy allows sts:AssumeRole to the service lambda.amazonaws.com: %s", plain)
}

package query

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
)

// state is the part of a stack's state that the command reads.
const state = `{"version":3,"deployment":{"resources":[
	{"urn":"urn:pulumi:prod::app::pulumi:pulumi:Stack::app-prod","type":"pulumi:pulumi:Stack"},
	{"urn":"urn:pulumi:prod::app::aws:lambda/function:Function::app-prod-api-query","type":"aws:lambda/function:Function","custom":true,"id":"app-prod-api-query-1",
		"inputs":{"handler":"query","environment":{"variables":{"DB_HOST":"reader.example","DB_PORT":"5432","DB_QUERY_USER":"app-prod-query"}}},"outputs":{"name":"app-prod-api-query-1"}},
	{"urn":"urn:pulumi:prod::app::aws:iam/role:Role::app-prod-iam-query","type":"aws:iam/role:Role","custom":true,"id":"app-prod-iam-query-1",
		"outputs":{"arn":"arn:aws:iam::123456789012:role/app-prod-iam-query-1"}}]}}`

func stack(t *testing.T, text string) *graph.Graph {
	t.Helper()
	g, err := graph.FromState(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestTheTargetIsReadFromTheState(t *testing.T) {
	got, err := find(stack(t, state))
	want := target{function: "app-prod-api-query-1", role: "arn:aws:iam::123456789012:role/app-prod-iam-query-1", endpoint: "reader.example:5432", user: "app-prod-query"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := find(stack(t, strings.ReplaceAll(state, `"handler":"query"`, `"handler":"api"`))); err == nil || !strings.Contains(err.Error(), "app:iam.operators") {
		t.Errorf("a stack without operators: %v", err)
	}
}

// fakeSTS records the calls of AssumeRole.
type fakeSTS struct {
	arn     string
	denied  bool
	assumed *sts.AssumeRoleInput
}

func (f *fakeSTS) GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{Arn: &f.arn}, nil
}

func (f *fakeSTS) AssumeRole(_ context.Context, in *sts.AssumeRoleInput, _ ...func(*sts.Options)) (*sts.AssumeRoleOutput, error) {
	f.assumed = in
	if f.denied {
		return nil, &smithy.GenericAPIError{Code: "AccessDenied", Message: "MultiFactorAuthentication failed"}
	}
	return &sts.AssumeRoleOutput{
		AssumedRoleUser: &types.AssumedRoleUser{Arn: aws.String("arn:aws:sts::123456789012:assumed-role/app-prod-iam-query-1/alice")},
		Credentials:     &types.Credentials{AccessKeyId: aws.String("ASIA1"), SecretAccessKey: aws.String("secret"), SessionToken: aws.String("token")},
	}, nil
}

func prod() target {
	return target{function: "query", role: "arn:aws:iam::123456789012:role/app-prod-iam-query-1", endpoint: "reader.example:5432", user: "app-prod-query", region: "eu-west-1"}
}

func TestTheRoleIsAssumedInTheUsersNameWithMFAAndReason(t *testing.T) {
	f := &fakeSTS{arn: "arn:aws:iam::123456789012:user/operators/alice"}
	who, err := session{api: f}.assume(t.Context(), prod(), func(device string) (request, error) {
		return request{"INC-1 items missing", device, "123456"}, nil
	})
	if err != nil || who.name != "arn:aws:sts::123456789012:assumed-role/app-prod-iam-query-1/alice" {
		t.Fatalf("%+v, %v", who, err)
	}
	in := f.assumed
	if *in.RoleArn != prod().role || *in.RoleSessionName != "alice" || *in.SerialNumber != "arn:aws:iam::123456789012:mfa/alice" || *in.TokenCode != "123456" ||
		len(in.Tags) != 1 || *in.Tags[0].Key != "reason" || *in.Tags[0].Value != "INC-1 items missing" {
		t.Errorf("got %+v", in)
	}
	token, err := prod().token(t.Context(), who)
	if err != nil || !strings.HasPrefix(token, "reader.example:5432?Action=connect&DBUser=app-prod-query") && !strings.HasPrefix(token, "reader.example:5432/?Action=connect&DBUser=app-prod-query") || !strings.Contains(token, "ASIA1") {
		t.Errorf("got %s, %v", token, err)
	}
}

func TestASessionOfTheRoleIsUsedAsItIs(t *testing.T) {
	f := &fakeSTS{arn: "arn:aws:sts::123456789012:assumed-role/app-prod-iam-query-1/alice"}
	current := &credentials.StaticCredentialsProvider{}
	who, err := session{f, current}.assume(t.Context(), prod(), func(string) (request, error) { return request{}, errors.New("asked for a code") })
	if err != nil || f.assumed != nil || who.credentials != current {
		t.Errorf("%+v, %v", who, err)
	}
}

func TestOtherCredentialsAreRejectedWithWhatTheRoleRequires(t *testing.T) {
	ask := func(device string) (request, error) { return request{"INC-1 items missing", device, "123456"}, nil }
	for name, c := range map[string]struct {
		api  fakeSTS
		want string
	}{
		"of another role":           {fakeSTS{arn: "arn:aws:sts::123456789012:assumed-role/app-prod-iam-deploy-1/job"}, "is for IAM users who have an MFA device"},
		"of the root":               {fakeSTS{arn: "arn:aws:iam::123456789012:root"}, "is for IAM users"},
		"of a user whom STS denies": {fakeSTS{arn: "arn:aws:iam::123456789012:user/bob", denied: true}, "iam.operators names, with the MFA device arn:aws:iam::123456789012:mfa/bob: api error AccessDenied: MultiFactor"},
	} {
		if _, err := (session{api: &c.api}).assume(t.Context(), prod(), ask); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// fakeLambda returns a response for every invocation.
type fakeLambda struct {
	out   lambda.InvokeOutput
	err   error
	query contract.Query
}

func (f *fakeLambda) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	_ = json.Unmarshal(in.Payload, &f.query)
	return &f.out, f.err
}

func alice() caller {
	return caller{"arn:alice", credentials.NewStaticCredentialsProvider("ASIA1", "secret", "token")}
}

func TestTheResultIsATableOrJSON(t *testing.T) {
	payload := `{"columns":[{"name":"id","type":"text"},{"name":"n","type":"int4"}],"rows":[["a\tb\u001b[2J","1"],["c",null]],"truncated":"2 rows","milliseconds":3}`
	for name, c := range map[string]struct {
		json bool
		want string
	}{
		"table": {false, "id           n\n--           -\na\\tb\\x1b[2J  1\nc            NULL\n2 rows, 3 ms\n"},
		"JSON":  {true, `"a\tb\u001b[2J",`},
	} {
		t.Run(name, func(t *testing.T) {
			var out, more bytes.Buffer
			f := &fakeLambda{out: lambda.InvokeOutput{Payload: []byte(payload)}}
			o := options{reason: "INC-1 items missing", json: c.json}
			if err := o.run(t.Context(), command.IO{Stdout: &out, Stderr: &more}, f, prod(), alice(), "SELECT 1"); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.String(), c.want) || !strings.Contains(more.String(), "truncated: the result has more than 2 rows") {
				t.Errorf("got\n%s\n%s", out.String(), more.String())
			}
			if f.query.Statement != "SELECT 1" || f.query.Reason != o.reason || f.query.Caller != "arn:alice" || !strings.Contains(f.query.Token, "X-Amz-Signature") {
				t.Errorf("the function got %+v", f.query)
			}
		})
	}
}

func TestARejectedQueryFailsWithItsReason(t *testing.T) {
	for name, c := range map[string]struct {
		f    fakeLambda
		want string
	}{
		"by the database": {fakeLambda{out: lambda.InvokeOutput{Payload: []byte(`{"rejected":{"code":"25006","message":"a query only reads"}}`)}}, "rejected (25006): a query only reads"},
		"by a fault":      {fakeLambda{out: lambda.InvokeOutput{FunctionError: aws.String("Unhandled"), Payload: []byte(`{"errorMessage":"no route"}`)}}, "failed: Unhandled: no route"},
		"by IAM":          {fakeLambda{err: &smithy.GenericAPIError{Code: "AccessDeniedException"}}, "lack the permission lambda:InvokeFunction"},
	} {
		t.Run(name, func(t *testing.T) {
			err := (&options{}).run(t.Context(), command.IO{Stdout: &bytes.Buffer{}, Stderr: &bytes.Buffer{}}, &c.f, prod(), alice(), "SELECT 1")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestWrongCommandLinesAreRejectedWithWhatIsExpected(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(file, []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	const reason = "INC-1 items missing"
	for name, c := range map[string]struct {
		stdin string
		args  []string
		want  string
	}{
		"no stack":                 {"", []string{"--reason", reason, "SELECT 1"}, "set --stack"},
		"no reason":                {"", []string{"--stack", "prod", "--state", file, "SELECT 1"}, "--reason"},
		"a reason without text":    {"", []string{"--stack", "prod", "--state", file, "--reason", "          ", "SELECT 1"}, "--reason"},
		"a reason of quotes":       {"", []string{"--stack", "prod", "--state", file, "--reason", `"INC-1" items`, "SELECT 1"}, "--reason"},
		"a wrong code":             {"", []string{"--stack", "prod", "--state", file, "--reason", reason, "--mfa", "12345", "SELECT 1"}, "--mfa"},
		"two statements":           {"", []string{"--stack", "prod", "--state", file, "--reason", reason, "SELECT 1", "SELECT 2"}, "2 statements"},
		"no statement":             {" \n", []string{"--stack", "prod", "--state", file, "--reason", reason}, "no statement"},
		"a state and no statement": {state, []string{"--stack", "prod", "--state", "-", "--reason", reason}, "as an argument"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AWS_REGION", "eu-west-1")
			var more bytes.Buffer
			table := []command.Command{{Name: "sql", Run: Run}}
			exit := command.Main(t.Context(), table, command.IO{Stdin: strings.NewReader(c.stdin), Stdout: &bytes.Buffer{}, Stderr: &more}, append([]string{"sql"}, c.args...))
			if exit != command.Usage || !strings.Contains(more.String(), c.want) {
				t.Errorf("exit %d: %s, want %q", exit, more.String(), c.want)
			}
		})
	}
}

func TestTheCodeIsReadFromTheTerminalWhereTheStatementIsNot(t *testing.T) {
	var more bytes.Buffer
	o := options{reason: "INC-1 items missing"}
	r, err := o.request(command.IO{Stdin: strings.NewReader("654321\n"), Stderr: &more}, "arn:mfa/alice", true)
	if err != nil || r.code != "654321" || !strings.Contains(more.String(), "arn:mfa/alice") {
		t.Errorf("%+v, %v, %s", r, err, more.String())
	}
	if _, err := o.request(command.IO{Stdin: strings.NewReader("654321\n"), Stderr: &more}, "arn:mfa/alice", false); err == nil || !strings.Contains(err.Error(), "set --mfa") {
		t.Errorf("with the statement on the standard input: %v", err)
	}
}

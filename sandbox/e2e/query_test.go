package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/didomi/serverless-api/lambda/contract"
)

const queryReason = "INC-42 items are missing"

// asker is an IAM user with an MFA device.
type asker struct {
	name, device, seed string
	config             aws.Config
}

// newAsker creates a user, with the permissions that docs/how-to/query-the-database.md gives an operator.
func newAsker(t *testing.T, out outputs, path, name, role string) asker {
	t.Helper()
	admin, ctx := iam.NewFromConfig(awsConfig(out)), context.Background()
	if _, err := admin.CreateUser(ctx, &iam.CreateUserInput{UserName: &name, Path: &path}); err != nil {
		t.Fatal(err)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Resource":"` + role + `"}]}`
	_, err := admin.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &name, PolicyName: &name, PolicyDocument: &policy})
	device, created := admin.CreateVirtualMFADevice(ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: &name})
	if err := errors.Join(err, created); err != nil {
		t.Fatal(err)
	}
	a := asker{name: name, device: *device.VirtualMFADevice.SerialNumber, seed: string(device.VirtualMFADevice.Base32StringSeed)}
	_, err = admin.EnableMFADevice(ctx, &iam.EnableMFADeviceInput{
		UserName: &name, SerialNumber: &a.device, AuthenticationCode1: aws.String(a.code(t, -1)), AuthenticationCode2: aws.String(a.code(t, 0)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, off := admin.DeactivateMFADevice(ctx, &iam.DeactivateMFADeviceInput{UserName: &name, SerialNumber: &a.device})
		_, device := admin.DeleteVirtualMFADevice(ctx, &iam.DeleteVirtualMFADeviceInput{SerialNumber: &a.device})
		_, inline := admin.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: &name, PolicyName: &name})
		_, user := admin.DeleteUser(ctx, &iam.DeleteUserInput{UserName: &name})
		if err := errors.Join(off, device, inline, user); err != nil {
			t.Error(err)
		}
	})
	a.config = ciUser(t, out, name)
	return a
}

// code is the code of the user's device, some steps of half a minute from now; each is valid once.
// https://www.rfc-editor.org/rfc/rfc6238
func (a asker) code(t *testing.T, steps int64) string {
	t.Helper()
	key, err := base32.StdEncoding.DecodeString(a.seed)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, time.Now().Unix()/30+steps)
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff)%1_000_000)
}

// assume assumes the role, for several queries with one code.
func (a asker) assume(t *testing.T, role, code string) aws.Config {
	t.Helper()
	assumed, err := sts.NewFromConfig(a.config).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: &role, RoleSessionName: &a.name, SerialNumber: &a.device, TokenCode: &code,
		Tags: []types.Tag{{Key: aws.String("reason"), Value: aws.String(queryReason)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	config, c := a.config.Copy(), assumed.Credentials
	config.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	return config
}

// checkQueries queries prod's database as an operator, and as others. The file of dev names no operators.
func checkQueries(t *testing.T, dev, prod outputs) {
	t.Helper()
	program := buildOps(t)
	without := operator{out: dev, program: program, state: exportState(t, dev)}
	if printed, code := without.run(t, "sql", "--reason", queryReason, "SELECT 1"); code != 2 || !strings.Contains(printed, "set didomi:iam.operators") {
		t.Errorf("a stack without operators: exit %d\n%s", code, printed)
	}
	if got := request(t, prod, http.MethodPut, "/items/query", `{"n":1}`); got.status >= 300 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	role, function := stackRoles(t, prod)["iam-query"], queryFunction(t, prod)
	alice, bob := newAsker(t, prod, "/operators/", "e2e-alice", role), newAsker(t, prod, "/", "e2e-bob", role)
	o := operator{program: program, state: exportState(t, prod)}
	t.Run("by an operator, with MFA and a reason", func(t *testing.T) { checkRefusedOperators(t, o, prod, alice, bob) })
	t.Run("in a session of the role", func(t *testing.T) {
		session := alice.assume(t, role, alice.code(t, 1))
		o.out = prod.as(t, session)
		checkStatements(t, o)
		checkSessionAlone(t, prod, session)
	})
	t.Run("not by others who can invoke the function, nor by the deploy role", func(t *testing.T) { checkOtherInvokers(t, prod, function) })
	t.Run("and the log has statement, caller and reason", func(t *testing.T) { checkQueryLog(t, prod, function) })
}

// queryFunction is the name of the stack's function query.
func queryFunction(t *testing.T, out outputs) string {
	t.Helper()
	for _, name := range stackOutputs(t, out)["functionNames"].([]any) {
		if strings.HasPrefix(name.(string), "didomi-"+out.Stack+"-api-query-") {
			return name.(string)
		}
	}
	t.Fatalf("the stack %s has no function query", out.Stack)
	return ""
}

// checkRefusedOperators tries what the role's trust policy refuses, and then what it allows.
func checkRefusedOperators(t *testing.T, o operator, prod outputs, alice, bob asker) {
	t.Helper()
	const statement = "SELECT id, body FROM items WHERE id = 'query'"
	for _, c := range []struct {
		name string
		who  asker
		args []string
		exit int
		want string
	}{
		{"without a reason", alice, []string{"--mfa", alice.code(t, 0), statement}, 2, "--reason"},
		{"without a code", alice, []string{"--reason", queryReason, statement}, 2, "requires MFA"},
		{"with a wrong code", alice, []string{"--reason", queryReason, "--mfa", "000000", statement}, 1, "invalid MFA one time pass code"},
		{"with another user's device", alice, []string{"--reason", queryReason, "--mfa", bob.code(t, 0), "--mfa-device", bob.device, statement}, 1, "unable to validate MFA code"},
		{"as a user who is no operator", bob, []string{"--reason", queryReason, "--mfa", bob.code(t, 0), statement}, 1, "not authorized to perform: sts:AssumeRole"},
		{"as an operator", alice, []string{"--reason", queryReason, "--mfa", alice.code(t, 0), statement}, 0, `query  {"n":1}`},
	} {
		o.out = prod.as(t, c.who.config)
		if printed, code := o.run(t, "sql", c.args...); code != c.exit || !strings.Contains(printed, c.want) {
			t.Errorf("%s: exit %d, want %d with %q\n%s", c.name, code, c.exit, c.want, printed)
		}
	}
}

// checkStatements runs statements in a session of the role.
func checkStatements(t *testing.T, o operator) {
	t.Helper()
	for _, c := range []struct {
		name, stdin string
		args        []string
		exit        int
		want        string
	}{
		{"from the standard input, as JSON", "SELECT id FROM items WHERE id = 'query'", []string{"--json"}, 0, `"query"`},
		{"the user, who only reads", "", []string{"SELECT current_user, current_setting('transaction_read_only')"}, 0, "didomi-prod-query  on"},
		{"a write", "", []string{"DELETE FROM items"}, 1, `rejected (statement): the statement begins with "DELETE"`},
		{"a hidden write", "", []string{"WITH gone AS (DELETE FROM items RETURNING id) SELECT * FROM gone"}, 1, "rejected (25006)"},
		{"two statements", "", []string{"SELECT 1; SELECT 2"}, 1, "rejected (42601)"},
		{"a table of the server's", "", []string{"SELECT * FROM pg_authid"}, 1, "rejected (42501)"},
		{"too many rows", "", []string{"SELECT generate_series(1, 5000)"}, 0, "truncated: the result has more than 1000 rows"},
		{"a long query", "", []string{"SELECT pg_sleep(60)"}, 1, "rejected (57014): the query took too long"},
	} {
		o.stdin = c.stdin
		printed, code := o.run(t, "sql", append([]string{"--reason", queryReason}, c.args...)...)
		if code != c.exit || !strings.Contains(printed, c.want) {
			t.Errorf("%s: exit %d, want %d with %q\n%s", c.name, code, c.exit, c.want, printed)
		}
	}
}

// checkSessionAlone checks that a session of the role can make no other call.
func checkSessionAlone(t *testing.T, out outputs, session aws.Config) {
	t.Helper()
	names := stackOutputs(t, out)["functionNames"].([]any)
	for _, name := range names {
		if strings.Contains(name.(string), "-api-query-") {
			continue
		}
		_, err := lambda.NewFromConfig(session).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String(name.(string)), InvocationType: "DryRun"})
		if !denied(err) {
			t.Errorf("it invokes %s: %v", name, err)
		}
	}
	_, err := secretsmanager.NewFromConfig(session).GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(masterSecret(t, out))})
	if !denied(err) {
		t.Errorf("it reads the master user's secret: %v", err)
	}
}

// checkOtherInvokers invokes the function with tokens of others than operators.
func checkOtherInvokers(t *testing.T, out outputs, function string) {
	t.Helper()
	invoke := func(as aws.Config) (contract.QueryResult, error) {
		config, err := lambda.NewFromConfig(awsConfig(out)).GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &function})
		if err != nil {
			t.Fatal(err)
		}
		variables := config.Environment.Variables
		token, err := auth.BuildAuthToken(t.Context(), variables["DB_HOST"]+":"+variables["DB_PORT"], out.Region, variables["DB_QUERY_USER"], as.Credentials)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := json.Marshal(contract.Query{Statement: "SELECT 1", Reason: queryReason, Caller: "alice", Token: token})
		if err != nil {
			t.Fatal(err)
		}
		var result contract.QueryResult
		response, err := lambda.NewFromConfig(as).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &function, Payload: payload})
		if err != nil {
			return result, err
		}
		return result, json.Unmarshal(response.Payload, &result)
	}
	names := stackOutputs(t, out)
	deploy := assume(t, ciUser(t, out, names["ciUser"].(string)), names["ciDeployRole"].(string))
	if _, err := invoke(deploy); !denied(err) {
		t.Errorf("the deploy role: %v", err)
	}
	admin, name := iam.NewFromConfig(awsConfig(out)), "e2e-invoker"
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"*"}]}`
	_, created := admin.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
	_, put := admin.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: &name, PolicyDocument: &policy})
	if err := errors.Join(created, put); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, inline := admin.DeleteUserPolicy(context.Background(), &iam.DeleteUserPolicyInput{UserName: &name, PolicyName: &name})
		_, user := admin.DeleteUser(context.Background(), &iam.DeleteUserInput{UserName: &name})
		if err := errors.Join(inline, user); err != nil {
			t.Error(err)
		}
	})
	result, err := invoke(ciUser(t, out, name))
	if err != nil || result.Rejected == nil || result.Rejected.Code != "28000" || len(result.Rows) > 0 {
		t.Errorf("a user who may invoke the function and not connect to the database: %+v, %v", result, err)
	}
}

// checkQueryLog checks that the function's log has what was asked, by whom and why, and no result.
func checkQueryLog(t *testing.T, out outputs, function string) {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(awsConfig(out))
	groups, err := client.DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("didomi-" + out.Stack + "-api-query-")})
	if err != nil || len(groups.LogGroups) != 1 {
		t.Fatalf("log groups of %s: %v, %v", function, groups, err)
	}
	var found []string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		events, err := client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: groups.LogGroups[0].LogGroupName})
		if err != nil {
			t.Fatal(err)
		}
		found = nil
		for _, event := range events.Events {
			found = append(found, *event.Message)
		}
		if slices.ContainsFunc(found, isOperatorsQuery) {
			break
		}
	}
	all := strings.Join(found, "\n")
	if !slices.ContainsFunc(found, isOperatorsQuery) || strings.Contains(all, `{\"n\":1}`) || strings.Contains(all, "X-Amz-Signature") {
		t.Errorf("the log lacks the operator's query, or has its result or token:\n%s", all)
	}
}

// isOperatorsQuery reports whether a line is that of the operator's first query.
func isOperatorsQuery(line string) bool {
	var logged struct {
		Msg, Statement, Reason, Caller string
		AccessKey                      string `json:"access_key"`
	}
	return json.Unmarshal([]byte(line), &logged) == nil && logged.Msg == "query done" && strings.HasPrefix(logged.Statement, "SELECT id, body FROM items") &&
		logged.Reason == queryReason && strings.HasSuffix(logged.Caller, "/e2e-alice") && strings.HasPrefix(logged.AccessKey, "ASIA")
}

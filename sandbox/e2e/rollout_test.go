package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// rollout runs ops rollout on the stack's outputs, with another version.
func rollout(t *testing.T, out outputs, version string, args ...string) (string, int) {
	t.Helper()
	stdout, stderr, code := pulumi(t, out, repository(t), "stack", "output", "--json", "--stack", out.Stack)
	var stack map[string]any
	if err := json.Unmarshal([]byte(stdout), &stack); err != nil || code != 0 {
		t.Fatalf("pulumi stack output: exit %d, %v\n%s", code, err, stderr)
	}
	stack["functionVersion"] = version
	input, err := json.Marshal(stack)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", append([]string{"run", "./ops", "rollout", "--percent", "50", "--watch", "3s", "--every", "1s", "--alarm-timeout", "2s"}, args...)...)
	cmd.Dir, cmd.Stdin, cmd.Env = repository(t), strings.NewReader(string(input)), os.Environ()
	for name, value := range out.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	printed, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("ops rollout: %v\n%s", err, printed)
	}
	return string(printed), cmd.ProcessState.ExitCode()
}

// checkRollout publishes a version without an update and rolls it out with the deploy role, as the pipeline does: while
// an alarm is in ALARM, without, and back. Then it deletes versions that are not needed for a rollback.
func checkRollout(t *testing.T, out outputs) {
	t.Helper()
	_, deploy := pipelineRoles(t, out)
	client, watch := lambda.NewFromConfig(awsConfig(out)), cloudwatch.NewFromConfig(awsConfig(out))
	stdout, stderr, code := pulumi(t, out, repository(t), "stack", "output", "functionName", "--stack", out.Stack)
	if code != 0 {
		t.Fatalf("pulumi stack output: exit %d\n%s", code, stderr)
	}
	name := strings.TrimSpace(stdout)
	next := publish(t, client, name, "Rolled out")
	before := serves(t, client, name)
	ring := func(state types.StateValue) {
		t.Helper()
		found, err := watch.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("didomi-" + out.Stack + "-api-throttles-")})
		if err != nil || len(found.MetricAlarms) != 1 {
			t.Fatalf("the alarm on throttles: %v, %v", found, err)
		}
		_, err = watch.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
			AlarmName: found.MetricAlarms[0].AlarmName, StateValue: state, StateReason: aws.String("set by a test"),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	step := func(what, want string, wantCode int, args ...string) {
		t.Helper()
		printed, code := rollout(t, deploy, next, args...)
		if got := serves(t, client, name); code != wantCode || got != want {
			t.Fatalf("%s: exit %d, version %s serves; want %d, %s\n%s", what, code, got, wantCode, want, printed)
		}
	}
	ring(types.StateValueAlarm)
	step("a rollout while customers are hurt", before, 1)
	ring(types.StateValueOk)
	step("a rollout while all is well", next, 0)
	step("the way back", before, 0, "--rollback")
	for _, change := range []string{"1", "2", "3", "4", "5", "6"} {
		publish(t, client, name, change)
	}
	step("pruning", before, 0, "--prune")
	if left := versions(t, client, name); len(left) != 7 || !slices.Contains(left, before) || !slices.Contains(left, next) {
		t.Errorf("the versions %v are left, want the newest five, %s, which is live, and %s, which was rolled back", left, before, next)
	}
	step("the way to a version that is left", next, 0, "--rollback", "--to", next)
	step("and back", before, 0, "--rollback", "--to", before)
}

// publish publishes a version with its own description.
func publish(t *testing.T, client *lambda.Client, name, description string) string {
	t.Helper()
	_, err := client.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, Description: &description})
	if err != nil {
		t.Fatal(err)
	}
	created, err := client.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *created.Version
}

// versions returns the function's published versions.
func versions(t *testing.T, client *lambda.Client, name string) []string {
	t.Helper()
	all, err := client.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: &name})
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	for _, version := range all.Versions {
		if *version.Version != "$LATEST" {
			versions = append(versions, *version.Version)
		}
	}
	return versions
}

// serves returns the alias's only version.
func serves(t *testing.T, client *lambda.Client, name string) string {
	t.Helper()
	alias, err := client.GetAlias(t.Context(), &lambda.GetAliasInput{FunctionName: &name, Name: aws.String("live")})
	if err != nil {
		t.Fatal(err)
	}
	if alias.RoutingConfig != nil && len(alias.RoutingConfig.AdditionalVersionWeights) > 0 {
		t.Errorf("it shares the requests with %v", alias.RoutingConfig.AdditionalVersionWeights)
	}
	return *alias.FunctionVersion
}

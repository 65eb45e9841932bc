package e2e

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/didomi/serverless-api/lambda/contract"
)

// watchedStack are the names of a stack's resources, from the services that have them.
type watchedStack struct {
	function, version string
	functions         []string
	cluster, proxy    string
	cacheNodes        []string
	api, apiName      string
	rate, burst       string // of the stage's throttling
	reserved          *int32 // concurrency of the function
	databaseHost      string
	copiesVault       string // in another region; empty: the stack has no copies
}

func stackOf(t *testing.T, out outputs) watchedStack {
	t.Helper()
	prefix := "didomi-" + out.Stack + "-"
	s := watchedStack{copiesVault: copiesVault(t, out)}
	functions, err := lambda.NewFromConfig(awsConfig(out)).ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range functions.Functions {
		if !strings.HasPrefix(*f.FunctionName, prefix) {
			continue
		}
		s.functions = append(s.functions, *f.FunctionName)
		if aws.ToString(f.Handler) == contract.HandlerAPI {
			s.function = *f.FunctionName
		}
	}
	alias, err := lambda.NewFromConfig(awsConfig(out)).GetAlias(t.Context(), &lambda.GetAliasInput{FunctionName: &s.function, Name: aws.String(contract.LiveAlias)})
	if err != nil {
		t.Fatal(err)
	}
	s.version = *alias.FunctionVersion
	found, err := lambda.NewFromConfig(awsConfig(out)).GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: &s.function})
	if err != nil {
		t.Fatal(err)
	}
	s.databaseHost = found.Configuration.Environment.Variables["DB_HOST"]
	if found.Concurrency != nil {
		s.reserved = found.Concurrency.ReservedConcurrentExecutions
	}
	databases := rds.NewFromConfig(awsConfig(out))
	clusters, err := databases.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range clusters.DBClusters {
		if strings.HasPrefix(*c.DBClusterIdentifier, prefix) {
			s.cluster = *c.DBClusterIdentifier
		}
	}
	proxies, err := databases.DescribeDBProxies(t.Context(), &rds.DescribeDBProxiesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range proxies.DBProxies {
		if strings.HasPrefix(*p.DBProxyName, prefix) {
			s.proxy = *p.DBProxyName
		}
	}
	groups, err := elasticache.NewFromConfig(awsConfig(out)).DescribeReplicationGroups(t.Context(), &elasticache.DescribeReplicationGroupsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups.ReplicationGroups {
		if strings.HasPrefix(*g.ReplicationGroupId, prefix) {
			s.cacheNodes = slices.Sorted(slices.Values(g.MemberClusters))
		}
	}
	apis, err := apigateway.NewFromConfig(awsConfig(out)).GetRestApis(t.Context(), &apigateway.GetRestApisInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, api := range apis.Items {
		if strings.HasPrefix(*api.Name, prefix) {
			s.api, s.apiName = *api.Id, *api.Name
		}
	}
	stage, err := apigateway.NewFromConfig(awsConfig(out)).GetStage(t.Context(), &apigateway.GetStageInput{RestApiId: &s.api, StageName: &out.Stack})
	if err != nil {
		t.Fatal(err)
	}
	every := stage.MethodSettings["*/*"]
	s.rate, s.burst = strconv.FormatFloat(every.ThrottlingRateLimit, 'f', -1, 64), strconv.Itoa(int(every.ThrottlingBurstLimit))
	return s
}

// patchStage sets the throttling of every method without its own.
func (w *watched) patchStage(t *testing.T, rate, burst string) {
	t.Helper()
	patch := func(name, value string) apitypes.PatchOperation {
		return apitypes.PatchOperation{Op: apitypes.OpReplace, Path: aws.String("/*/*/throttling/" + name), Value: &value}
	}
	_, err := apigateway.NewFromConfig(awsConfig(w.out)).UpdateStage(t.Context(), &apigateway.UpdateStageInput{
		RestApiId: &w.stack.api, StageName: &w.out.Stack, PatchOperations: []apitypes.PatchOperation{patch("rateLimit", rate), patch("burstLimit", burst)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// reserve sets the concurrency of the function; nil: it is not reserved.
func (w *watched) reserve(t *testing.T, concurrency *int32) {
	t.Helper()
	client := lambda.NewFromConfig(awsConfig(w.out))
	var err error
	if concurrency == nil {
		_, err = client.DeleteFunctionConcurrency(t.Context(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: &w.stack.function})
	} else {
		_, err = client.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: &w.stack.function, ReservedConcurrentExecutions: concurrency})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// setEnvironment sets the environment of the function's unpublished version.
func (w *watched) setEnvironment(t *testing.T, change func(map[string]string)) {
	t.Helper()
	client := lambda.NewFromConfig(awsConfig(w.out))
	before, err := client.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: &w.stack.function})
	if err != nil {
		t.Fatal(err)
	}
	changed := maps.Clone(before.Environment.Variables)
	change(changed)
	_, err = client.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: &w.stack.function, Environment: &lambdatypes.Environment{Variables: changed}})
	if err != nil {
		t.Fatal(err)
	}
}

// invokeFailing invokes the function of that name's end with an event that it does not know.
func (w *watched) invokeFailing(t *testing.T, end string) {
	t.Helper()
	i := slices.IndexFunc(w.stack.functions, func(name string) bool { return strings.HasSuffix(suffix.ReplaceAllString(name, ""), end) })
	if i < 0 {
		t.Fatalf("no function %s in %v", end, w.stack.functions)
	}
	w.invoke(t, w.stack.functions[i])
}

func (w *watched) invoke(t *testing.T, name string) {
	t.Helper()
	got, err := lambda.NewFromConfig(awsConfig(w.out)).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &name, Payload: []byte(`{}`)})
	if err != nil || got.FunctionError == nil {
		t.Fatalf("the invocation of %s: %+v, %v; want a function error", name, got, err)
	}
}

// write writes lines to the log group of the metric filter with that metric.
func (w *watched) write(t *testing.T, metric string, lines int, line string) {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(awsConfig(w.out))
	filters, err := client.DescribeMetricFilters(t.Context(), &cloudwatchlogs.DescribeMetricFiltersInput{MetricName: &metric, MetricNamespace: aws.String("didomi-" + w.out.Stack + "-api")})
	if err != nil || len(filters.MetricFilters) != 1 {
		t.Fatalf("the metric filter of %s: %+v, %v", metric, filters, err)
	}
	if !json.Valid([]byte(line)) {
		t.Fatalf("no JSON: %s", line)
	}
	group, stream := filters.MetricFilters[0].LogGroupName, aws.String("e2e-"+t.Name())
	stream = aws.String(strings.NewReplacer(":", "", "*", "").Replace(*stream))
	if _, err := client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}); err != nil && !strings.Contains(err.Error(), "ResourceAlreadyExists") {
		t.Fatal(err)
	}
	var events []logtypes.InputLogEvent
	for range lines {
		events = append(events, logtypes.InputLogEvent{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: &line})
	}
	if _, err := client.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: events}); err != nil {
		t.Fatal(err)
	}
}

package watch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The metrics from log lines, in a namespace of the component's name.
const (
	// errorLinesMetric counts the error lines of the serving function.
	errorLinesMetric = "ErrorLines"
	// cacheAnswersMetric counts its responses by X-Cache, in the dimension Result.
	cacheAnswersMetric = "CacheAnswers"
	// refusalsMetric begins the metrics of gateway responses; the response's type follows.
	refusalsMetric = "Refusals-"
)

// refusalTypes are the gateway responses that are counted, by the last word of the filter's name. API
// Gateway's own metrics sum all 4xx up, those of the function included.
var refusalTypes = map[string]string{
	"throttled": "THROTTLED", "quota": "QUOTA_EXCEEDED", "key": "INVALID_API_KEY", "waf": "WAF_FILTERED",
	"authorizer": authorizerFailure,
}

// authorizerFailure is API Gateway's response when the authorizer ends without a result: a crash, a time-out, or an
// issuer whose keys cannot be fetched. A token that is not accepted is none.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
const authorizerFailure = "AUTHORIZER_FAILURE"

// logFilter creates a metric from the matching lines of a log.
type logFilter struct {
	name, metric string
	log          pulumi.StringInput
	pattern      string
	// dimensions take their values out of the lines, and only those of the function's lines. Otherwise any
	// writer of a log line could create metrics, which are billed. A filter with any counts no zeros: CloudWatch
	// would not know of which value.
	dimensions pulumi.StringMap
}

// countLogLines creates metrics of what no other metric counts.
func countLogLines(ctx *pulumi.Context, a Args) error {
	filters := []logFilter{
		// Requests with a response although something failed.
		{name: "error-lines", metric: errorLinesMetric, log: a.Function.Log, pattern: fmt.Sprintf(`{ $.%s = "%s" }`, contract.LogLevel, contract.LevelError)},
		// What came from where: a proxy integration's access log cannot carry the cache's result.
		{
			name: "cache-answers", metric: cacheAnswersMetric, log: a.Function.Log,
			pattern:    anyOf(contract.LogCache, contract.CacheHit, contract.CacheMiss, contract.CacheStale, contract.CacheBypass),
			dimensions: pulumi.StringMap{"Result": pulumi.String("$." + contract.LogCache)},
		},
	}
	for _, name := range slices.Sorted(maps.Keys(refusalTypes)) {
		if refusalTypes[name] == authorizerFailure && !a.Authorizer {
			continue
		}
		filters = append(filters, logFilter{
			name: "refusals-" + name, metric: refusalsMetric + refusalTypes[name], log: a.AccessLog,
			pattern: fmt.Sprintf(`{ $.errorType = "%s" }`, refusalTypes[name]),
		})
	}
	for _, f := range filters {
		if err := countLines(ctx, a, f); err != nil {
			return err
		}
	}
	return nil
}

// anyOf is the pattern of lines whose field has one of the values.
func anyOf(field string, values ...string) string {
	terms := make([]string, len(values))
	for i, value := range values {
		terms[i] = fmt.Sprintf(`$.%s = "%s"`, field, value)
	}
	return "{ " + strings.Join(terms, " || ") + " }"
}

func countLines(ctx *pulumi.Context, a Args, f logFilter) error {
	count := &cloudwatch.LogMetricFilterMetricTransformationArgs{
		Namespace:  pulumi.String(a.Name),
		Name:       pulumi.String(f.metric),
		Value:      pulumi.String("1"),
		Unit:       pulumi.String("Count"),
		Dimensions: f.dimensions,
	}
	if f.dimensions == nil {
		count.DefaultValue = pulumi.String("0")
	}
	_, err := cloudwatch.NewLogMetricFilter(ctx, a.Name+"-"+f.name, &cloudwatch.LogMetricFilterArgs{
		LogGroupName:         f.log,
		Pattern:              pulumi.String(f.pattern),
		MetricTransformation: count,
	}, a.Parent)
	if err != nil {
		return fmt.Errorf("api: metric of the log lines %s: %w", f.name, err)
	}
	return nil
}

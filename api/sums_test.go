package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TestTheLongestOriginsFitIntoTheFunctionsEnvironment holds the sum of all variables, not only the origins,
// to Lambda's limit: 4 KB, measured as JSON.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
// https://github.com/github-aws-runners/terraform-aws-github-runner/issues/3594
func TestTheLongestOriginsFitIntoTheFunctionsEnvironment(t *testing.T) {
	const limit, names = 4096, "payments-platform-p"
	secret := pulumi.String("arn:aws-us-gov:secretsmanager:ap-southeast-1:123456789012:secret:" + names + "-data-cache-1a2b3c4-AbCdEf")
	args := full(t)
	args.Database.Host = pulumi.String(strings.Repeat("p", 63) + ".proxy-abcdefghijkl.ap-southeast-1.rds.amazonaws.com")
	args.Database.Name = pulumi.String(strings.Repeat("d", 63))
	args.Database.AppSecretARN, args.Cache.SecretARN = secret, secret
	args.Cache.Address = pulumi.String("clustercfg." + strings.Repeat("c", 40) + ".abcdef.apse1.cache.amazonaws.com:6379")
	args.Bucket.Name = pulumi.String(strings.Repeat("b", 63))
	args.Config.CacheTTL, args.Config.StaleTTL, args.Config.NegativeTTL = "23h59m59.999999999s", "23h59m59.999999999s", "23h59m59.999999999s"
	args.Config.CORSOrigins = nil
	for i := range 70 {
		args.Config.CORSOrigins = append(args.Config.CORSOrigins, fmt.Sprintf("https://app-%04d.example.com", i))
	}
	args.Config.CORSOrigins = append(args.Config.CORSOrigins, "https://"+strings.Repeat("o", mostOrigins-70*29-len("https://")))
	if problems := args.Config.Validate(); problems != nil {
		t.Fatal(problems)
	}
	environment := build(t, args).Find(t, "aws:lambda/function:Function", testName+"-function").Inputs["environment"].(map[string]any)
	measured, err := json.Marshal(environment["variables"])
	if err != nil {
		t.Fatal(err)
	}
	if len(measured) > limit {
		t.Errorf("the environment has %d bytes, Lambda allows %d", len(measured), limit)
	}
	args.Config.CORSOrigins = append(args.Config.CORSOrigins, "https://a.b")
	if args.Config.Validate() == nil {
		t.Error("one more origin is accepted")
	}
}

func TestTheDashboardOfTheLargestCacheIsAccepted(t *testing.T) {
	args := full(t)
	args.Cache.Nodes = 90
	body := build(t, args).Find(t, "aws:cloudwatch/dashboard:Dashboard", testName+"-dashboard").Inputs["dashboardBody"].(string)
	var dashboard struct {
		Widgets []struct {
			Properties struct{ Alarms, Metrics []any }
		}
	}
	if err := json.Unmarshal([]byte(body), &dashboard); err != nil {
		t.Fatal(err)
	}
	// An alarm widget has 1 to 100 ARNs, a graph at most 500 metrics, a dashboard 2,500.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
	metrics := 0
	for i, w := range dashboard.Widgets {
		metrics += len(w.Properties.Metrics)
		if len(w.Properties.Alarms) > 100 || len(w.Properties.Metrics) > 500 {
			t.Errorf("widget %d has %d alarms and %d metrics", i, len(w.Properties.Alarms), len(w.Properties.Metrics))
		}
	}
	if metrics > 2500 {
		t.Errorf("the dashboard has %d metrics", metrics)
	}
}

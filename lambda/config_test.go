package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func complete() map[string]string {
	return map[string]string{
		"DB_HOST": "proxy.example", "DB_PORT": "5432", "DB_NAME": "app", "DB_SECRET_ARN": "arn:app",
		"REDIS_ADDR": "redis.example:6379", "BUCKET": "bucket", "CACHE_TTL": "1m", "STALE_TTL": "10m", "NEGATIVE_TTL": "5s",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
	}
}

func lookup(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func TestDefaults(t *testing.T) {
	config, err := readAPI(lookup(complete()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if config.Database.SSLMode != "verify-full" || config.Database.User != "app" || !config.Redis.TLS || !config.Redis.Cluster || config.Redis.Secret != "" {
		t.Errorf("defaults: %+v", config)
	}
	if config.Namespace != "" {
		t.Errorf("it writes metrics to %q", config.Namespace)
	}
	if config.Public {
		t.Error("the API is public by default")
	}
	if config.Memory != 256<<20 || config.Cache.Fresh != time.Minute || config.Cache.Stale != 10*time.Minute {
		t.Errorf("values: %+v", config)
	}
}

func TestStreamMaxIsReadInMegabytes(t *testing.T) {
	for value, want := range map[string]int64{"16": 16_000_000, "200": 200_000_000, "": 200_000_000} {
		env := complete()
		env["STREAM_MAX_MB"] = value
		if config, err := readAPI(lookup(env), nil); err != nil || config.StreamMax != want {
			t.Errorf("%q: got %d, %v; want %d", value, config.StreamMax, err, want)
		}
	}
}

func TestOriginsAreCommaSeparated(t *testing.T) {
	env := complete()
	env["CORS_ORIGINS"] = "https://a.example,https://b.example"
	config, err := readAPI(lookup(env), nil)
	if want := []string{"https://a.example", "https://b.example"}; err != nil || !slices.Equal(config.Origins, want) {
		t.Errorf("got %v, %v; want %v", config.Origins, err, want)
	}
}

func TestAnAPIWithoutKeysIsPublic(t *testing.T) {
	env := complete()
	env["REQUIRE_API_KEY"] = "false"
	if config, err := readAPI(lookup(env), nil); err != nil || !config.Public {
		t.Errorf("public: %v, %v", config.Public, err)
	}
}

func TestInvalidVariables(t *testing.T) {
	for name, value := range map[string]string{
		"DB_HOST": "", "DB_PORT": "65536", "DB_NAME": "", "DB_SECRET_ARN": "", "DB_SSLMODE": "require", "REDIS_ADDR": "redis",
		"REDIS_TLS": "yes", "REDIS_CLUSTER": "1", "REQUIRE_API_KEY": "no", "BUCKET": "", "CACHE_TTL": "0s", "STALE_TTL": "-1s", "NEGATIVE_TTL": "soon", "STREAM_MAX_MB": "201",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "lots", "AWS_REGION": "", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "",
	} {
		t.Run(name+" is "+value, func(t *testing.T) {
			env := complete()
			env[name] = value
			_, err := readAPI(lookup(env), nil)
			if err == nil || !strings.Contains(err.Error(), name+" is ") || strings.Count(err.Error(), ", must be ") != 1 {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestAllInvalidVariablesAreReportedTogether(t *testing.T) {
	_, err := readAPI(lookup(nil), nil)
	if err == nil || strings.Count(err.Error(), ", must be ") != 12 {
		t.Fatalf("got %v", err)
	}
}

func TestTheHandlerOfAnotherProgramIsRejectedByName(t *testing.T) {
	_, err := build(lookup(map[string]string{"_HANDLER": "migrate"}), nil)
	if err == nil || !strings.Contains(err.Error(), `"migrate", must be api`) {
		t.Fatalf("got %v", err)
	}
}

func TestTheSDKIsConfiguredFromTheEnvironment(t *testing.T) {
	env := complete()
	env["AWS_SESSION_TOKEN"], env["AWS_ENDPOINT_URL"], env["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = "token", "http://all", "http://secrets"
	config, err := readAPI(lookup(env), nil)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := config.AWS.Credentials.Retrieve(t.Context())
	if err != nil || keys.AccessKeyID != "key" || keys.SecretAccessKey != "secret" || keys.SessionToken != "token" {
		t.Errorf("keys of %s, %v", keys.AccessKeyID, err)
	}
	if got := aws.ToString(secretsmanager.NewFromConfig(config.AWS).Options().BaseEndpoint); got != "http://secrets" {
		t.Errorf("the endpoint of Secrets Manager is %s", got)
	}
	if s3 := s3.NewFromConfig(config.AWS).Options(); aws.ToString(s3.BaseEndpoint) != "http://all" || s3.Region != "eu-west-1" {
		t.Errorf("the endpoint of S3 is %s in %s", aws.ToString(s3.BaseEndpoint), s3.Region)
	}
}

func TestProcessorsFollowTheMemory(t *testing.T) {
	for megabytes, want := range map[int64]int{128: 1, 256: 1, 1769: 1, 1770: 2, 3538: 2, 3539: 3, 10240: 6} {
		if got := processors(megabytes << 20); got != want {
			t.Errorf("%d MB: %d, want %d", megabytes, got, want)
		}
	}
}

func TestTheNamespaceOfTheMetricsIsTheEnvironments(t *testing.T) {
	env := complete()
	env["METRICS_NAMESPACE"] = "shop/function"
	if config, err := readAPI(lookup(env), nil); err != nil || config.Namespace != "shop/function" {
		t.Errorf("got %q, %v", config.Namespace, err)
	}
}

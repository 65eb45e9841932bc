package main

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/lambda/environment"
	"github.com/didomi/serverless-api/lambda/files"
)

// apiConfig is the configuration of the handler "api", read from its environment variables.
type apiConfig struct {
	AWS      aws.Config
	Database environment.Database
	Redis    environment.Redis
	Bucket   string
	Cache    cache.Config
	// Generation is that of the database which the function connects to; empty: the first, or it is behind a proxy.
	Generation string
	Memory     int64  // of the function, in bytes; 0 if unknown
	Function   string // the function's name
	// Namespace is that of the metrics; empty: the function writes none.
	Namespace string
	Version   string
	Origins   []string // origins that CORS allows
	Public    bool     // requests need no API key
	// StreamMax is the largest file that is streamed, in bytes.
	StreamMax int64
}

// readAPI reads the environment of the handler "api". Its error lists every missing or invalid variable.
func readAPI(lookup func(string) string, log *slog.Logger) (apiConfig, error) {
	env := environment.New(lookup)
	config := apiConfig{
		AWS:      env.AWSConfig(log),
		Database: env.Database(),
		Redis:    env.Redis(),
		Bucket:   env.Required(contract.Bucket, "the name of the bucket with the files"),
		Cache: cache.Config{
			Fresh:    env.Duration(contract.CacheTTL, time.Millisecond),
			Stale:    env.Duration(contract.StaleTTL, 0),
			Negative: env.Duration(contract.NegativeTTL, 0),
		},
		Generation: lookup(contract.CacheGeneration),

		Memory:    env.Megabytes("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
		Function:  lookup("AWS_LAMBDA_FUNCTION_NAME"),
		Namespace: lookup(contract.MetricsNamespace),
		Version:   lookup("AWS_LAMBDA_FUNCTION_VERSION"),
		Public:    env.OneOf(contract.RequireAPIKey, "true", "false") == "false",
		StreamMax: streamMax(env, contract.StreamMaxMB),
	}
	if origins := lookup(contract.CORSOrigins); origins != "" {
		config.Origins = strings.Split(origins, ",")
	}
	return config, env.Err()
}

// streamMax reads the largest size that is streamed, in megabytes (10^6 bytes, as in Lambda's
// quotas). It defaults to the platform's limit.
func streamMax(env *environment.Reader, name string) int64 {
	const megabyte, maximum = 1_000_000, files.MaxStream / 1_000_000
	value := env.Lookup(name)
	if value == "" {
		return files.MaxStream
	}
	megabytes, err := strconv.ParseInt(value, 10, 64)
	if err != nil || megabytes < 1 || megabytes > maximum {
		env.Invalid(name, fmt.Sprintf("a number of megabytes from 1 to %d", maximum))
	}
	return megabytes * megabyte
}

package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"
)

// cloud reads what Lambda tells a function of AWS: its region, the keys of its
// role, and other endpoints if there are any. The SDK's own config package
// would read the same, and bring along the clients of IAM Identity Center, STS
// and EC2's metadata: a third of the time to the first poll, for files and
// services that a function never asks.
func (e *environment) cloud(log *slog.Logger) aws.Config {
	config := aws.Config{
		Region: e.required("AWS_REGION", "a region"),
		Credentials: credentials.NewStaticCredentialsProvider(
			e.required("AWS_ACCESS_KEY_ID", "the role's access key"),
			e.secret("AWS_SECRET_ACCESS_KEY", "the role's secret key"),
			e.lookup("AWS_SESSION_TOKEN"),
		),
		ConfigSources: []any{serviceEndpoints(e.lookup)},
		Logger: logging.LoggerFunc(func(_ logging.Classification, format string, args ...any) {
			log.Warn("aws sdk", "said", fmt.Sprintf(format, args...))
		}),
	}
	if endpoint := e.lookup("AWS_ENDPOINT_URL"); endpoint != "" {
		config.BaseEndpoint = &endpoint
	}
	return config
}

// serviceEndpoints finds AWS_ENDPOINT_URL_S3 and the like; the SDK asks it by
// the name of a service.
type serviceEndpoints func(string) string

// GetServiceBaseEndpoint is what the SDK looks for in a configuration source.
//
//nolint:unparam // the error is the SDK's interface's
func (lookup serviceEndpoints) GetServiceBaseEndpoint(_ context.Context, service string) (string, bool, error) {
	endpoint := lookup("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	return endpoint, endpoint != "", nil
}

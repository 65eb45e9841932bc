package environment

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/logging"
)

// AWSConfig reads the variables that Lambda sets for the SDK: region, the role's credentials and custom
// endpoints. The SDK's config package would read the same, but also links the clients of IAM Identity
// Center, STS and EC2's metadata service: a third of the time to the first poll, for files and services
// that a function never uses.
func (r *Reader) AWSConfig(log *slog.Logger) aws.Config {
	config := aws.Config{
		Region: r.Required("AWS_REGION", "a region"),
		Credentials: credentials.NewStaticCredentialsProvider(
			r.Required("AWS_ACCESS_KEY_ID", "the role's access key"),
			r.secret("AWS_SECRET_ACCESS_KEY", "the role's secret key"),
			r.Lookup("AWS_SESSION_TOKEN"),
		),
		ConfigSources: []any{serviceEndpoints(r.Lookup)},
		Logger: logging.LoggerFunc(func(_ logging.Classification, format string, args ...any) {
			log.Warn("aws sdk", "said", fmt.Sprintf(format, args...))
		}),
	}
	if endpoint := r.Lookup("AWS_ENDPOINT_URL"); endpoint != "" {
		config.BaseEndpoint = &endpoint
	}
	return config
}

// serviceEndpoints looks up AWS_ENDPOINT_URL_S3 and the like by the name of a service.
type serviceEndpoints func(string) string

// GetServiceBaseEndpoint is the method that the SDK looks for in a configuration source.
func (lookup serviceEndpoints) GetServiceBaseEndpoint(_ context.Context, service string) (string, bool, error) {
	endpoint := lookup("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	return endpoint, endpoint != "", nil
}

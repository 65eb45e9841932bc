package preflight

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gopkg.in/yaml.v3"

	"github.com/didomi/serverless-api/ops/graph"
)

// stateBucket checks that the bucket of the stack's state can be reached.
func (o options) stateBucket(ctx context.Context, a *account, _ *graph.Graph) ([]Finding, error) {
	u, err := url.Parse(o.backend)
	if err != nil || u.Scheme != "s3" {
		return nil, fmt.Errorf("the backend is %q; only s3:// is checked: set PULUMI_BACKEND_URL or --backend", o.backend)
	}
	query := u.Query()
	client := s3.NewFromConfig(a.config, func(s *s3.Options) {
		if region := query.Get("region"); region != "" {
			s.Region = region
		}
		if endpoint := query.Get("endpoint"); endpoint != "" {
			s.BaseEndpoint = aws.String(endpoint)
		}
		s.UsePathStyle = query.Get("s3ForcePathStyle") == "true" || query.Get("use_path_style") == "true"
	})
	if _, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(u.Host)}); err != nil {
		return []Finding{{
			What: fmt.Sprintf("the state's bucket %s cannot be reached: %v", u.Host, err),
			Do:   "check that it exists and that the caller may list it (docs/how-to/bootstrap-an-account.md)",
		}}, nil
	}
	return nil, nil
}

// stateKey checks that the key that encrypts the stack's secrets can be used.
func (o options) stateKey(ctx context.Context, a *account, _ *graph.Graph) ([]Finding, error) {
	file := o.file
	if file == "" {
		file = "Pulumi." + o.stack + ".yaml"
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read which key encrypts the stack's secrets: %w", err)
	}
	var settings struct {
		Provider string `yaml:"secretsprovider"`
	}
	if err := yaml.Unmarshal(text, &settings); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	id, region, err := awsKey(settings.Provider)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	client := kms.NewFromConfig(a.config, func(k *kms.Options) {
		if region != "" {
			k.Region = region
		}
	})
	key, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
	var gone *types.NotFoundException
	switch {
	case errors.As(err, &gone):
		return []Finding{{What: "there is no key " + id + " in " + client.Options().Region, Do: "run pulumi stack change-secrets-provider with a key that exists"}}, nil
	case err != nil:
		return nil, fmt.Errorf("read the key %s: %w", id, err)
	case key.KeyMetadata.KeyState != types.KeyStateEnabled:
		return []Finding{{
			What: fmt.Sprintf("the key %s of the stack's secrets is %s", id, key.KeyMetadata.KeyState),
			Do:   "enable it, or cancel its deletion, before AWS deletes it: no state can be read without it",
		}}, nil
	}
	return nil, nil
}

// awsKey reads awskms://<id, alias or ARN>[?region=..].
// https://www.pulumi.com/docs/iac/concepts/secrets/
func awsKey(provider string) (id, region string, err error) {
	rest, ok := strings.CutPrefix(provider, "awskms://")
	if !ok {
		return "", "", fmt.Errorf("its secretsprovider is %q; only awskms:// is checked", provider)
	}
	id, query, _ := strings.Cut(rest, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", "", fmt.Errorf("its secretsprovider is %q: %w", provider, err)
	}
	return strings.TrimPrefix(id, "/"), values.Get("region"), nil
}

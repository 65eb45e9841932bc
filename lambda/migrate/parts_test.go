package migrate

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/didomi/serverless-api/lambda/secrets"
)

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		file string
		next int
		ok   bool
	}{
		"the next number":          {"0003_more.sql", 3, true},
		"a gap":                    {"0004_more.sql", 3, false},
		"a number used twice":      {"0002_more.sql", 3, false},
		"no number":                {"more.sql", 1, false},
		"a number of three digits": {"001_more.sql", 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			if v, err := parse(test.file, "", test.next); (err == nil) != test.ok {
				t.Fatalf("got %+v, %v", v, err)
			}
		})
	}
}

func TestTheEmbeddedMigrationsAreInOrder(t *testing.T) {
	all, err := embeddedVersions()
	if err != nil || len(all) == 0 {
		t.Fatalf("%d migrations, %v", len(all), err)
	}
}

// emptySecret has no value until one is set.
type emptySecret struct{ value string }

func (s *emptySecret) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	if s.value == "" {
		return nil, &types.ResourceNotFoundException{}
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: &s.value}, nil
}

func (s *emptySecret) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	s.value = aws.ToString(in.SecretString)
	return &secretsmanager.PutSecretValueOutput{}, nil
}

func TestAnEmptySecretIsFilledOnce(t *testing.T) {
	m := Migration{Secrets: &emptySecret{}, AppSecret: "arn:app", Log: slog.New(slog.DiscardHandler)}
	first, err := m.appCredentials(t.Context())
	if err != nil || first.Username != appRole || len(first.Password) < 20 {
		t.Fatalf("generated %v, %v", first, err)
	}
	second, err := m.appCredentials(t.Context())
	if err != nil || second != first {
		t.Fatalf("read back %v, %v", second, err)
	}
}

func TestTheUserHasTheSecretsPasswordAfterAConcurrentRotation(t *testing.T) {
	before, after := secrets.Credentials{Username: appRole, Password: "old"}, secrets.Credentials{Username: appRole, Password: "new"}
	stored := before
	var set []secrets.Credentials
	got, err := setUntilCurrent(
		func() (secrets.Credentials, error) { return stored, nil },
		func(app secrets.Credentials) error {
			set, stored = append(set, app), after
			return nil
		},
	)
	if want := []secrets.Credentials{before, after}; err != nil || got != after || !slices.Equal(set, want) {
		t.Errorf("%v was set and %v returned, %v; want %v", set, got, err, want)
	}
}

func TestASecretOfAnotherUserIsRejected(t *testing.T) {
	m := Migration{Secrets: &emptySecret{value: `{"username":"postgres","password":"x"}`}, AppSecret: "arn:app"}
	if _, err := m.appCredentials(t.Context()); err == nil || !strings.Contains(err.Error(), `"postgres"`) {
		t.Fatalf("got %v", err)
	}
}

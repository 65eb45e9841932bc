package secretscan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// public are the members of a secret that are not secret.
var public = []string{"username", "accessKeyId"}

// Account reads every secret value of an account as its administrator: the API keys, and all versions of
// all secrets: the passwords of database and cache, the master user's, and the CI users' access keys.
func Account(ctx context.Context, config aws.Config) (Values, error) {
	values := Values{}
	if err := values.addAPIKeys(ctx, config); err != nil {
		return nil, err
	}
	client := secretsmanager.NewFromConfig(config)
	pages := secretsmanager.NewListSecretsPaginator(client, &secretsmanager.ListSecretsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the account's secrets: %w", err)
		}
		for _, secret := range page.SecretList {
			if err := values.addSecret(ctx, client, secret); err != nil {
				return nil, err
			}
		}
	}
	return values, nil
}

func (v Values) addAPIKeys(ctx context.Context, config aws.Config) error {
	pages := apigateway.NewGetApiKeysPaginator(apigateway.NewFromConfig(config), &apigateway.GetApiKeysInput{IncludeValues: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list the account's API keys: %w", err)
		}
		for _, key := range page.Items {
			v.add("the API key "+aws.ToString(key.Name), aws.ToString(key.Value))
		}
	}
	return nil
}

// addSecret reads the versions with a staging label; AWS deletes the others.
func (v Values) addSecret(ctx context.Context, client *secretsmanager.Client, secret types.SecretListEntry) error {
	for version, labels := range secret.SecretVersionsToStages {
		if len(labels) == 0 {
			continue
		}
		got, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: secret.ARN, VersionId: &version})
		if missing := new(types.ResourceNotFoundException); errors.As(err, &missing) {
			continue // it has no value yet
		}
		if err != nil {
			return fmt.Errorf("read version %s of secret %s: %w", version, aws.ToString(secret.Name), err)
		}
		what := fmt.Sprintf("the secret %s (%s)", aws.ToString(secret.Name), labels[0])
		var members map[string]string
		if json.Unmarshal([]byte(aws.ToString(got.SecretString)), &members) != nil {
			v.add(what, aws.ToString(got.SecretString))
			continue
		}
		for name, value := range members {
			if !slices.Contains(public, name) {
				v.add(what+", "+name, value)
			}
		}
	}
	return nil
}

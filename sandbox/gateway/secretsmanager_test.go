package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func TestASecretWithoutAValueIsNotReturned(t *testing.T) {
	s := newTestEnv(t, nil)
	client := secretsmanager.NewFromConfig(s.config())
	name := aws.String("valueless")
	if _, err := client.CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{Name: name}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: name}); errorCode(err) != "ResourceNotFoundException" {
		t.Errorf("without a value: %v", err)
	}
	if _, err := client.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: name, SecretString: aws.String("v")}); err != nil {
		t.Fatal(err)
	}
	if got, err := client.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: name}); err != nil || *got.SecretString != "v" {
		t.Errorf("with a value: %+v, %v", got, err)
	}
}

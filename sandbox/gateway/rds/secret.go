package rds

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// encryptManagedSecret sets the KMS key of the secret that RDS manages: AWS
// encrypts it with MasterUserSecretKmsKeyId, the emulator stores the key in the
// cluster only.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
func (s *service) encryptManagedSecret(ctx context.Context, secret *xmltree.Node) error {
	key := secret.Value("KmsKeyId")
	if key == "" {
		return nil
	}
	return s.Emulator.Target(ctx, "secretsmanager", "secretsmanager.UpdateSecret",
		map[string]string{"SecretId": secret.Value("SecretArn"), "KmsKeyId": key}, nil)
}

func (s *service) managedPassword(ctx context.Context, secret *xmltree.Node) (string, error) {
	var value struct{ SecretString string }
	err := s.Emulator.Target(ctx, "secretsmanager", "secretsmanager.GetSecretValue",
		map[string]string{"SecretId": secret.Value("SecretArn")}, &value)
	if err != nil {
		return "", fmt.Errorf("read the managed master password: %w", err)
	}
	var login struct {
		Password string `json:"password"`
	}
	if err := json.Unmarshal([]byte(value.SecretString), &login); err != nil {
		return "", fmt.Errorf("the managed master secret %s is not JSON", secret.Value("SecretArn"))
	}
	return login.Password, nil
}

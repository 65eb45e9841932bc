package gateway

import (
	"context"
	"encoding/json"
	"fmt"
)

// encryptManagedSecret gives the secret that RDS manages the cluster's key:
// AWS encrypts it with MasterUserSecretKmsKeyId, the emulator names the key in
// the cluster only.
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
func (g *Gateway) encryptManagedSecret(ctx context.Context, secret *node) error {
	key := secret.value("KmsKeyId")
	if key == "" {
		return nil
	}
	return g.admin.target(ctx, "secretsmanager", "secretsmanager.UpdateSecret",
		map[string]string{"SecretId": secret.value("SecretArn"), "KmsKeyId": key}, nil)
}

func (g *Gateway) managedPassword(ctx context.Context, secret *node) (string, error) {
	var value struct{ SecretString string }
	err := g.admin.target(ctx, "secretsmanager", "secretsmanager.GetSecretValue",
		map[string]string{"SecretId": secret.value("SecretArn")}, &value)
	if err != nil {
		return "", fmt.Errorf("read the managed master password: %w", err)
	}
	var login struct {
		Password string `json:"password"`
	}
	if err := json.Unmarshal([]byte(value.SecretString), &login); err != nil {
		return "", fmt.Errorf("the managed master secret %s holds no JSON", secret.value("SecretArn"))
	}
	return login.Password, nil
}

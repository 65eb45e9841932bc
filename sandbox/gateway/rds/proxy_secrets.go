package rds

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// proxyPasswords returns a function that finds the password of a user in the
// current versions of the proxy's secrets, which it reads at every login with the
// proxy's role. It ignores a secret that the role may not read, as AWS does.
func (s *service) proxyPasswords(proxy string) func(context.Context, string) (string, error) {
	return func(ctx context.Context, user string) (string, error) {
		response, err := s.Emulator.Query(ctx, "rds", version, map[string]string{"Action": "DescribeDBProxies", "DBProxyName": proxy})
		if err != nil {
			return "", fmt.Errorf("secrets of proxy %s: %w", proxy, err)
		}
		described := response.First("DBProxies").Items()
		if len(described) != 1 {
			return "", fmt.Errorf("secrets of proxy %s: %d proxies have this name", proxy, len(described))
		}
		as, err := s.Emulator.AsRole(ctx, described[0].Value("RoleArn"), proxy, ProxyCaller)
		if err != nil {
			return "", fmt.Errorf("secrets of proxy %s: %w", proxy, err)
		}
		for _, entry := range described[0].Child("Auth").Items() {
			if password, ok := passwordOf(ctx, as, entry.Value("SecretArn"), user); ok {
				return password, nil
			}
		}
		return "", dataplane.ErrNoCredentials
	}
}

// passwordOf returns the password that a secret has for the user, unless it has
// none or may not be read.
func passwordOf(ctx context.Context, as *emulator.Client, secret, user string) (string, bool) {
	var version struct{ SecretString string }
	err := as.Target(ctx, "secretsmanager", "secretsmanager.GetSecretValue", map[string]string{"SecretId": secret}, &version)
	if err != nil {
		return "", false
	}
	var login struct{ Username, Password string }
	if json.Unmarshal([]byte(version.SecretString), &login) != nil || login.Username != user {
		return "", false
	}
	return login.Password, true
}

// ProxyCaller is RDS Proxy. AWS documents no condition key for it.
var ProxyCaller = iampolicy.Caller{Service: "rds.amazonaws.com"}

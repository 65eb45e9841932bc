package rds

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// proxyPasswords is where a proxy looks for the password of a user: the current
// versions of its secrets, read at every login and in the name of its role. A
// secret that the role may not read is none for the proxy, as on AWS.
func (s *service) proxyPasswords(proxy string) func(context.Context, string) (string, error) {
	return func(ctx context.Context, user string) (string, error) {
		response, err := s.Emulator.Query(ctx, "rds", version, map[string]string{"Action": "DescribeDBProxies", "DBProxyName": proxy})
		if err != nil {
			return "", fmt.Errorf("secrets of proxy %s: %w", proxy, err)
		}
		described := response.First("DBProxies").Items()
		if len(described) != 1 {
			return "", fmt.Errorf("secrets of proxy %s: %d proxies are called so", proxy, len(described))
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

// passwordOf is what a secret has for the user; false: nothing, or it may not
// be read.
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

// CallingProxy is RDS Proxy, of which no condition key is documented.
var ProxyCaller = iampolicy.Caller{Service: "rds.amazonaws.com"}

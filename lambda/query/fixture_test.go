package query_test

import "github.com/didomi/serverless-api/lambda/secrets"

func credentials(user string) secrets.Credentials {
	return secrets.Credentials{Username: user, Password: token}
}

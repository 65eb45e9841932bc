// Package secretsmanager corrects Secrets Manager.
package secretsmanager

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// service is Secrets Manager as the gateway corrects it.
type service struct {
	*call.Account
}

// New describes the service for an account.
func New(a *call.Account) call.Service {
	return (&service{Account: a}).calls()
}

func (s *service) calls() call.Service {
	return call.Service{
		Name: "secretsmanager", Target: "secretsmanager.", Bounds: bounds,
		Operations: map[string]call.Handler{
			"GetSecretValue":     call.After(rejectEmptySecret),
			"RotateSecret":       call.WithBody(s.rotateSecret),
			"CancelRotateSecret": call.Instead(s.cancelRotation),
			"DescribeSecret":     call.After(fillRotation),
		},
	}
}

// refuseEmptySecret answers that a secret without a value has none: the
// emulator makes an empty version with every secret and answers that.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
func rejectEmptySecret(x *call.Exchange) error {
	var value struct {
		SecretString, SecretBinary *string
		VersionStages              []string
	}
	if err := json.Unmarshal(x.Response, &value); err != nil {
		return fmt.Errorf("decode the secret's value: %w", err)
	}
	if value.SecretString != nil || value.SecretBinary != nil {
		return nil
	}
	stage := "AWSCURRENT"
	if len(value.VersionStages) > 0 {
		stage = value.VersionStages[0]
	}
	return x.Reject(http.StatusBadRequest, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for staging label: "+stage)
}

// bounds are those of the calls that give something its physical name, of the API reference.
var bounds = map[string]call.BoundedCall{
	"CreateSecret": call.BoundOf("InvalidParameterException", "Name", 512, secretName),
}

var secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]+$`)

// Package secretsmanager corrects the emulator's Secrets Manager API.
package secretsmanager

import (
	"net/http"
	"regexp"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// service corrects Secrets Manager.
type service struct {
	*call.Account
}

// New returns the corrected calls of Secrets Manager.
func New(a *call.Account) call.Service {
	s := &service{Account: a}
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

// rejectEmptySecret rejects the read of a secret without a value: the emulator
// creates an empty version with every secret and returns it.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
func rejectEmptySecret(x *call.Exchange) error {
	var value struct {
		SecretString, SecretBinary *string
		VersionStages              []string
	}
	if err := x.DecodeResponse(&value); err != nil {
		return err
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

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	"CreateSecret": call.BoundOf("InvalidParameterException", "Name", 512, secretName),
}

var secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]+$`)

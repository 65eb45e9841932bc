package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
)

func (g *Gateway) secretsmanagerCalls() service {
	return service{
		name: "secretsmanager", target: "secretsmanager.", bounds: secretsmanagerBounds,
		operations: map[string]handler{
			"GetSecretValue":     after(refuseEmptySecret),
			"RotateSecret":       reading(rotateSecret),
			"CancelRotateSecret": instead(cancelRotation),
			"DescribeSecret":     after(showRotation),
		},
	}
}

// refuseEmptySecret answers that a secret without a value has none: the
// emulator makes an empty version with every secret and answers that.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
func refuseEmptySecret(x *exchange) error {
	var value struct {
		SecretString, SecretBinary *string
		VersionStages              []string
	}
	if err := json.Unmarshal(x.answer, &value); err != nil {
		return fmt.Errorf("decode the secret's value: %w", err)
	}
	if value.SecretString != nil || value.SecretBinary != nil {
		return nil
	}
	stage := "AWSCURRENT"
	if len(value.VersionStages) > 0 {
		stage = value.VersionStages[0]
	}
	return x.answerError(http.StatusBadRequest, "ResourceNotFoundException",
		"Secrets Manager can't find the specified secret value for staging label: "+stage)
}

// secretsmanagerBounds are those of the calls that give something its physical name, of the API reference.
var secretsmanagerBounds = map[string]boundedCall{
	"CreateSecret": boundOf("InvalidParameterException", "Name", 512, secretName),
}

var secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]+$`)

package deploy

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// CallerClaims returns the issuer and the audience that a deployed stack requires of its callers' tokens.
func CallerClaims(l layout.Layout, stack string) (oidc.Claims, error) {
	outputs, err := ReadOutputs(l, stack)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the stack %s is not deployed: make up STACK=%s deploys it", stack, stack)
	}
	if err != nil {
		return nil, err
	}
	if auth := outputs.Stacked["auth"]; auth != "jwt" {
		return nil, fmt.Errorf("the stack %s accepts no tokens: its auth is %v; set auth: jwt, jwt.issuer and jwt.audience in Pulumi.%s.yaml and deploy it", stack, auth, stack)
	}
	document, _, err := readStackFile(l.State(), stack)
	if err != nil {
		return nil, err
	}
	return callerClaims(document)
}

// callerClaims reads the section of the API, which the project's name precedes.
func callerClaims(document *yaml.Node) (oidc.Claims, error) {
	var file struct{ Config map[string]yaml.Node }
	if err := document.Decode(&file); err != nil {
		return nil, fmt.Errorf("read the stack file: %w", err)
	}
	for name, section := range file.Config {
		if !strings.HasSuffix(name, ":api") {
			continue
		}
		var api struct {
			JWT struct{ Issuer, Audience string }
		}
		if err := section.Decode(&api); err != nil {
			return nil, fmt.Errorf("read %s of the stack file: %w", name, err)
		}
		return oidc.Claims{"iss": api.JWT.Issuer, "aud": api.JWT.Audience}, nil
	}
	return nil, errors.New("the stack file has no settings of the API")
}

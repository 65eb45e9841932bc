package function

import (
	"encoding/json"
	"fmt"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// authorizerTimeoutSeconds leaves time for the two requests to the issuer of a cold start.
const authorizerTimeoutSeconds = 10

// authorizer checks tokens for API Gateway, where the stack requires them. It runs outside the VPC, because it fetches
// the issuer's keys from the internet. Its role can write its log and nothing else.
var authorizer = declaration{suffix: contract.HandlerAuthorizer, create: createAuthorizer}

func createAuthorizer(ctx *pulumi.Context, a Args, f *Functions) (err error) {
	c := a.Settings.Authorizer
	if c == nil {
		return nil
	}
	scopes, err := json.Marshal(c.Scopes)
	if err != nil {
		return fmt.Errorf("api: scopes of the operations: %w", err)
	}
	f.Authorizer, _, err = f.newFunction(ctx, a, spec{
		suffix: contract.HandlerAuthorizer, description: "Checks the tokens of requests for API Gateway",
		memoryMB: 512, timeoutSeconds: authorizerTimeoutSeconds, outsideVPC: true,
		environment: pulumi.StringMap{
			contract.JWTIssuer:    pulumi.String(c.Issuer),
			contract.JWTAudience:  pulumi.String(c.Audience),
			contract.JWTAlgorithm: pulumi.String(c.Algorithm),
			contract.JWTClockSkew: pulumi.String(c.ClockSkew),
			contract.JWTScopes:    pulumi.String(scopes),
		},
	})
	return err
}

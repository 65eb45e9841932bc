package gateway

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/didomi/serverless-api/sandbox/oidc"
)

// assumeWithWebIdentity. AWS verifies the token's signature and times, and that the account has a
// provider for its issuer which knows its audience
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html); the
// emulator reads the claims of any token and evaluates the trust policy. So the gateway refuses what
// AWS would, and the rest is the emulator's.
func (g *Gateway) assumeWithWebIdentity(x *exchange) error {
	claims, err := g.config.Issuer.Verify(x.form.Get("WebIdentityToken"))
	if errors.Is(err, jwt.ErrTokenExpired) {
		return x.answerQueryError("ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time")
	}
	if err != nil {
		return x.answerQueryError("InvalidIdentityToken", "Couldn't verify the token with the keys of its provider: "+err.Error())
	}
	known, err := g.audiences(x, claims)
	if err != nil {
		return err
	}
	if known == nil {
		return x.answerQueryError("InvalidIdentityToken", fmt.Sprintf("No OpenIDConnect provider found in your account for %v", claims["iss"]))
	}
	if aud, _ := claims["aud"].(string); !slices.Contains(known, aud) {
		return x.answerQueryError("InvalidIdentityToken", "Incorrect token audience")
	}
	return x.forward()
}

// audiences are those of the account's provider for the token's issuer; nil: there is none.
func (g *Gateway) audiences(x *exchange, claims oidc.Claims) ([]string, error) {
	issuer, _ := claims["iss"].(string)
	host := strings.TrimSuffix(strings.TrimPrefix(issuer, "https://"), "/")
	answer, err := g.admin.query(x.r.Context(), "iam", iamVersion, map[string]string{
		"Action":                   "GetOpenIDConnectProvider",
		"OpenIDConnectProviderArn": "arn:aws:iam::" + g.config.AccountID + ":oidc-provider/" + host,
	})
	var refused *callError
	if errors.As(err, &refused) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	audiences := []string{}
	if list := answer.first("ClientIDList"); list != nil {
		audiences = append(audiences, list.texts()...)
	}
	return audiences, nil
}

func (g *Gateway) stsCalls() service {
	return service{name: "sts", actions: map[string]handler{"AssumeRoleWithWebIdentity": g.assumeWithWebIdentity}}
}

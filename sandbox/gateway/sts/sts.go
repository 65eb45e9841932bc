// Package sts corrects STS.
package sts

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// assumeWithWebIdentity. AWS verifies the token's signature and times, and that the account has a
// provider for its issuer which knows its audience
// (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html); the
// emulator reads the claims of any token and evaluates the trust policy. So the gateway refuses what
// AWS would, and the rest is the emulator's.
func (s *service) assumeWithWebIdentity(x *call.Exchange) error {
	claims, err := s.issuer.Verify(x.Form.Get("WebIdentityToken"))
	if errors.Is(err, jwt.ErrTokenExpired) {
		return x.AnswerQueryError("ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time")
	}
	if err != nil {
		return x.AnswerQueryError("InvalidIdentityToken", "Couldn't verify the token with the keys of its provider: "+err.Error())
	}
	known, err := s.audiences(x, claims)
	if err != nil {
		return err
	}
	if known == nil {
		return x.AnswerQueryError("InvalidIdentityToken", fmt.Sprintf("No OpenIDConnect provider found in your account for %v", claims["iss"]))
	}
	if aud, _ := claims["aud"].(string); !slices.Contains(known, aud) {
		return x.AnswerQueryError("InvalidIdentityToken", "Incorrect token audience")
	}
	return x.Forward()
}

// audiences are those of the account's provider for the token's issuer; nil: there is none.
func (s *service) audiences(x *call.Exchange, claims oidc.Claims) ([]string, error) {
	issuer, _ := claims["iss"].(string)
	host := strings.TrimSuffix(strings.TrimPrefix(issuer, "https://"), "/")
	answer, err := s.Emulator.Query(x.Request.Context(), "iam", emulator.IAMVersion, map[string]string{
		"Action":                   "GetOpenIDConnectProvider",
		"OpenIDConnectProviderArn": "arn:aws:iam::" + s.AccountID + ":oidc-provider/" + host,
	})
	var refused *emulator.Error
	if errors.As(err, &refused) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	audiences := []string{}
	if list := answer.First("ClientIDList"); list != nil {
		audiences = append(audiences, list.Texts()...)
	}
	return audiences, nil
}

// service is STS as the gateway corrects it.
type service struct {
	*call.Account
	issuer *oidc.Issuer
}

// New describes the service for an account.
func New(a *call.Account, issuer *oidc.Issuer) call.Service {
	return (&service{Account: a, issuer: issuer}).calls()
}

func (s *service) calls() call.Service {
	return call.Service{Name: "sts", Actions: map[string]call.Handler{"AssumeRoleWithWebIdentity": s.assumeWithWebIdentity}}
}

// Package sts corrects the emulator's STS API.
package sts

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// service corrects STS.
type service struct {
	*call.Account
	issuer *oidc.Issuer
}

// New returns the corrected calls of STS.
func New(a *call.Account, issuer *oidc.Issuer) call.Service {
	s := &service{Account: a, issuer: issuer}
	return call.Service{Name: "sts", Actions: map[string]call.Handler{"AssumeRoleWithWebIdentity": s.assumeWithWebIdentity}}
}

// assumeWithWebIdentity verifies the token's signature and times, and that the account has an identity provider
// for its issuer that lists its audience. The emulator accepts any token and evaluates the trust policy against its
// claims.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func (s *service) assumeWithWebIdentity(x *call.Exchange) error {
	claims, err := s.issuer.Verify(x.Form.Get("WebIdentityToken"))
	if errors.Is(err, jwt.ErrTokenExpired) {
		return x.Reject(http.StatusBadRequest, "ExpiredTokenException", "Token expired: current date/time must be before the expiration date/time")
	}
	if err != nil {
		return x.Reject(http.StatusBadRequest, "InvalidIdentityToken", "Couldn't verify the token with the keys of its provider: "+err.Error())
	}
	audiences, err := s.audiences(x, claims)
	if err != nil {
		return err
	}
	if audiences == nil {
		return x.Reject(http.StatusBadRequest, "InvalidIdentityToken", fmt.Sprintf("No OpenIDConnect provider found in your account for %v", claims["iss"]))
	}
	if aud, _ := claims["aud"].(string); !slices.Contains(audiences, aud) {
		return x.Reject(http.StatusBadRequest, "InvalidIdentityToken", "Incorrect token audience")
	}
	return x.Forward()
}

// audiences are those of the account's identity provider for the token's issuer, or nil without a provider.
func (s *service) audiences(x *call.Exchange, claims oidc.Claims) ([]string, error) {
	issuer, _ := claims["iss"].(string)
	host := strings.TrimSuffix(strings.TrimPrefix(issuer, "https://"), "/")
	response, err := s.Emulator.Query(x.Request.Context(), "iam", emulator.IAMVersion, map[string]string{
		"Action":                   "GetOpenIDConnectProvider",
		"OpenIDConnectProviderArn": "arn:aws:iam::" + s.AccountID + ":oidc-provider/" + host,
	})
	if apiErr := new(emulator.Error); errors.As(err, &apiErr) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	audiences := []string{}
	if list := response.First("ClientIDList"); list != nil {
		audiences = append(audiences, list.Texts()...)
	}
	return audiences, nil
}

package restapi

import (
	"crypto/hmac"
	"errors"
	"time"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// ErrExpiredToken means that the credentials of a session have expired.
var ErrExpiredToken = errors.New("the security token has expired")

// Principal is the owner of an access key, with the policies of the account that apply to it.
type Principal struct {
	AccessKeyID, SecretAccessKey string
	SessionToken                 string    // empty: not temporary
	Expires                      time.Time // zero: never
	ARN, ID, AccountID           string
	Policies                     iampolicy.Set
	// Keys are the condition keys that describe the principal, in lower case.
	Keys map[string][]string
}

// authorizeCaller checks the request's signature and the permission of its signer. In the API's own account either the
// identity's policies or the resource policy allow a request, and neither may deny it.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
func (x *exchange) authorizeCaller(policy []iampolicy.Statement) *gatewayError {
	start := time.Now()
	gatewayError := x.authenticate()
	x.authenticateLatency = time.Since(start)
	if gatewayError != nil {
		return gatewayError
	}
	on := x.invoked()
	for key, values := range x.caller.Keys {
		on.Keys[key] = values
	}
	arn := x.caller.ARN
	on.Keys["aws:principalarn"] = []string{iampolicy.PrincipalARN(arn)}
	on.Keys["aws:principalaccount"] = []string{x.caller.AccountID}
	identity := x.caller.Policies.Decide(invokeAction, on)
	resource := iampolicy.DecideFor(policy, arn, invokeAction, on)
	allowed := identity == iampolicy.Allow && resource != iampolicy.ExplicitDeny ||
		identity == iampolicy.ImplicitDeny && resource == iampolicy.Allow
	x.server.config.Decision(arn, invokeAction, on.ARN, allowed)
	switch {
	case allowed:
		return nil
	case identity == iampolicy.ExplicitDeny:
		return x.denied(arn, "with an explicit deny in an identity-based policy")
	case resource == iampolicy.ExplicitDeny:
		return x.denied(arn, "with an explicit deny in a resource-based policy")
	}
	return x.denied(arn, "because no identity-based policy allows the "+invokeAction+" action")
}

// authenticate finds the principal of the signature's access key and verifies the signature over the request, whose
// body is read for it.
func (x *exchange) authenticate() *gatewayError {
	s, gatewayError := x.signature()
	if gatewayError != nil {
		return gatewayError
	}
	if gatewayError := s.checkScope(x.stage.Region, x.server.config.Now()); gatewayError != nil {
		return gatewayError
	}
	principal, err := x.server.config.Store.Principal(x.request.Context(), s.accessKeyID)
	switch {
	case errors.Is(err, ErrExpiredToken), err == nil && !principal.Expires.IsZero() && x.server.config.Now().After(principal.Expires):
		return newGatewayError(expiredToken, "The security token included in the request is expired")
	case errors.Is(err, ErrNotFound), err == nil && !hmac.Equal([]byte(principal.SessionToken), []byte(s.token)):
		return newGatewayError(unrecognizedClient, "The security token included in the request is invalid.")
	case err != nil:
		x.integrationError = err.Error()
		return newGatewayError(apiConfigurationError, "Internal server error")
	}
	if gatewayError := x.readBody(); gatewayError != nil {
		return gatewayError
	}
	canonical := s.canonicalRequest(x.request, x.rawPath(), x.body)
	if text := s.stringToSign(canonical); !hmac.Equal([]byte(s.sign(principal.SecretAccessKey, text)), []byte(s.value)) {
		return newGatewayError(invalidSignature, mismatch(canonical, text))
	}
	x.caller = &principal
	return nil
}

// Package iam corrects the emulator's IAM API.
package iam

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// Quotas of IAM that cannot be raised, or the defaults of those that can. Sizes are in characters without white space.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	maxTrust        = 2048
	maxManaged      = 6144
	maxRoleInline   = 10240
	maxUserInline   = 2048
	maxRolePolicies = 10
)

// service corrects IAM.
type service struct {
	*call.Account
}

// New returns the corrected calls of IAM: those that create policies reject what exceeds IAM's quotas.
func New(a *call.Account) call.Service {
	s := &service{Account: a}
	calls := map[string]call.Handler{"SimulatePrincipalPolicy": call.After(simulatePolicy)}
	for action, check := range map[string]func(*call.Exchange) (string, error){
		"CreateRole":             documentSize("AssumeRolePolicyDocument", "ACLSizePerRole", maxTrust),
		"UpdateAssumeRolePolicy": documentSize("PolicyDocument", "ACLSizePerRole", maxTrust),
		"CreatePolicy":           documentSize("PolicyDocument", "PolicySize", maxManaged),
		"CreatePolicyVersion":    documentSize("PolicyDocument", "PolicySize", maxManaged),
		"PutRolePolicy":          s.inlineSize("Role", maxRoleInline),
		"PutUserPolicy":          s.inlineSize("User", maxUserInline),
		"AttachRolePolicy":       attachedPolicies,
	} {
		next := call.FirstOf(calls[action])
		calls[action] = func(x *call.Exchange) error {
			violation, err := check(x)
			if err != nil {
				return err
			}
			if violation != "" {
				return x.Reject(http.StatusConflict, "LimitExceeded", violation)
			}
			return next(x)
		}
	}
	return call.Service{Name: "iam", Actions: calls, Bounds: bounds, Resources: s.resources}
}

// documentSize compares the size of one document with its quota.
func documentSize(parameter, quota string, limit int) func(*call.Exchange) (string, error) {
	return func(x *call.Exchange) (string, error) {
		if policySize(x.Form.Get(parameter)) > limit {
			return fmt.Sprintf("Cannot exceed quota for %s: %d", quota, limit), nil
		}
		return "", nil
	}
}

// policySize is the size of a document as IAM counts it.
func policySize(document string) int {
	return len(strings.Join(strings.FieldsFunc(document, unicode.IsSpace), ""))
}

// inlineSize compares the size of all inline policies of a role or a user ("Role", "User") with their quota.
func (s *service) inlineSize(kind string, limit int) func(*call.Exchange) (string, error) {
	return func(x *call.Exchange) (string, error) {
		ctx, owner, size := x.Request.Context(), x.Form.Get(kind+"Name"), policySize(x.Form.Get("PolicyDocument"))
		listed, err := x.Emulator.IAM(ctx, "List"+kind+"Policies", kind+"Name", owner)
		if emulator.NotFound(err) {
			return "", nil // the emulator rejects the call
		}
		if err != nil {
			return "", err
		}
		for _, name := range listed.First("PolicyNames").Texts() {
			if name == x.Form.Get("PolicyName") {
				continue
			}
			document, err := s.inlinePolicy(ctx, kind, owner, name)
			if err != nil {
				return "", err
			}
			size += policySize(document)
		}
		if size > limit {
			return fmt.Sprintf("Maximum policy size of %d bytes exceeded for %s %s", limit, strings.ToLower(kind), owner), nil
		}
		return "", nil
	}
}

func (s *service) inlinePolicy(ctx context.Context, kind, owner, name string) (string, error) {
	response, err := s.Emulator.IAM(ctx, "Get"+kind+"Policy", kind+"Name", owner, "PolicyName", name)
	if err != nil {
		return "", err
	}
	return url.QueryUnescape(response.First("PolicyDocument").Text)
}

// attachedPolicies compares the number of a role's managed policies with its quota.
func attachedPolicies(x *call.Exchange) (string, error) {
	listed, err := x.Emulator.IAM(x.Request.Context(), "ListAttachedRolePolicies", "RoleName", x.Form.Get("RoleName"))
	if emulator.NotFound(err) {
		return "", nil // the emulator rejects the call
	}
	if err != nil {
		return "", err
	}
	attached := xmltree.ChildTexts(listed, "PolicyArn")
	if len(attached) >= maxRolePolicies && !slices.Contains(attached, x.Form.Get("PolicyArn")) {
		return fmt.Sprintf("Cannot exceed quota for PoliciesPerRole: %d", maxRolePolicies), nil
	}
	return "", nil
}

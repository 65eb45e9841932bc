package gateway

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// The quotas of IAM that cannot be raised, or are what an account starts with. Sizes are in characters,
// white space not counted.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	mostTrust        = 2048
	mostManaged      = 6144
	mostRoleInline   = 10240
	mostUserInline   = 2048
	mostRolePolicies = 10
)

// iamCalls refuse policies beyond IAM's quotas.
func (g *Gateway) iamCalls() service {
	calls := map[string]handler{"SimulatePrincipalPolicy": after(simulatePolicy)}
	for action, check := range map[string]func(*exchange) (string, error){
		"CreateRole":             documentSize("AssumeRolePolicyDocument", "ACLSizePerRole", mostTrust),
		"UpdateAssumeRolePolicy": documentSize("PolicyDocument", "ACLSizePerRole", mostTrust),
		"CreatePolicy":           documentSize("PolicyDocument", "PolicySize", mostManaged),
		"CreatePolicyVersion":    documentSize("PolicyDocument", "PolicySize", mostManaged),
		"PutRolePolicy":          inlineSize("Role", mostRoleInline),
		"PutUserPolicy":          inlineSize("User", mostUserInline),
		"AttachRolePolicy":       attachedPolicies,
	} {
		call := firstOf(calls[action])
		calls[action] = func(x *exchange) error {
			broken, err := check(x)
			if err != nil {
				return err
			}
			if broken != "" {
				return x.refuse(http.StatusConflict, "LimitExceeded", broken)
			}
			return call(x)
		}
	}
	return service{name: "iam", actions: calls, bounds: iamBounds, resources: g.namedIAM}
}

// documentSize compares the size of one document with its quota.
func documentSize(parameter, quota string, most int) func(*exchange) (string, error) {
	return func(x *exchange) (string, error) {
		if policySize(x.form.Get(parameter)) > most {
			return fmt.Sprintf("Cannot exceed quota for %s: %d", quota, most), nil
		}
		return "", nil
	}
}

// policySize is the size of a document as IAM counts it.
func policySize(document string) int {
	return len(strings.Join(strings.FieldsFunc(document, unicode.IsSpace), ""))
}

// inlineSize compares the size of all inline policies of a role or a user ("Role", "User") with their quota.
func inlineSize(kind string, most int) func(*exchange) (string, error) {
	return func(x *exchange) (string, error) {
		ctx, owner, size := x.r.Context(), x.form.Get(kind+"Name"), policySize(x.form.Get("PolicyDocument"))
		listed, err := x.g.iam(ctx, "List"+kind+"Policies", kind+"Name", owner)
		if notFound(err) {
			return "", nil // the emulator says so itself
		}
		if err != nil {
			return "", err
		}
		for _, name := range listed.first("PolicyNames").texts() {
			if name == x.form.Get("PolicyName") {
				continue
			}
			document, err := x.g.inlinePolicy(ctx, kind, owner, name)
			if err != nil {
				return "", err
			}
			size += policySize(document)
		}
		if size > most {
			return fmt.Sprintf("Maximum policy size of %d bytes exceeded for %s %s", most, strings.ToLower(kind), owner), nil
		}
		return "", nil
	}
}

func (g *Gateway) inlinePolicy(ctx context.Context, kind, owner, name string) (string, error) {
	answer, err := g.iam(ctx, "Get"+kind+"Policy", kind+"Name", owner, "PolicyName", name)
	if err != nil {
		return "", err
	}
	return url.QueryUnescape(answer.first("PolicyDocument").text)
}

// attachedPolicies compares the number of a role's managed policies with its quota.
func attachedPolicies(x *exchange) (string, error) {
	listed, err := x.g.iam(x.r.Context(), "ListAttachedRolePolicies", "RoleName", x.form.Get("RoleName"))
	if notFound(err) {
		return "", nil // the emulator says so itself
	}
	if err != nil {
		return "", err
	}
	attached := childTexts(listed, "PolicyArn")
	if len(attached) >= mostRolePolicies && !slices.Contains(attached, x.form.Get("PolicyArn")) {
		return fmt.Sprintf("Cannot exceed quota for PoliciesPerRole: %d", mostRolePolicies), nil
	}
	return "", nil
}

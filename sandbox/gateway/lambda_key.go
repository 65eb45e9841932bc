package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// granting has Lambda let a function's role decrypt the environment, once the call has set a key: with a
// grant that is made in the caller's name, who needs the right to it (ministack/observe.py).
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
func granting(call handler) handler {
	return func(x *exchange) error {
		if err := call(x); err != nil || !x.succeeded() {
			return err
		}
		var f functionConfig
		if err := json.Unmarshal(x.answer, &f); err != nil {
			return fmt.Errorf("decode the function's configuration: %w", err)
		}
		if f.KMSKeyArn == "" {
			return nil
		}
		defer x.g.lookups.forget("kms")
		return x.g.kms(x.r.Context(), "CreateGrant", map[string]any{
			"KeyId": f.KMSKeyArn, "Name": f.FunctionName, "Operations": []string{"Decrypt"},
			"GranteePrincipal": x.g.runningAs(f.Role, f.FunctionName),
			"Constraints":      map[string]any{"EncryptionContextEquals": map[string]string{functionContext: x.g.functionARN(f.FunctionName, "")}},
		}, nil)
	}
}

// functionContext is the encryption context's key for a function's environment.
const functionContext = "aws:lambda:FunctionArn"

// runningAs is the session that a function runs in.
func (g *Gateway) runningAs(role, function string) string {
	return "arn:aws:sts::" + g.config.AccountID + ":assumed-role/" + roleName(role) + "/" + function
}

func (g *Gateway) kms(ctx context.Context, action string, in, out any) error {
	return g.admin.target(ctx, "kms", "TrentService."+action, in, out)
}

// keyErrors are what Lambda answers to an invocation when a key is in such a state. Another one is
// KMSInvalidStateException.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
var keyErrors = map[string]string{"Enabled": "", "Disabled": "KMSDisabledException", "": "KMSNotFoundException"}

// decrypts returns the error of Lambda's API where the function's environment cannot be decrypted.
func (g *Gateway) decrypts(ctx context.Context, f lambdahost.Function) error {
	if f.KeyARN == "" {
		return nil
	}
	failed, err := lookup(g.lookups, "kms", "environment "+f.Name+" "+f.RoleARN+" "+f.KeyARN, func() (string, error) {
		return g.keyError(ctx, f)
	})
	if err != nil || failed == "" {
		return err
	}
	return &lambdahost.Error{
		Status: http.StatusBadGateway, Type: failed,
		Message: "Lambda was unable to decrypt the environment variables. Please check the function's KMS key settings. KMS Exception: " + failed,
	}
}

// keyError is the type of that error; empty: none.
func (g *Gateway) keyError(ctx context.Context, f lambdahost.Function) (string, error) {
	var described struct{ KeyMetadata struct{ KeyState string } }
	err := g.kms(ctx, "DescribeKey", map[string]any{"KeyId": f.KeyARN}, &described)
	if refused := new(callError); err != nil && !errors.As(err, &refused) {
		return "", fmt.Errorf("key of the environment of %s: %w", f.Name, err)
	}
	if failed, ok := keyErrors[described.KeyMetadata.KeyState]; !ok || failed != "" {
		if !ok {
			failed = "KMSInvalidStateException"
		}
		return failed, nil
	}
	var listed struct {
		Grants []struct {
			Operations  []string
			Constraints struct{ EncryptionContextEquals map[string]string }
		}
	}
	err = g.kms(ctx, "ListGrants", map[string]any{"KeyId": f.KeyARN, "GranteePrincipal": g.runningAs(f.RoleARN, f.Name)}, &listed)
	if err != nil {
		return "", fmt.Errorf("grants of the environment of %s: %w", f.Name, err)
	}
	for _, grant := range listed.Grants {
		if slices.Contains(grant.Operations, "Decrypt") && grant.Constraints.EncryptionContextEquals[functionContext] == g.functionARN(f.Name, "") {
			return "", nil
		}
	}
	return "KMSAccessDeniedException", nil
}

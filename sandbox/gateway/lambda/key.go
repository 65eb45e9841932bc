package lambda

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// grantDecrypt creates the grant with which a function's role decrypts the environment, after a call that sets a key.
// Lambda creates it on behalf of the caller, who needs kms:CreateGrant (ministack/authorize.py).
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
func (s *Service) grantDecrypt(next call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		if err := next(x); err != nil || !x.Succeeded() {
			return err
		}
		var f functionConfig
		if err := x.DecodeResponse(&f); err != nil {
			return err
		}
		if f.KMSKeyArn == "" {
			return nil
		}
		defer x.Lookups.Invalidate("kms")
		return s.kms(x.Request.Context(), "CreateGrant", map[string]any{
			"KeyId": f.KMSKeyArn, "Name": f.FunctionName, "Operations": []string{"Decrypt"},
			"GranteePrincipal": s.sessionARN(f.Role, f.FunctionName),
			"Constraints":      map[string]any{"EncryptionContextEquals": map[string]string{functionContext: s.FunctionARN(f.FunctionName, "")}},
		}, nil)
	}
}

// functionContext is the key of the encryption context of a function's environment.
const functionContext = "aws:lambda:FunctionArn"

// sessionARN is the ARN of the role session that a function runs in.
func (s *Service) sessionARN(role, function string) string {
	return "arn:aws:sts::" + s.AccountID + ":assumed-role/" + emulator.RoleName(role) + "/" + function
}

func (s *Service) kms(ctx context.Context, action string, in, out any) error {
	return s.Emulator.Target(ctx, "kms", "TrentService."+action, in, out)
}

// keyErrors are Lambda's errors for an invocation by the state of the key. For other states it is
// KMSInvalidStateException.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
var keyErrors = map[string]string{"Enabled": "", "Disabled": "KMSDisabledException", "": "KMSNotFoundException"}

// checkKey returns an error of Lambda's API if the function's environment cannot be decrypted.
func (s *Service) checkKey(ctx context.Context, f lambdahost.Function) error {
	if f.KeyARN == "" {
		return nil
	}
	failed, err := emulator.Lookup(s.Lookups, "kms", "environment "+f.Name+" "+f.RoleARN+" "+f.KeyARN, func() (string, error) {
		return s.keyError(ctx, f)
	})
	if err != nil || failed == "" {
		return err
	}
	return &lambdahost.Error{
		Status: http.StatusBadGateway, Type: failed,
		Message: "Lambda was unable to decrypt the environment variables. Please check the function's KMS key settings. KMS Exception: " + failed,
	}
}

// keyError returns the type of that error, or an empty string.
func (s *Service) keyError(ctx context.Context, f lambdahost.Function) (string, error) {
	var described struct{ KeyMetadata struct{ KeyState string } }
	err := s.kms(ctx, "DescribeKey", map[string]any{"KeyId": f.KeyARN}, &described)
	if apiErr := new(emulator.Error); err != nil && !errors.As(err, &apiErr) {
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
	err = s.kms(ctx, "ListGrants", map[string]any{"KeyId": f.KeyARN, "GranteePrincipal": s.sessionARN(f.RoleARN, f.Name)}, &listed)
	if err != nil {
		return "", fmt.Errorf("grants of the environment of %s: %w", f.Name, err)
	}
	for _, grant := range listed.Grants {
		if slices.Contains(grant.Operations, "Decrypt") && grant.Constraints.EncryptionContextEquals[functionContext] == s.FunctionARN(f.Name, "") {
			return "", nil
		}
	}
	return "KMSAccessDeniedException", nil
}

package secretsmanager

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// rotation is a RotateSecret call and its secret.
type rotation struct {
	SecretID          string `json:"SecretId"`
	Function          string `json:"RotationLambdaARN"`
	RotateImmediately *bool
	secret            describedSecret
}

// describedSecret has the members of DescribeSecret's response that a rotation uses.
type describedSecret struct {
	ARN                string
	RotationLambdaARN  string
	VersionIDsToStages map[string][]string `json:"VersionIdsToStages"`
}

func (s describedSecret) current() string {
	for version, stages := range s.VersionIDsToStages {
		if slices.Contains(stages, "AWSCURRENT") {
			return version
		}
	}
	return ""
}

// rotationStopped is the key in the overlay of a secret whose rotation is cancelled.
func rotationStopped(arn string) string { return "secretsmanager:rotation-stopped/" + arn }

// rotateSecret invokes the function for the four steps, after the response, as AWS does. Without RotateImmediately it
// invokes the function for testSecret only, with a copy of the value. The emulator stores the rotation's settings and
// makes a copy of the value the current version, which is reverted first.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
func (s *service) rotateSecret(x *call.Exchange) error {
	var r rotation
	if err := x.DecodeRequest(&r); err != nil {
		return err
	}
	ctx := x.Request.Context()
	before, err := s.describeSecret(ctx, r.SecretID)
	if err != nil {
		return x.Forward() // the emulator rejects it
	}
	r.secret = before
	if r.Function == "" {
		r.Function = before.RotationLambdaARN
	}
	if err := x.Forward(); err != nil || !x.Succeeded() {
		return err
	}
	if err := s.restoreCurrent(ctx, before); err != nil {
		return err
	}
	if allowed, err := s.secretsManagerMayInvoke(ctx, r.Function, before.ARN); err != nil || !allowed {
		x.Fields.Set(rotationStopped(before.ARN), map[string]any{"stopped": "true"})
		return x.Reject(http.StatusBadRequest, "AccessDeniedException",
			"Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.")
	}
	x.Fields.Delete(rotationStopped(before.ARN))
	go s.rotate(context.WithoutCancel(ctx), r)
	return nil
}

func (s *service) describeSecret(ctx context.Context, id string) (describedSecret, error) {
	var secret describedSecret
	err := s.Emulator.Target(ctx, "secretsmanager", "secretsmanager.DescribeSecret", map[string]any{"SecretId": id}, &secret)
	return secret, err
}

// restoreCurrent makes the version current that was current before.
func (s *service) restoreCurrent(ctx context.Context, before describedSecret) error {
	now, err := s.describeSecret(ctx, before.ARN)
	if err != nil {
		return fmt.Errorf("restore the current version of %s: %w", before.ARN, err)
	}
	if before.current() == "" || now.current() == before.current() {
		return nil
	}
	return s.moveStage(ctx, before.ARN, "AWSCURRENT", now.current(), before.current())
}

// moveStage moves a staging label from one version to another; either may be empty.
func (s *service) moveStage(ctx context.Context, arn, stage, from, to string) error {
	in := map[string]any{"SecretId": arn, "VersionStage": stage}
	if from != "" {
		in["RemoveFromVersionId"] = from
	}
	if to != "" {
		in["MoveToVersionId"] = to
	}
	if err := s.Emulator.Target(ctx, "secretsmanager", "secretsmanager.UpdateSecretVersionStage", in, nil); err != nil {
		return fmt.Errorf("move %s of %s: %w", stage, arn, err)
	}
	return nil
}

// rotate invokes the function for each step. A step that fails ends the rotation; AWS would retry it within a day.
func (s *service) rotate(ctx context.Context, r rotation) {
	token, steps := rand.Text()+rand.Text(), []string{"createSecret", "setSecret", "testSecret", "finishSecret"}
	if r.RotateImmediately != nil && !*r.RotateImmediately {
		steps = []string{"testSecret"}
		if err := s.pendingCopy(ctx, r.secret.ARN, token); err != nil {
			s.Log.Error("a rotation could not be tested", "secret", r.secret.ARN, "error", err)
			return
		}
		defer func() {
			if err := s.moveStage(ctx, r.secret.ARN, "AWSPENDING", token, ""); err != nil {
				s.Log.Error("the test of a rotation did not remove its version", "error", err)
			}
		}()
	}
	for _, step := range steps {
		if err := s.rotationStep(ctx, r, step, token); err != nil {
			s.Log.Error("a rotation failed", "secret", r.secret.ARN, "step", step, "error", err)
			return
		}
	}
}

// pendingCopy creates a version AWSPENDING with the secret's value, for a test.
func (s *service) pendingCopy(ctx context.Context, arn, token string) error {
	var value struct{ SecretString *string }
	if err := s.Emulator.Target(ctx, "secretsmanager", "secretsmanager.GetSecretValue", map[string]any{"SecretId": arn}, &value); err != nil {
		return err
	}
	return s.Emulator.Target(ctx, "secretsmanager", "secretsmanager.PutSecretValue", map[string]any{
		"SecretId": arn, "ClientRequestToken": token, "SecretString": value.SecretString, "VersionStages": []string{"AWSPENDING"},
	}, nil)
}

func (s *service) rotationStep(ctx context.Context, r rotation, step, token string) error {
	payload, err := json.Marshal(map[string]string{"Step": step, "SecretId": r.secret.ARN, "ClientRequestToken": token})
	if err != nil {
		return err
	}
	invoker, err := s.Invoker.Get()
	if err != nil {
		return err
	}
	response, err := invoker.Invoke(ctx, lambdahost.Request{Function: r.Function, Payload: payload})
	if err != nil {
		return err
	}
	if response.FunctionError != "" {
		return fmt.Errorf("%s: %s", response.FunctionError, response.Payload)
	}
	return nil
}

// secretsManagerMayInvoke reports whether the function's policy allows Secrets Manager to invoke it for the secret.
func (s *service) secretsManagerMayInvoke(ctx context.Context, function, secret string) (bool, error) {
	var policy struct{ Policy string }
	err := s.Emulator.Rest(ctx, "lambda", http.MethodGet, "/2015-03-31/functions/"+url.PathEscape(function)+"/policy", nil, &policy)
	if emulator.NotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("policy of %s: %w", function, err)
	}
	statements, err := iampolicy.Parse(policy.Policy)
	if err != nil {
		return false, fmt.Errorf("policy of %s: %w", function, err)
	}
	by := s.ServiceCaller("secretsmanager.amazonaws.com", secret)
	allowed, _ := by.Allows(statements, "lambda:InvokeFunction", function)
	return allowed, nil
}

// cancelRotation stops a secret's rotation, a call that the emulator does not support.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html
func (s *service) cancelRotation(x *call.Exchange) error {
	var request struct {
		SecretID string `json:"SecretId"`
	}
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	secret, err := s.describeSecret(x.Request.Context(), request.SecretID)
	if err != nil {
		return x.Reject(http.StatusBadRequest, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	x.Fields.Set(rotationStopped(secret.ARN), map[string]any{"stopped": "true"})
	return x.RespondJSON(http.StatusOK, map[string]any{"ARN": secret.ARN})
}

// fillRotation returns a cancelled rotation as disabled.
func fillRotation(x *call.Exchange) error {
	var secret map[string]any
	if err := x.DecodeResponse(&secret); err != nil {
		return err
	}
	arn, _ := secret["ARN"].(string)
	if x.Fields.StringMember(rotationStopped(arn), "stopped") == "" {
		return nil
	}
	secret["RotationEnabled"] = false
	return x.RespondJSON(http.StatusOK, secret)
}

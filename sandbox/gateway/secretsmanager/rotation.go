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

// rotation is what a RotateSecret call says, and what it is about.
type rotation struct {
	SecretID          string `json:"SecretId"`
	Function          string `json:"RotationLambdaARN"`
	RotateImmediately *bool
	secret            describedSecret
}

// describedSecret is what DescribeSecret answers, as far as a rotation goes.
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

// rotationStopped is the name under which the overlay keeps that a secret's rotation was cancelled.
func rotationStopped(arn string) string { return "secretsmanager:rotation-stopped/" + arn }

// rotateSecret has the function take the four steps, after the answer, as AWS does; without
// RotateImmediately the third alone, on a copy. The emulator keeps what is to rotate when, and takes
// the secret's own value for a new version; that is undone before anything else happens.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
func (s *service) rotateSecret(x *call.Exchange) error {
	var r rotation
	if err := call.Decode(x.Body, &r); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	ctx := x.Request.Context()
	before, err := s.describeSecret(ctx, r.SecretID)
	if err != nil {
		return x.Forward() // the emulator says what is wrong with it
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

// takeBackVersion makes the version current that was so before.
func (s *service) restoreCurrent(ctx context.Context, before describedSecret) error {
	now, err := s.describeSecret(ctx, before.ARN)
	if err != nil {
		return fmt.Errorf("take back the emulator's version of %s: %w", before.ARN, err)
	}
	if before.current() == "" || now.current() == before.current() {
		return nil
	}
	return s.moveStage(ctx, before.ARN, "AWSCURRENT", now.current(), before.current())
}

// moveLabel moves a label from one version to another; an empty one is none.
func (s *service) moveStage(ctx context.Context, arn, label, from, to string) error {
	in := map[string]any{"SecretId": arn, "VersionStage": label}
	if from != "" {
		in["RemoveFromVersionId"] = from
	}
	if to != "" {
		in["MoveToVersionId"] = to
	}
	if err := s.Emulator.Target(ctx, "secretsmanager", "secretsmanager.UpdateSecretVersionStage", in, nil); err != nil {
		return fmt.Errorf("move %s of %s: %w", label, arn, err)
	}
	return nil
}

// rotate invokes the function for each step. A step that fails ends the rotation; AWS would try it
// again within the day.
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
				s.Log.Error("a rotation's test left a version", "error", err)
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

// pendingCopy gives the secret's value a version of its own, for a test.
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

// secretsManagerMayInvoke says whether the function's policy lets Secrets Manager invoke it for the
// secret.
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

// cancelRotation stops a secret's rotation, which the emulator does not know.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html
func (s *service) cancelRotation(x *call.Exchange) error {
	var request struct {
		SecretID string `json:"SecretId"`
	}
	if err := call.Decode(x.Body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	secret, err := s.describeSecret(x.Request.Context(), request.SecretID)
	if err != nil {
		return x.Reject(http.StatusBadRequest, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	}
	x.Fields.Set(rotationStopped(secret.ARN), map[string]any{"stopped": "true"})
	return x.RespondJSON(http.StatusOK, map[string]any{"ARN": secret.ARN})
}

// showRotation answers that a cancelled rotation is off.
func fillRotation(x *call.Exchange) error {
	var secret map[string]any
	if err := json.Unmarshal(x.Response, &secret); err != nil {
		return fmt.Errorf("decode the secret: %w", err)
	}
	arn, _ := secret["ARN"].(string)
	if x.Fields.StringMember(rotationStopped(arn), "stopped") == "" {
		return nil
	}
	secret["RotationEnabled"] = false
	return x.RespondJSON(http.StatusOK, secret)
}

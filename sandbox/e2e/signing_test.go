package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/didomi/serverless-api/client/sigv4"
	"github.com/didomi/serverless-api/lambda/openapi"
)

// requestSigner is the key in the context of a request that httpClient signs.
type requestSigner struct{}

// authenticated returns the request with what the stack requires of callers: an API key, and a signature with the
// administrator's credentials.
func authenticated(out outputs, req *http.Request) *http.Request {
	if out.APIKey != "" {
		req.Header.Set("X-Api-Key", out.APIKey)
	}
	return signed(out, req)
}

// signed has httpClient sign the request with the administrator's credentials if the stack requires signatures.
func signed(out outputs, req *http.Request) *http.Request {
	if out.Stacked.Auth != openapi.AuthIAM {
		return req
	}
	return signedBy(awsConfig(out), req)
}

// signedBy has httpClient sign the request with these credentials for this region.
func signedBy(as aws.Config, req *http.Request) *http.Request {
	return req.WithContext(context.WithValue(req.Context(), requestSigner{}, &sigv4.Transport{
		Host: req.URL.Host, Region: as.Region, Credentials: as.Credentials,
	}))
}

// sign is the RoundTripper of httpClient.
func sign(r *http.Request) (*http.Response, error) {
	if transport, ok := r.Context().Value(requestSigner{}).(*sigv4.Transport); ok {
		return transport.RoundTrip(r)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// signedHeaders returns the request with the headers of a signature for the service, over an empty body.
func signedHeaders(t *testing.T, as aws.Config, service string, req *http.Request) *http.Request {
	t.Helper()
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	key, err := as.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := v4.NewSigner().SignHTTP(t.Context(), key, req, empty, service, as.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	return req
}

// checkSignatures sends requests with and without valid signatures, of principals with and without permission. The stack
// requires signatures.
func checkSignatures(t *testing.T, out outputs) {
	t.Helper()
	names, admin := stackOutputs(t, out), awsConfig(out)
	user := ciUser(t, out, names["ciUser"].(string))
	wrong, elsewhere, unknown := admin.Copy(), admin.Copy(), admin.Copy()
	key, err := admin.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wrong.Credentials = credentials.NewStaticCredentialsProvider(key.AccessKeyID, "wrong", "")
	unknown.Credentials = credentials.NewStaticCredentialsProvider("AKIAUNKNOWN000000000", key.SecretAccessKey, "")
	elsewhere.Region = "us-east-1"
	by := func(as aws.Config) func(*http.Request) *http.Request {
		return func(req *http.Request) *http.Request { return signedBy(as, req) }
	}
	caller := by(assume(t, admin, createCaller(t, out, out.Stacked.OperationARNs["GET /items"])))
	for _, c := range []struct {
		name, path string
		sign       func(*http.Request) *http.Request
		want       int
	}{
		{"no signature", "/items", func(req *http.Request) *http.Request { return req }, http.StatusUnauthorized},
		// A signer of its own: the SDK's keeps the key that it has derived from the secret, by access key.
		{"a wrong secret", "/items", func(req *http.Request) *http.Request { return signedHeaders(t, wrong, sigv4.Service, req) }, http.StatusUnauthorized},
		{"another region", "/items", by(elsewhere), http.StatusUnauthorized},
		{"another service", "/items", func(req *http.Request) *http.Request { return signedHeaders(t, admin, "lambda", req) }, http.StatusUnauthorized},
		{"an unknown access key", "/items", by(unknown), http.StatusForbidden},
		{"a user without permission", "/items", by(user), http.StatusForbidden},
		{"a session of a role without permission", "/items", by(assume(t, user, names["ciPreviewRole"].(string))), http.StatusForbidden},
		{"a role with the permission for another operation", "/items/never-made", caller, http.StatusForbidden},
		{"a role with the operation's ARN in its policy", "/items", caller, http.StatusOK},
		{"the deploy role, for the smoke test", "/health/details", by(assume(t, user, names["ciDeployRole"].(string))), http.StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := do(t, c.sign(newRequest(t, out, http.MethodGet, c.path, "", map[string]string{"X-Api-Key": out.APIKey})))
			if c.want != http.StatusOK {
				checkProblem(t, got, c.want)
			} else if got.status != c.want {
				t.Errorf("%d, want %d\n%s", got.status, c.want, got.body)
			}
			if scheme := got.header.Get("WWW-Authenticate"); c.want == http.StatusUnauthorized && scheme != "AWS4-HMAC-SHA256" {
				t.Errorf("WWW-Authenticate %q, want the signature's algorithm", scheme)
			}
		})
	}
}

// createCaller creates a role that may call the operation, and returns its ARN.
func createCaller(t *testing.T, out outputs, operation string) string {
	t.Helper()
	if !strings.HasPrefix(operation, "arn:aws:execute-api:") {
		t.Fatalf("the ARN of the operation is %q", operation)
	}
	ctx, admin, name := context.Background(), iam.NewFromConfig(awsConfig(out)), aws.String("e2e-caller")
	account := strings.Split(operation, ":")[4]
	document := func(statement map[string]any) *string {
		text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statement})
		if err != nil {
			t.Fatal(err)
		}
		return aws.String(string(text))
	}
	role, err := admin.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: document(map[string]any{
		"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"AWS": "arn:aws:iam::" + account + ":root"},
	})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: name}); err != nil {
			t.Error(err)
		}
		if _, err := admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}); err != nil {
			t.Error(err)
		}
	})
	if _, err := admin.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: name, PolicyDocument: document(map[string]any{
		"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": operation,
	})}); err != nil {
		t.Fatal(err)
	}
	return *role.Role.Arn
}

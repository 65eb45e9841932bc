package e2e

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// everything is a policy that allows all actions.
const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// principal is a user or role with its credentials.
type principal struct {
	name   string // of the user or the role
	user   bool
	config aws.Config
}

// allowAll removes the principal's boundary and allows it every action until undo is called.
func (p principal) allowAll(t *testing.T, admin *iam.Client) (undo func()) {
	t.Helper()
	restore := p.widen(t, admin)
	if p.user {
		return restore
	}
	role, err := admin.GetRole(context.Background(), &iam.GetRoleInput{RoleName: &p.name})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.DeleteRolePermissionsBoundary(context.Background(), &iam.DeleteRolePermissionsBoundaryInput{RoleName: &p.name}); err != nil {
		t.Fatal(err)
	}
	return func() {
		_, err := admin.PutRolePermissionsBoundary(context.Background(), &iam.PutRolePermissionsBoundaryInput{
			RoleName: &p.name, PermissionsBoundary: role.Role.PermissionsBoundary.PermissionsBoundaryArn,
		})
		if err != nil {
			t.Error(err)
		}
		restore()
	}
}

// widen allows the principal every action within its boundary until undo is called.
func (p principal) widen(t *testing.T, admin *iam.Client) (undo func()) {
	t.Helper()
	ctx, policy := context.Background(), aws.String("e2e-loosened")
	if p.user {
		_, err := admin.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &p.name, PolicyName: policy, PolicyDocument: aws.String(everything)})
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if _, err := admin.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: &p.name, PolicyName: policy}); err != nil {
				t.Error(err)
			}
		}
	}
	_, err := admin.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &p.name, PolicyName: policy, PolicyDocument: aws.String(everything)})
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := admin.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &p.name, PolicyName: policy}); err != nil {
			t.Error(err)
		}
	}
}

// denied reports whether AWS denied the call for lack of permissions.
func denied(err error) bool {
	var failure smithy.APIError
	codes := []string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "Forbidden"}
	if errors.As(err, &failure) && slices.Contains(codes, failure.ErrorCode()) {
		return true
	}
	// The emulator's denials of Route 53 calls have a form in which the client finds no error code.
	var response *smithyhttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode() == http.StatusForbidden && strings.Contains(err.Error(), "Route 53")
}

// denial is a call that must be denied, with a call that undoes it.
type denial struct {
	name string
	who  principal
	try  attempt
	undo attempt
	// widened: the principal's policies allow everything, so that only its boundary denies the call.
	widened bool
	// trusting is a role that trusts all principals of the account during the calls.
	trusting string
}

// checkDenials checks that each principal is denied its calls. It then repeats each call with every permission, which
// must succeed: so the call was denied for lack of permissions and for no other reason.
func checkDenials(t *testing.T, out, other outputs) {
	t.Helper()
	admin := iam.NewFromConfig(awsConfig(out))
	c := newPrincipals(t, out, other)
	theirs := c.foreign["functionName"].(string)
	reserved := reservation(t, other, theirs)
	for _, a := range slices.Concat(c.previewDenials(t), c.deployDenials(t), c.takeoverDenials(t), c.otherProgramDenials(t), c.logRoleDenials(t), c.zoneDenials(t), c.userDenials(t), c.workloadDenials(t), c.boundaryDenials(t), c.callDenials(t)) {
		t.Run(a.name, func(t *testing.T) { a.check(t, out, admin) })
	}
	if left := reservation(t, other, theirs); !reflect.DeepEqual(left, reserved) {
		t.Errorf("%s reserves %v now, and %v before", theirs, aws.ToInt32(left), aws.ToInt32(reserved))
	}
	checkOrganization(t, c, admin)
}

func (a denial) check(t *testing.T, out outputs, admin *iam.Client) {
	ctx := context.Background()
	if a.trusting != "" {
		defer trustPolicy(t, admin, a.trusting, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`)()
	}
	if a.widened {
		narrow := a.who.widen(t, admin)
		err := a.try(ctx, a.who.config)
		narrow()
		if !denied(err) {
			t.Errorf("the boundary allows it, or it failed for another reason: %v", err)
		}
	} else if err := a.try(ctx, a.who.config); !denied(err) {
		t.Errorf("it was allowed, or failed for another reason: %v", err)
	}
	defer a.who.allowAll(t, admin)()
	if err := a.try(ctx, a.who.config); err != nil {
		t.Errorf("it fails even with every permission, so the test shows nothing: %v", err)
	}
	if a.undo == nil {
		return
	}
	if err := a.undo(ctx, awsConfig(out)); err != nil {
		t.Errorf("undo: %v", err)
	}
}

// trustPolicy sets a role's trust policy until undo is called.
func trustPolicy(t *testing.T, admin *iam.Client, role, policy string) (undo func()) {
	t.Helper()
	ctx := context.Background()
	before, err := admin.GetRole(ctx, &iam.GetRoleInput{RoleName: &role})
	if err != nil {
		t.Fatal(err)
	}
	set := func(document string) error {
		_, err := admin.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &role, PolicyDocument: &document})
		return err
	}
	if err := set(policy); err != nil {
		t.Fatal(err)
	}
	return func() {
		document, err := url.QueryUnescape(*before.Role.AssumeRolePolicyDocument)
		if err != nil {
			t.Fatal(err)
		}
		if err := set(document); err != nil {
			t.Error(err)
		}
	}
}

// last returns the name at the end of an ARN.
func last(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

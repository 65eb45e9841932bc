package mocks_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func key(name string, opts ...pulumi.ResourceOption) func(*pulumi.Context) error {
	return func(ctx *pulumi.Context) error {
		_, err := kms.NewKey(ctx, name, &kms.KeyArgs{
			Description: pulumi.ToSecret(pulumi.String("d")).(pulumi.StringOutput),
		}, opts...)
		return err
	}
}

func TestARegistrationIsRecordedAsTheEngineSeesIt(t *testing.T) {
	got := mocks.Run(t, key("k", pulumi.Protect(true))).Find(t, "aws:kms/key:Key", "k")
	if !got.Options.Protect || got.ParentName() != "didomi-test" || got.Provider != "" {
		t.Errorf("got %+v", got)
	}
	if !reflect.DeepEqual(got.Inputs, map[string]any{"description": "d"}) || !reflect.DeepEqual(got.Secrets, []string{"description"}) {
		t.Errorf("got the inputs %v, of which %v are secret", got.Inputs, got.Secrets)
	}
}

func TestAnInvokeWithoutAMockFailsTheProgram(t *testing.T) {
	_, err := mocks.Mocks{}.Try(func(ctx *pulumi.Context) error {
		_, err := aws.GetBillingServiceAccount(ctx, &aws.GetBillingServiceAccountArgs{})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "add one to Mocks.Calls") {
		t.Errorf("got %v, want an error that says what to do", err)
	}
}

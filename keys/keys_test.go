package keys

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/didomi/serverless-api/internal/mocks"
)

const keyToken = "aws:kms/key:Key"

func build(t *testing.T, args Args) *mocks.Recorder {
	t.Helper()
	return mocks.Run(t, func(ctx *pulumi.Context) error {
		provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String(mocks.Region)})
		if err != nil {
			return err
		}
		_, err = New(ctx, "keys", args, pulumi.Providers(provider))
		return err
	})
}

// statement is one of a key's policy.
type statement struct {
	Sid       string
	Principal map[string]any
	Action    []string
	Condition map[string]any
}

func statements(t *testing.T, key mocks.Resource) map[string]statement {
	t.Helper()
	var document struct{ Statement []statement }
	if err := json.Unmarshal([]byte(key.Inputs["policy"].(string)), &document); err != nil {
		t.Fatal(err)
	}
	found := map[string]statement{}
	for _, s := range document.Statement {
		found[s.Sid] = s
	}
	return found
}

func TestBothKeysRotateAndHaveAnAlias(t *testing.T) {
	r := build(t, Args{})
	for _, name := range []string{"keys-data", "keys-operations"} {
		key := r.Find(t, keyToken, name).Inputs
		if key["enableKeyRotation"] != true || key["rotationPeriodInDays"] != 365.0 || key["deletionWindowInDays"] != 30.0 {
			t.Errorf("%s is registered as %v", name, key)
		}
		if alias := r.Find(t, "aws:kms/alias:Alias", name).Inputs["name"]; alias != "alias/"+name {
			t.Errorf("the alias of %s is %v", name, alias)
		}
	}
	if got := len(r.OfType(keyToken)); got != 2 {
		t.Errorf("%d keys, want 2", got)
	}
}

func TestOnlyTheOperationsKeyAllowsServicesAndOnlyThisAccounts(t *testing.T) {
	r := build(t, Args{})
	if got := statements(t, r.Find(t, keyToken, "keys-data")); len(got) != 1 || got["Account"].Principal["AWS"] != "arn:aws:iam::123456789012:root" {
		t.Errorf("the data's key is open to %v", got)
	}
	got := statements(t, r.Find(t, keyToken, "keys-operations"))
	for sid, want := range map[string]statement{
		"Logs": {
			Principal: map[string]any{"Service": "logs.eu-west-1.amazonaws.com"},
			Condition: map[string]any{"ArnLike": map[string]any{
				"kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:123456789012:log-group:*",
			}},
		},
		"Alarms": {
			Principal: map[string]any{"Service": "cloudwatch.amazonaws.com"},
			Condition: map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": "123456789012"}},
		},
	} {
		if !reflect.DeepEqual(got[sid].Principal, want.Principal) || !reflect.DeepEqual(got[sid].Condition, want.Condition) {
			t.Errorf("%s: got %+v", sid, got[sid])
		}
	}
	if len(got) != 3 {
		t.Errorf("got %d statements, want account, logs and alarms", len(got))
	}
}

func TestNoKeyPolicyHasAWildcardAction(t *testing.T) {
	for _, key := range build(t, Args{}).OfType(keyToken) {
		for _, s := range statements(t, key) {
			if strings.Contains(strings.Join(s.Action, " "), "*") {
				t.Errorf("%s: %s allows %v", key.Name, s.Sid, s.Action)
			}
		}
	}
}

func TestTheKeysAndNothingElseAreProtectedUnlessDeletionIsAllowed(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		for _, res := range build(t, Args{AllowDeletion: allowed}).All() {
			if want := !allowed && res.Type == keyToken; res.Options.Protect != want {
				t.Errorf("with allowDeletion %v, %s %s is protected: %v", allowed, res.Type, res.Name, res.Options.Protect)
			}
		}
	}
}

// A key that is deleted with the stack is gone 30 days later, and a final snapshot that it encrypted cannot
// be restored any more (https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html).
func TestTheKeyOfAFinalSnapshotStaysInTheAccount(t *testing.T) {
	for _, retain := range []bool{true, false} {
		for _, res := range build(t, Args{Retain: retain}).All() {
			if want := retain && res.Type == keyToken && res.Name == "keys-data"; res.Options.RetainOnDelete != want {
				t.Errorf("with retain %v, %s %s stays: %v", retain, res.Type, res.Name, res.Options.RetainOnDelete)
			}
		}
	}
}

func TestEveryResourceIsAChildOfTheComponentAndUsesItsProvider(t *testing.T) {
	for _, res := range build(t, Args{}).All() {
		if res.Type == Token(mocks.Project) || res.Type == "pulumi:providers:aws" {
			continue
		}
		if res.ParentName() != "keys" || !strings.Contains(res.Provider, "pulumi:providers:aws::aws::") {
			t.Errorf("%s %s has the parent %q and the provider %q", res.Type, res.Name, res.Parent, res.Provider)
		}
	}
}

func TestTheKeyOfTheCopiesIsInTheirRegionAndOutlivesTheStack(t *testing.T) {
	r := mocks.Run(t, func(ctx *pulumi.Context) error {
		there, err := aws.NewProvider(ctx, "aws-copies", &aws.ProviderArgs{Region: pulumi.String("eu-central-1")})
		if err != nil {
			return err
		}
		here, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String(mocks.Region)})
		if err != nil {
			return err
		}
		_, err = New(ctx, "keys", Args{Copies: there, Retain: true}, pulumi.Providers(here))
		return err
	})
	for _, token := range []string{keyToken, "aws:kms/alias:Alias"} {
		if got := r.Find(t, token, "keys-copies"); !strings.Contains(got.Provider, "::aws-copies::") || got.ParentName() != "keys-copies" {
			t.Errorf("%s has the provider %q and the parent %q", token, got.Provider, got.Parent)
		}
	}
	key := r.Find(t, keyToken, "keys-copies")
	if !key.Options.Protect || !key.Options.RetainOnDelete || len(statements(t, key)) != 1 {
		t.Errorf("the key is registered as %+v", key)
	}
}

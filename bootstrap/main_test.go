package main

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	componentName = "didomi-state"
	keyArn        = "arn:aws:kms:eu-west-1:123456789012:" + componentName
	keyID         = "1234abcd"
	stateURL      = "s3://" + componentName + "-1234567?region=eu-west-1"
)

// computed are the outputs that AWS computes.
var computed = map[string]func(mocks.Resource) map[string]any{
	"aws:s3/bucketV2:BucketV2": func(r mocks.Resource) map[string]any { return map[string]any{"bucket": r.Name + "-1234567"} },
	"aws:kms/key:Key":          func(mocks.Resource) map[string]any { return map[string]any{"keyId": keyID} },
}

// run runs the program with this value of `state`.
func run(t *testing.T, state string) (*mocks.Recorder, error) {
	t.Helper()
	return runWith(t, map[string]string{"state": state})
}

func runWith(t *testing.T, settings map[string]string) (*mocks.Recorder, error) {
	t.Helper()
	values := map[string]string{"aws:region": "eu-west-1", mocks.Project + ":tags": `{"environment":"shared"}`}
	for key, value := range settings {
		values[mocks.Project+":"+key] = value
	}
	var captured config.Values
	return mocks.Mocks{Config: values, Outputs: computed}.Try(
		func(ctx *pulumi.Context) error { return provision(ctx, captured) }, config.Capture(&captured))
}

func provisioned(t *testing.T) *mocks.Recorder {
	t.Helper()
	r, err := run(t, `{"noncurrentDays": 90}`)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The tag of a stack has a slash between project and stack.
func TestEveryResourceHasATagThatNoStackHas(t *testing.T) {
	tags := provisioned(t).Find(t, "pulumi:providers:aws", "aws").Inputs["defaultTags"].(map[string]any)["tags"].(map[string]any)
	if tags["serverless-api:stack"] != "bootstrap" {
		t.Errorf("the provider's default tags are %v", tags)
	}
}

func TestTheStateBucketHasTheStatesKeyAndTheConfiguredRetention(t *testing.T) {
	r := provisioned(t)
	encryption := r.Find(t, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", componentName)
	if key := encryption.Inputs["rules"].([]any)[0].(map[string]any)["applyServerSideEncryptionByDefault"].(map[string]any)["kmsMasterKeyId"]; key != keyArn {
		t.Errorf("its key is %v", key)
	}
	lifecycle := r.Find(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", componentName).Inputs["rules"].([]any)
	if days := lifecycle[1].(map[string]any)["noncurrentVersionExpiration"].(map[string]any)["noncurrentDays"]; days != 90.0 {
		t.Errorf("earlier versions are kept for %v days", days)
	}
	bucket := r.Find(t, "aws:s3/bucketV2:BucketV2", componentName)
	if bucket.Inputs["forceDestroy"] != false || bucket.ParentName() != componentName {
		t.Errorf("the bucket is %v, below %s", bucket.Inputs, bucket.ParentName())
	}
	want := map[string]any{"name": "alias/" + componentName, "targetKeyId": keyID}
	if alias := r.Find(t, "aws:kms/alias:Alias", componentName).Inputs; !reflect.DeepEqual(alias, want) {
		t.Errorf("the key's alias is %v", alias)
	}
}

func TestBucketAndKeyAreProtectedAndTheKeyRotates(t *testing.T) {
	r := provisioned(t)
	key := r.Find(t, "aws:kms/key:Key", componentName)
	if key.Inputs["enableKeyRotation"] != true || key.Inputs["deletionWindowInDays"] != 30.0 {
		t.Errorf("key %v", key.Inputs)
	}
	for _, res := range []mocks.Resource{key, r.Find(t, "aws:s3/bucketV2:BucketV2", componentName)} {
		if !res.Options.Protect {
			t.Errorf("%s is not protected", res.Type)
		}
	}
}

func TestTheOutputsAreTheCLIsBackendAndSecretsProvider(t *testing.T) {
	outputs := map[string]string{}
	_, err := mocks.Mocks{Outputs: computed}.Try(func(ctx *pulumi.Context) error {
		s, err := New(ctx, componentName, Args{Config: Default(), Region: "eu-west-1"})
		if err != nil {
			return err
		}
		known := make(chan struct{})
		pulumi.All(s.BackendURL, s.SecretsProvider).ApplyT(func(all []any) bool {
			outputs["backendUrl"], outputs["secretsProvider"] = all[0].(string), all[1].(string)
			close(known)
			return true
		})
		<-known
		return nil
	})
	want := map[string]string{"backendUrl": stateURL, "secretsProvider": "awskms://alias/" + componentName + "?region=eu-west-1"}
	if err != nil || !reflect.DeepEqual(outputs, want) {
		t.Errorf("%v, %v, want %v", outputs, err, want)
	}
}

func TestTheIdentityProviderOfGitLabBelongsToNoStack(t *testing.T) {
	for name, c := range map[string]struct {
		address string
		want    []any
	}{
		"the instance's URL is issuer and audience": {"https://git.example.com/", []any{"https://git.example.com"}},
		"without a URL there is no provider":        {"", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []any
			r := mocks.Run(t, func(ctx *pulumi.Context) error {
				return NewPipeline(ctx, "pipeline", PipelineConfig{GitLabURL: c.address})
			})
			for _, provider := range r.OfType("aws:iam/openIdConnectProvider:OpenIdConnectProvider") {
				got = append(got, provider.Inputs["url"])
				if !reflect.DeepEqual(provider.Inputs["clientIdLists"], []any{provider.Inputs["url"]}) || provider.ParentName() != "pipeline" {
					t.Errorf("%s under %s accepts tokens for %v", provider.Name, provider.ParentName(), provider.Inputs["clientIdLists"])
				}
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("providers of %v, want %v", got, c.want)
			}
		})
	}
}

func TestByDefaultTheAccountTrustsNoGitLab(t *testing.T) {
	if got := provisioned(t).OfType("aws:iam/openIdConnectProvider:OpenIdConnectProvider"); len(got) != 0 {
		t.Errorf("the account accepts tokens of %v", got[0].Inputs["url"])
	}
}

func TestAnInvalidGitLabURLIsRejected(t *testing.T) {
	for _, address := range []string{"http://gitlab.com", "gitlab.com", "https://gitlab.com/group"} {
		if got := (PipelineConfig{GitLabURL: address}).Validate(); len(got) != 1 || got[0].Key != "gitlabUrl" {
			t.Errorf("%s: %v", address, got)
		}
	}
}

// API Gateway accepts no role that lacks one of the policy's actions, and the policy reads every log of the
// account. So the role has it as its boundary, and no stack's deploy role may change a role of its name.
func TestAPIGatewayWritesLogsWithTheBootstrapRole(t *testing.T) {
	const gateway, logs = "didomi-gateway", "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
	r, err := runWith(t, map[string]string{"apiGateway": `{"regions": ["us-east-1"]}`})
	if err != nil {
		t.Fatal(err)
	}
	role := r.Find(t, "aws:iam/role:Role", gateway+"-logs")
	attached := r.Find(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", gateway+"-logs")
	if role.Inputs["permissionsBoundary"] != logs || attached.Inputs["policyArn"] != logs || !strings.Contains(role.Inputs["assumeRolePolicy"].(string), "apigateway.amazonaws.com") {
		t.Errorf("role %v, policy %v", role.Inputs, attached.Inputs)
	}
	regions := map[string]string{gateway: "aws", gateway + "-us-east-1": "aws-us-east-1"}
	for name, provider := range regions {
		account := r.Find(t, "aws:apigateway/account:Account", name)
		if account.Inputs["cloudwatchRoleArn"] != "arn:aws:iam:eu-west-1:123456789012:"+gateway+"-logs" || !strings.Contains(account.Provider, "::"+provider+"::") {
			t.Errorf("%s is %v by %s", name, account.Inputs, account.Provider)
		}
		if !slices.ContainsFunc(account.Options.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "RolePolicyAttachment::"+gateway+"-logs") }) {
			t.Errorf("%s does not depend on the role's policy", name)
		}
		if !account.Options.Protect || !role.Options.Protect || !attached.Options.Protect {
			t.Errorf("%s, the role or its policy is not protected", name)
		}
	}
	if accounts := r.OfType("aws:apigateway/account:Account"); len(accounts) != len(regions) {
		t.Errorf("%d settings, want %d", len(accounts), len(regions))
	}
}

func TestTheLogRoleIsOptional(t *testing.T) {
	r, err := runWith(t, map[string]string{"apiGateway": `{"logRole": false, "regions": ["us-east-1"]}`})
	if err != nil {
		t.Fatal(err)
	}
	if roles, providers := r.OfType("aws:iam/role:Role"), r.OfType("pulumi:providers:aws"); len(roles) != 0 || len(providers) != 1 {
		t.Errorf("it creates %v with %d providers", roles, len(providers))
	}
}

func TestAnInvalidRegionIsRejected(t *testing.T) {
	for regions, want := range map[string]string{
		`["eu-central"]`:             `didomi:apiGateway.regions is "eu-central"; must be a list of regions such as eu-central-1`,
		`["us-east-1", "us-east-1"]`: `didomi:apiGateway.regions is "us-east-1"; must be a list with each region once`,
		`["eu-west-1"]`:              `didomi:apiGateway.regions is "eu-west-1"; must be a list of regions other than bootstrap's own`,
	} {
		t.Run(regions, func(t *testing.T) {
			r, err := runWith(t, map[string]string{"apiGateway": `{"regions": ` + regions + `}`})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
			if n := len(r.All()); n != 0 {
				t.Errorf("%d resources were registered", n)
			}
		})
	}
}

func TestAnInvalidConfigurationIsReportedInFullAndRegistersNothing(t *testing.T) {
	r, err := run(t, `{"noncurrentDays": 0, "versions": 3}`)
	if err == nil {
		t.Fatal("the program ended without an error")
	}
	for _, word := range []string{"noncurrentDays", "1 to 3650", "versions"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q is not in: %v", word, err)
		}
	}
	if n := len(r.All()); n != 0 {
		t.Errorf("%d resources were registered", n)
	}
}

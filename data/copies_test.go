package data

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const copiesKey = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"

// copied is a configuration with copies in another region.
func copied() Config {
	c := prod()
	c.Copies.Region = "eu-central-1"
	return c
}

func buildCopies(t *testing.T, c Config) *mocks.Recorder {
	t.Helper()
	return buildCopiesFor(t, c, func(*Data) {})
}

// buildCopiesFor is buildCopies for a user of the outputs.
func buildCopiesFor(t *testing.T, c Config, use func(*Data)) *mocks.Recorder {
	t.Helper()
	outputs := map[string]func(mocks.Resource) map[string]any{"aws:backup/vault:Vault": named}
	for token, more := range computed {
		outputs[token] = more
	}
	return mocks.Mocks{Outputs: outputs}.Run(t, func(ctx *pulumi.Context) error {
		here, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String(mocks.Region)})
		if err != nil {
			return err
		}
		there, err := aws.NewProvider(ctx, "aws-copies", &aws.ProviderArgs{Region: pulumi.String(c.Copies.Region)})
		if err != nil {
			return err
		}
		a := args(c)
		a.Copies = CopiesArgs{Provider: there, KeyARN: pulumi.String(copiesKey).ToStringOutput()}
		d, err := New(ctx, "data", a, pulumi.Providers(here))
		if err == nil {
			use(d)
		}
		return err
	})
}

// Alarms watch what the replication and the plan copy to, by these names.
func TestTheNamesOfTheCopiesAreOutputs(t *testing.T) {
	var names []any
	r := buildCopiesFor(t, copied(), func(d *Data) {
		pulumi.All(d.CopiesBucketName, d.CopiesVaultName).ApplyT(func(resolved []any) bool {
			names = resolved
			return true
		})
	})
	rule := r.Find(t, "aws:s3/bucketReplicationConfig:BucketReplicationConfig", "data-files").Inputs["rules"].([]any)[0].(map[string]any)
	if want := []any{"data-copies-1234567", "data-copies-name"}; !reflect.DeepEqual(names, want) || rule["id"] != ReplicationRule {
		t.Errorf("the outputs are %v, want %v; the rule is %v, want %s", names, want, rule["id"], ReplicationRule)
	}
}

func TestCopiesAreInTheOtherRegionAndWhatMakesThemInTheStacks(t *testing.T) {
	r := buildCopies(t, copied())
	there := map[string]int{}
	for _, res := range r.All() {
		if res.ParentName() != "data-copies" {
			if res.ParentName() == "data" && !strings.Contains(res.Provider, "::aws::") && res.Type != CopiesToken(mocks.Project) {
				t.Errorf("%s %s has the provider %q", res.Type, res.Name, res.Provider)
			}
			continue
		}
		there[res.Type]++
		if !strings.Contains(res.Provider, "::aws-copies::") || res.Name != "data-copies" {
			t.Errorf("%s %s has the provider %q", res.Type, res.Name, res.Provider)
		}
	}
	want := map[string]int{
		"aws:backup/vault:Vault": 1, "aws:backup/vaultLockConfiguration:VaultLockConfiguration": 1, "aws:s3/bucketV2:BucketV2": 1,
		"aws:s3/bucketVersioningV2:BucketVersioningV2": 1, "aws:s3/bucketPolicy:BucketPolicy": 1,
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 1, "aws:s3/bucketOwnershipControls:BucketOwnershipControls": 1,
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       1,
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": 1,
	}
	if !reflect.DeepEqual(there, want) {
		t.Errorf("in the other region there are %v, want %v", there, want)
	}
}

func TestEveryFileIsReplicatedWithTheKeyOfTheOtherRegionAndNoDeletionIs(t *testing.T) {
	config := buildCopies(t, copied()).Find(t, "aws:s3/bucketReplicationConfig:BucketReplicationConfig", "data-files")
	want := []any{map[string]any{
		"id": "copies", "status": "Enabled", "priority": 1.0, "filter": map[string]any{"prefix": ""},
		"deleteMarkerReplication": map[string]any{"status": "Disabled"},
		"sourceSelectionCriteria": map[string]any{"sseKmsEncryptedObjects": map[string]any{"status": "Enabled"}},
		"destination": map[string]any{
			"bucket": "arn:aws:s3:eu-west-1:123456789012:data-copies", "metrics": map[string]any{"status": "Enabled"},
			"encryptionConfiguration": map[string]any{"replicaKmsKeyId": copiesKey},
		},
	}}
	if !reflect.DeepEqual(config.Inputs["rules"], want) {
		t.Errorf("got  %v\nwant %v", config.Inputs["rules"], want)
	}
	for _, versions := range []string{"data-files", "data-copies"} {
		if !config.DependsOn(versions) {
			t.Errorf("the replication does not wait for the versions of %s", versions)
		}
	}
}

func TestTheRoleOfTheReplicationUsesEachKeyForItsBucketAlone(t *testing.T) {
	r := buildCopies(t, copied())
	role := r.Find(t, "aws:iam/role:Role", "data-replication").Inputs
	if role["permissionsBoundary"] != "boundary" || !strings.Contains(role["assumeRolePolicy"].(string), `"Service":["s3.amazonaws.com","batchoperations.s3.amazonaws.com"]`) {
		t.Errorf("the role is %v", role)
	}
	all := mocks.Statements(t, r.Find(t, "aws:iam/rolePolicy:RolePolicy", "data-replication").Inputs["policy"])
	for sid, want := range map[string][2]string{
		"SourceKey": {"s3.eu-west-1.amazonaws.com", "data-files"}, "ReplicaKey": {"s3.eu-central-1.amazonaws.com", "data-copies"},
	} {
		got := mocks.FindStatement(t, all, sid).Condition
		expected := map[string]map[string]any{"StringEquals": {
			"kms:ViaService": want[0], "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:eu-west-1:123456789012:" + want[1],
		}}
		if !reflect.DeepEqual(got, expected) {
			t.Errorf("%s has the condition %v, want %v", sid, got, expected)
		}
	}
}

func TestADailySnapshotIsCopiedIntoALockedVault(t *testing.T) {
	r := buildCopies(t, copied())
	plan := r.Find(t, "aws:backup/plan:Plan", "data-backup").Inputs["rules"]
	want := []any{map[string]any{
		"ruleName": "daily", "targetVaultName": "data-backup-name", "schedule": "cron(0 6 * * ? *)", "lifecycle": map[string]any{"deleteAfter": 2.0},
		"copyActions": []any{map[string]any{
			"destinationVaultArn": "arn:aws:backup:eu-west-1:123456789012:data-copies", "lifecycle": map[string]any{"deleteAfter": 30.0},
		}},
	}}
	if !reflect.DeepEqual(plan, want) {
		t.Errorf("got  %v\nwant %v", plan, want)
	}
	vault := r.Find(t, "aws:backup/vault:Vault", "data-copies")
	lock := r.Find(t, "aws:backup/vaultLockConfiguration:VaultLockConfiguration", "data-copies").Inputs
	if vault.Inputs["kmsKeyArn"] != copiesKey || lock["backupVaultName"] != "data-copies-name" || lock["minRetentionDays"] != 7.0 || lock["changeableForDays"] != nil {
		t.Errorf("the vault is %v, its lock %v", vault.Inputs, lock)
	}
	selection := r.Find(t, "aws:backup/selection:Selection", "data-backup").Inputs
	if !reflect.DeepEqual(selection["resources"], []any{"arn:aws:rds:eu-west-1:123456789012:data-cluster"}) {
		t.Errorf("the plan selects %v", selection["resources"])
	}
}

func TestTheClusterOfARestoreIsTheOneThatIsCopied(t *testing.T) {
	c := copied()
	c.Database.Generation, c.Database.Previous, c.Database.RestoreFrom.Snapshot = 2, Kept, "before"
	got := buildCopies(t, c).Find(t, "aws:backup/selection:Selection", "data-backup").Inputs["resources"]
	if !reflect.DeepEqual(got, []any{"arn:aws:rds:eu-west-1:123456789012:data-cluster-2"}) {
		t.Errorf("the plan selects %v", got)
	}
}

func TestWithoutARegionNothingIsCopied(t *testing.T) {
	r, _ := build(t, prod())
	for _, res := range r.All() {
		if strings.Contains(res.Name, "copies") || strings.HasPrefix(res.Type, "aws:backup/") || strings.Contains(res.Type, "Replication") && strings.HasPrefix(res.Type, "aws:s3/") {
			t.Errorf("%s %s is registered", res.Type, res.Name)
		}
	}
}

func TestCopiesAreProtectedLikeWhatIsCopied(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		c := copied()
		c.AllowDeletion, c.Protect = allowed, !allowed
		r := buildCopies(t, c)
		for _, token := range []string{"aws:s3/bucketV2:BucketV2", "aws:backup/vault:Vault"} {
			if got := r.Find(t, token, "data-copies").Options.Protect; got == allowed {
				t.Errorf("with allowDeletion %v, %s is protected: %v", allowed, token, got)
			}
		}
	}
}

func TestInvalidCopiesAreReported(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"no copies": {func(c *Config) { c.Copies.Region, c.Database.BackupDays = "", 1 }, nil},
		"a region":  {func(*Config) {}, nil},
		"no region": {func(c *Config) { c.Copies.Region = "Frankfurt" }, []string{
			`data.copies.region is "Frankfurt"; must be empty (no copies) or a region such as "eu-central-1"`,
		}},
		"shorter than the lock": {func(c *Config) { c.Database.BackupDays = 6 }, []string{
			"data.database.backupDays is 6; must be at least 7 where copies.region is set: the vault of the copies keeps every snapshot that long",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			changed := copied()
			c.change(&changed)
			var got []string
			var list *config.Error
			if errors.As(config.Check("data", changed), &list) {
				for _, problem := range list.Problems {
					got = append(got, problem.String())
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestCopiesGoToAnotherRegionOfTheSamePartition(t *testing.T) {
	for _, c := range []struct {
		home, region string
		valid        bool
	}{
		{"eu-west-1", "eu-central-1", true}, {"eu-west-1", "eu-west-1", false}, {"eu-west-1", "cn-north-1", false},
		{"us-gov-west-1", "us-gov-east-1", true}, {"us-east-1", "us-gov-east-1", false},
	} {
		if got := (Copies{Region: c.region}).ProblemsFrom(c.home) == nil; got != c.valid {
			t.Errorf("from %s to %s is valid: %v", c.home, c.region, got)
		}
	}
}

func shopScope() policy.Scope {
	scope := policy.Scope{Project: "shop", Stack: "prod"}
	scope.Account, scope.Region, scope.Partition = "123456789012", "eu-west-1", "aws"
	return scope
}

// A name of a bucket is global: a role that may replicate to such names could do so into another account.
func TestTheBoundaryAllowsReplicationWithinTheAccountOnly(t *testing.T) {
	scope := shopScope()
	without, with := Permissions(prod())(scope), Permissions(copied())(scope)
	for _, s := range without.Workload {
		if slices.Contains(s.Actions, "s3:ReplicateObject") {
			t.Error("a stack without copies may replicate")
		}
	}
	i := slices.IndexFunc(with.Workload, func(s policy.Statement) bool { return slices.Contains(s.Actions, "s3:ReplicateObject") })
	if i < 0 || !reflect.DeepEqual(with.Workload[i].Condition, map[string]any{"StringEquals": map[string]any{"aws:ResourceAccount": "123456789012"}}) {
		t.Errorf("replication is limited by %v", with.Workload)
	}
	for _, s := range slices.Concat(with.Deploy.Data, with.Deploy.Secrets) {
		for _, action := range []string{"backup:DeleteBackupVaultLockConfiguration", "backup:DeleteRecoveryPoint", "backup:DeleteBackupVault", "backup:DeleteBackupPlan", "backup:UpdateRecoveryPointLifecycle"} {
			if slices.Contains(s.Actions, action) {
				t.Errorf("a deployment may %s", action)
			}
		}
	}
}

// Whoever can tag an existing plan can take over that of another program; a lock in compliance mode could not be removed.
func TestADeploymentTagsOnlyNewPlansAndLocksInGovernanceMode(t *testing.T) {
	scope := shopScope()
	statements := map[string]policy.Statement{}
	for _, s := range Permissions(copied())(scope).Deploy.Secrets {
		statements[s.Sid] = s
		if slices.Contains(s.Actions, "backup:CreateBackupPlan") && slices.Contains(s.Actions, "backup:TagResource") {
			t.Errorf("%s allows tags on every plan", s.Sid)
		}
	}
	if got := statements["TagNewBackupPlan"]; !reflect.DeepEqual(got.Resources, scope.WithoutID("backup", "backup-plan:")) || !reflect.DeepEqual(got.Condition, scope.Tagging()) {
		t.Errorf("new plans are tagged by %+v", got)
	}
	if got := statements["BackupPlan"].Condition; !reflect.DeepEqual(got, scope.Tagged()) {
		t.Errorf("a plan is changed under the condition %v", got)
	}
	if got := statements["VaultLock"].Condition["Null"]; !reflect.DeepEqual(got, map[string]any{"backup:ChangeableForDays": "true"}) {
		t.Errorf("a lock may have a time in which it can be changed: %v", got)
	}
}

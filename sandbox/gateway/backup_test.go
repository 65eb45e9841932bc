package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_PutBackupVaultLockConfiguration.html
func TestAVaultIsLocked(t *testing.T) {
	s := newTestEnv(t, nil)
	client, path := s.client(), "/backup-vaults/locked"
	do := func(method, path string, in any) error {
		return client.Rest(t.Context(), "backup", method, path, in, nil)
	}
	if err := do(http.MethodPut, path, map[string]any{}); err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]map[string]any{
		"a shortest retention above the longest": {"MinRetentionDays": 30, "MaxRetentionDays": 7},
		"too short a time to change it":          {"ChangeableForDays": 2},
	} {
		if err := do(http.MethodPut, path+"/vault-lock", in); err == nil || !strings.Contains(err.Error(), "InvalidParameterValueException") {
			t.Errorf("%s: %v", name, err)
		}
	}
	locked := func() (vault struct {
		Locked           bool
		MinRetentionDays int
	}) {
		if err := client.Rest(t.Context(), "backup", http.MethodGet, path, nil, &vault); err != nil {
			t.Fatal(err)
		}
		return vault
	}
	if err := do(http.MethodPut, path+"/vault-lock", map[string]any{"MinRetentionDays": 7}); err != nil {
		t.Fatal(err)
	}
	if got := locked(); !got.Locked || got.MinRetentionDays != 7 {
		t.Errorf("the vault is %+v", got)
	}
	if err := do(http.MethodDelete, path+"/vault-lock", nil); err != nil {
		t.Fatal(err)
	}
	if got := locked(); got.Locked || got.MinRetentionDays != 0 {
		t.Errorf("the unlocked vault is %+v", got)
	}
	if err := do(http.MethodPut, "/backup-vaults/none/vault-lock", map[string]any{"MinRetentionDays": 7}); err == nil {
		t.Error("a vault that does not exist was locked")
	}
}

// https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html
func TestTheFirstVaultOptsInToEveryTypeAndTheAccountMayOptOut(t *testing.T) {
	s := newTestEnv(t, nil)
	do := func(method, path string, in, out any) {
		t.Helper()
		if err := s.client().Rest(t.Context(), "backup", method, path, in, out); err != nil {
			t.Fatal(err)
		}
	}
	mustBe := func(when string, want map[string]bool) {
		t.Helper()
		var got struct{ ResourceTypeOptInPreference map[string]bool }
		do(http.MethodGet, "/account-settings", nil, &got)
		for _, kind := range []string{"Aurora", "S3"} {
			on, listed := got.ResourceTypeOptInPreference[kind]
			if wanted, some := want[kind]; on != wanted || listed != some {
				t.Errorf("%s, %s: opted in %t, listed %t, want %v", when, kind, on, listed, want)
			}
		}
	}
	mustBe("without a vault", nil)
	do(http.MethodPut, "/backup-vaults/first", map[string]any{}, nil)
	mustBe("after the first vault", map[string]bool{"Aurora": true, "S3": true})
	do(http.MethodPut, "/account-settings", map[string]any{"ResourceTypeOptInPreference": map[string]bool{"Aurora": false}}, nil)
	do(http.MethodPut, "/backup-vaults/second", map[string]any{}, nil)
	mustBe("after a choice and another vault", map[string]bool{"Aurora": false, "S3": true})
}

// A statement about one vault does not cover another.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html
func TestACallOfAWSBackupIsAuthorizedOnItsVaultOrPlan(t *testing.T) {
	s := newTestEnv(t, nil)
	for _, vault := range []string{"ours-1", "theirs"} {
		if err := s.client().Rest(t.Context(), "backup", http.MethodPut, "/backup-vaults/"+vault, map[string]any{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	c := s.assumeRole(t, "vaults", document(
		`{"Effect":"Allow","Action":"backup:*","Resource":["arn:aws:backup:*:*:backup-vault:ours-*","arn:aws:backup:*:*:backup-plan:*"]}`))
	credentials, err := c.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := *s.client()
	client.Credentials = credentials
	get := func(method, path string, in any) error {
		return client.Rest(t.Context(), "backup", method, path, in, nil)
	}
	if err := get(http.MethodGet, "/backup-vaults/ours-1", nil); err != nil {
		t.Error(err)
	}
	mustLack := func(err error, permission string) {
		t.Helper()
		if want := "is not authorized to perform: " + permission + " "; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	mustLack(get(http.MethodGet, "/backup-vaults/theirs", nil), "backup:DescribeBackupVault")
	mustLack(get(http.MethodPut, "/backup-vaults/theirs/vault-lock", map[string]any{}), "backup:PutBackupVaultLockConfiguration")
	mustLack(get(http.MethodGet, "/backup-vaults", nil), "backup:ListBackupVaults")
	bounded := s.assumeRole(t, "locks", document(`{"Effect":"Allow","Action":"backup:PutBackupVaultLockConfiguration","Resource":"*",
		"Condition":{"NumericGreaterThanEquals":{"backup:MinRetentionDays":7},"Null":{"backup:ChangeableForDays":"true"}}}`))
	locker := *s.client()
	if locker.Credentials, err = bounded.Credentials.Retrieve(t.Context()); err != nil {
		t.Fatal(err)
	}
	lock := func(in map[string]any) error {
		return locker.Rest(t.Context(), "backup", http.MethodPut, "/backup-vaults/ours-1/vault-lock", in, nil)
	}
	mustLack(lock(map[string]any{"MinRetentionDays": 6}), "backup:PutBackupVaultLockConfiguration")
	mustLack(lock(map[string]any{"MinRetentionDays": 7, "ChangeableForDays": 3}), "backup:PutBackupVaultLockConfiguration")
	if err := lock(map[string]any{"MinRetentionDays": 7}); err != nil {
		t.Error(err)
	}
	var plan struct {
		ID string `json:"BackupPlanId"`
	}
	if err := client.Rest(t.Context(), "backup", http.MethodPut, "/backup/plans", map[string]any{"BackupPlan": map[string]any{"BackupPlanName": "p"}}, &plan); err != nil {
		t.Fatal(err)
	}
	tagged := s.assumeRole(t, "tagged", document(`{"Effect":"Allow","Action":"backup:GetBackupPlan","Resource":"*",
		"Condition":{"StringEquals":{"aws:ResourceTag/stack":"ours"}}}`))
	reader := *s.client()
	if reader.Credentials, err = tagged.Credentials.Retrieve(t.Context()); err != nil {
		t.Fatal(err)
	}
	read := func() error {
		return reader.Rest(t.Context(), "backup", http.MethodGet, "/backup/plans/"+plan.ID, nil, nil)
	}
	mustLack(read(), "backup:GetBackupPlan")
	if err := s.client().Rest(t.Context(), "backup", http.MethodPost, "/tags/arn:aws:backup:eu-west-1:000000000000:backup-plan:"+plan.ID,
		map[string]any{"Tags": map[string]string{"stack": "ours"}}, nil); err != nil {
		t.Fatal(err)
	}
	if err := read(); err != nil {
		t.Error(err)
	}
	mustLack(get(http.MethodPut, "/backup/plans/"+plan.ID+"/selections", map[string]any{
		"BackupSelection": map[string]any{"SelectionName": "s", "IamRoleArn": "arn:aws:iam::000000000000:role/backup"},
	}), "iam:PassRole")
}

// https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault.html
func TestANewVaultRequiresPermissionOnItsKeyStorageAndTags(t *testing.T) {
	s := newTestEnv(t, nil)
	key := regionalKey(t, s.config())
	create := func(name string, statements ...string) error {
		role := s.assumeRole(t, name, document(append(statements,
			`{"Effect":"Allow","Action":"backup:CreateBackupVault","Resource":"arn:aws:backup:*:*:backup-vault:ours-*","Condition":{"StringEquals":{"aws:RequestTag/stack":"ours"}}}`)...))
		client := *s.client()
		var err error
		if client.Credentials, err = role.Credentials.Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
		return client.Rest(t.Context(), "backup", http.MethodPut, "/backup-vaults/ours-"+name, map[string]any{
			"EncryptionKeyArn": key, "BackupVaultTags": map[string]string{"stack": "ours"},
		}, nil)
	}
	storage := `{"Effect":"Allow","Action":"backup-storage:MountCapsule","Resource":"*"}`
	tags := `{"Effect":"Allow","Action":"backup:TagResource","Resource":"*"}`
	use := `{"Effect":"Allow","Action":["kms:Decrypt","kms:DescribeKey","kms:GenerateDataKey","kms:RetireGrant"],"Resource":"` + key + `"}`
	grant := `{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"` + key + `","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}`
	for missing, statements := range map[string][]string{
		"backup-storage:MountCapsule": {tags, use, grant},
		"backup:TagResource":          {storage, use, grant},
		"kms:RetireGrant":             {storage, tags, grant, strings.Replace(use, `,"kms:RetireGrant"`, "", 1)},
		"kms:CreateGrant":             {storage, tags, use},
	} {
		t.Run("without "+missing, func(t *testing.T) {
			name := strings.ToLower(strings.NewReplacer(":", "-").Replace(missing))
			if err := create(name, statements...); err == nil || !strings.Contains(err.Error(), "is not authorized to perform: "+missing+" ") {
				t.Errorf("got %v", err)
			}
		})
	}
	if err := create("complete", storage, tags, use, grant); err != nil {
		t.Error(err)
	}
}

func TestAReplicationRequiresThatItsRoleMayBePassed(t *testing.T) {
	s := newTestEnv(t, nil)
	r := newReplication(t, s, "passed")
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	role, err := iam.NewFromConfig(s.config()).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("passed-role"), AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	put := func(c aws.Config) error {
		_, err := s3.NewFromConfig(c).PutBucketReplication(t.Context(), &s3.PutBucketReplicationInput{Bucket: &r.source, ReplicationConfiguration: &types.ReplicationConfiguration{
			Role: role.Role.Arn,
			Rules: []types.ReplicationRule{{
				Status: types.ReplicationRuleStatusEnabled, Priority: aws.Int32(1), Filter: &types.ReplicationRuleFilter{Prefix: aws.String("")},
				DeleteMarkerReplication: &types.DeleteMarkerReplication{Status: types.DeleteMarkerReplicationStatusDisabled},
				Destination:             &types.Destination{Bucket: aws.String("arn:aws:s3:::" + r.target)},
			}},
		}})
		return err
	}
	without := `{"Effect":"Allow","Action":"s3:PutReplicationConfiguration","Resource":"*"}`
	mustBeDenied(t, put(s.assumeRole(t, "passes-none", document(without))), "iam:PassRole", *role.Role.Arn)
	with := `{"Effect":"Allow","Action":"iam:PassRole","Resource":"*","Condition":{"StringEquals":{"iam:PassedToService":"s3.amazonaws.com"}}}`
	if err := put(s.assumeRole(t, "passes", document(without, with))); err != nil {
		t.Error(err)
	}
}

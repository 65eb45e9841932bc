package data

import (
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A manual update or destroy has no review, so the engine itself rejects it in a stack that is not
// protected too: a changed name of the database replaces the cluster
// (https://www.pulumi.com/docs/iac/concepts/resources/options/protect/).
func TestEveryStackProtectsDatabaseAndFiles(t *testing.T) {
	for _, tt := range []struct {
		name                   string
		protect, allowDeletion bool
		want                   map[string]int
	}{
		{"a protected stack also protects the cache and the access log", true, false, map[string]int{
			"aws:rds/cluster:Cluster": 1, "aws:s3/bucketV2:BucketV2": 2, "aws:elasticache/replicationGroup:ReplicationGroup": 1,
		}},
		{"a stack without protection protects database and files", false, false, map[string]int{
			"aws:rds/cluster:Cluster": 1, "aws:s3/bucketV2:BucketV2": 1,
		}},
		{"a stack that allows deletion protects nothing", false, true, map[string]int{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := prod()
			c.Protect, c.AllowDeletion, c.Database.FinalSnapshot = tt.protect, tt.allowDeletion, tt.protect
			c.Bucket.AccessLogDays = 30
			r, _ := build(t, c)
			got := map[string]int{}
			for _, res := range r.All() {
				if res.Options.Protect {
					got[res.Type]++
				}
			}
			if !maps.Equal(got, tt.want) {
				t.Errorf("protected are %v, want %v: a resource whose deletion loses data has pulumi.Protect and a row in this table", got, tt.want)
			}
		})
	}
}

func TestADeletedClusterRetainsItsBackups(t *testing.T) {
	for _, protect := range []bool{true, false} {
		c := prod()
		c.Protect, c.Database.FinalSnapshot = protect, protect
		r, _ := build(t, c)
		registered := r.Find(t, "aws:rds/cluster:Cluster", "data-cluster")
		cluster := registered.Inputs
		if cluster["deletionProtection"] != protect || cluster["skipFinalSnapshot"] == protect || cluster["deleteAutomatedBackups"] != false {
			t.Errorf("with protect %v the cluster is registered as %v", protect, cluster)
		}
		// A name of the stack alone would exist already when the next cluster is deleted: DBClusterSnapshotAlreadyExistsFault
		// (https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html).
		name, _ := cluster["finalSnapshotIdentifier"].(string)
		if !regexp.MustCompile(`^data-final-\d{14}$`).MatchString(name) || !slices.Equal(registered.Options.IgnoreChanges, []string{"finalSnapshotIdentifier"}) {
			t.Errorf("with protect %v the final snapshot is %q, and the cluster ignores %v", protect, name, registered.Options.IgnoreChanges)
		}
	}
}

func TestEveryResourceIsAChildOfTheComponentAndUsesItsProvider(t *testing.T) {
	r, _ := build(t, prod())
	for _, res := range r.All() {
		if res.Type == Token(mocks.Project) || res.Type == "pulumi:providers:aws" {
			continue
		}
		if res.ParentName() != "data" {
			t.Errorf("%s %s has the parent %q, want data", res.Type, res.Name, res.Parent)
		}
		if !strings.Contains(res.Provider, "pulumi:providers:aws::aws::") {
			t.Errorf("%s %s uses the provider %q", res.Type, res.Name, res.Provider)
		}
		if !strings.HasPrefix(res.Name, "data-") {
			t.Errorf("%s is named %q, want a name that starts with the component's", res.Type, res.Name)
		}
	}
}

func TestAPreviewOfANewStackNeedsNoUnknownValue(t *testing.T) {
	r := mocks.Mocks{Preview: true, Outputs: mocks.KnownSecrets}.Run(t, func(ctx *pulumi.Context) error {
		a := args(prod())
		a.DataKeyARN = pulumi.UnsafeUnknownOutput(nil).ApplyT(func(any) string { return "" }).(pulumi.StringOutput)
		_, err := New(ctx, "data", a)
		return err
	})
	known, _ := build(t, prod())
	// In addition, the real run registers the provider.
	if got, want := len(r.All()), len(known.All())-1; got != want {
		t.Errorf("the preview shows %d resources, an update creates %d", got, want)
	}
	if policy, ok := r.Find(t, "aws:iam/rolePolicy:RolePolicy", "data-proxy").Inputs["policy"]; ok {
		t.Errorf("the policy of secrets that do not exist yet is %v", policy)
	}
}

func TestAPreviewGeneratesNoPasswordForAMissingSecret(t *testing.T) {
	for name, known := range map[string]bool{"an existing secret": true, "a missing secret": false} {
		t.Run(name, func(t *testing.T) {
			generated := make(chan bool, 1)
			m := mocks.Mocks{Preview: true, Calls: map[string]func(map[string]any) map[string]any{
				"aws:secretsmanager/getRandomPassword:getRandomPassword": func(map[string]any) map[string]any {
					generated <- true
					return map[string]any{"randomPassword": mocks.GeneratedPassword}
				},
			}}
			if known {
				m.Outputs = mocks.KnownSecrets
			}
			m.Run(t, func(ctx *pulumi.Context) error {
				d := &Data{}
				if err := ctx.RegisterComponentResource(Token(mocks.Project), "data", d); err != nil {
					return err
				}
				secret, err := d.secret(ctx, "data-cache", "", args(prod()))
				if err == nil {
					ctx.Export("password", d.placeholderPassword(ctx, secret)) // and wait for it
				}
				return err
			})
			if got := len(generated) == 1; got != known {
				t.Errorf("a password is generated: %v, want %v", got, known)
			}
		})
	}
}

func TestNewRejectsAnInvalidConfigurationBeforeItRegistersAnything(t *testing.T) {
	c := prod()
	c.Cache.Shards, c.Database.Name, c.SecretRecoveryDays = 0, "", 3
	r, err := mocks.Mocks{}.Try(func(ctx *pulumi.Context) error {
		_, err := New(ctx, "data", args(c))
		return err
	})
	var list *config.Error
	if !errors.As(err, &list) {
		t.Fatalf("got %v, want a *config.Error", err)
	}
	var keys []string
	for _, p := range list.Problems {
		keys = append(keys, p.Key)
	}
	if want := []string{"data.cache.shards", "data.database.name", "data.secretRecoveryDays"}; !reflect.DeepEqual(keys, want) {
		t.Errorf("got problems of %v, want %v", keys, want)
	}
	if got := len(r.All()); got != 0 {
		t.Errorf("%d resources were registered", got)
	}
}

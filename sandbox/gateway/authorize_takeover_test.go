package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	backuptypes "github.com/aws/aws-sdk-go-v2/service/backup/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// creating allows a role to tag what it creates and nothing that exists, as the deploy role's policies do.
const creating = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["acm:RequestCertificate","iam:PassRole","rds:CreateDBProxy"],"Resource":"*"},
	{"Effect":"Allow","Action":"elasticache:*","Resource":"arn:aws:elasticache:*:*:replicationgroup:*"},
	{"Effect":"Allow","Action":"ec2:CreateNetworkInterface","Resource":"*"},
	{"Effect":"Allow","Action":["acm:AddTagsToCertificate","application-autoscaling:RegisterScalableTarget",
	 "application-autoscaling:TagResource","elasticache:AddTagsToResource","elasticache:CreateReplicationGroup","rds:AddTagsToResource"],
	 "Resource":["arn:aws:acm:*:*:certificate/${*}","arn:aws:application-autoscaling:*:*:scalable-target/${*}",
	 "arn:aws:elasticache:*:*:cluster:${*}","arn:aws:rds:*:*:db-proxy:${*}"]},
	{"Effect":"Allow","Action":"backup:CreateBackupPlan","Resource":"*"},
	{"Effect":"Allow","Action":"backup:TagResource","Resource":"arn:aws:backup:*:*:backup-plan:${*}"}]}`

// A role creates each kind of resource with tags, and tries to tag one that the administrator has created.
func TestAPermissionToTagNewResourcesExcludesExistingOnes(t *testing.T) {
	s := newTestEnv(t, nil)
	private := subnet(t, s)
	admin, role := s.config(), s.assumeRole(t, "creating", creating)
	for kind, c := range map[string]struct {
		create func(c aws.Config, name string) (arn string, err error)
		tag    func(arn string) error
	}{
		"certificate": {func(c aws.Config, name string) (string, error) {
			created, err := acm.NewFromConfig(c).RequestCertificate(t.Context(), &acm.RequestCertificateInput{
				DomainName: aws.String(name + ".example.com"), ValidationMethod: "DNS", Tags: certificateTags,
			})
			if err != nil {
				return "", err
			}
			return *created.CertificateArn, nil
		}, func(arn string) error {
			_, err := acm.NewFromConfig(role).AddTagsToCertificate(t.Context(), &acm.AddTagsToCertificateInput{CertificateArn: &arn, Tags: certificateTags})
			return err
		}},
		"proxy": {func(c aws.Config, name string) (string, error) {
			created, err := rds.NewFromConfig(c).CreateDBProxy(t.Context(), &rds.CreateDBProxyInput{
				DBProxyName: &name, EngineFamily: rdstypes.EngineFamilyPostgresql, RoleArn: aws.String("arn:aws:iam::000000000000:role/p"),
				VpcSubnetIds: []string{private}, Tags: proxyTags,
				Auth: []rdstypes.UserAuthConfig{{AuthScheme: rdstypes.AuthSchemeSecrets, SecretArn: aws.String("arn:aws:secretsmanager:eu-west-1:000000000000:secret:s")}},
			})
			if err != nil {
				return "", err
			}
			return *created.DBProxy.DBProxyArn, nil
		}, func(arn string) error {
			_, err := rds.NewFromConfig(role).AddTagsToResource(t.Context(), &rds.AddTagsToResourceInput{ResourceName: &arn, Tags: proxyTags})
			return err
		}},
		"scalable target": {func(c aws.Config, name string) (string, error) {
			return registerWithTags(t, c, name)
		}, func(arn string) error {
			_, err := applicationautoscaling.NewFromConfig(role).TagResource(t.Context(), &applicationautoscaling.TagResourceInput{ResourceARN: &arn, Tags: devTags})
			return err
		}},
		"backup plan": {func(c aws.Config, name string) (string, error) {
			created, err := backup.NewFromConfig(c).CreateBackupPlan(t.Context(), &backup.CreateBackupPlanInput{
				BackupPlan: &backuptypes.BackupPlanInput{BackupPlanName: &name, Rules: []backuptypes.BackupRuleInput{}}, BackupPlanTags: devTags,
			})
			if err != nil {
				return "", err
			}
			return *created.BackupPlanArn, nil
		}, func(arn string) error {
			_, err := backup.NewFromConfig(role).TagResource(t.Context(), &backup.TagResourceInput{ResourceArn: &arn, Tags: devTags})
			return err
		}},
		"node of a cache": {func(c aws.Config, name string) (string, error) {
			_, err := elasticache.NewFromConfig(c).CreateReplicationGroup(t.Context(), cacheNamed(name))
			return s.gateway.account.ARN("elasticache", "cluster:"+name+"-001"), err
		}, func(arn string) error {
			_, err := elasticache.NewFromConfig(role).AddTagsToResource(t.Context(), &elasticache.AddTagsToResourceInput{ResourceName: &arn, Tags: cacheTags()})
			return err
		}},
	} {
		t.Run(kind, func(t *testing.T) {
			if _, err := c.create(role, "ours"); err != nil {
				t.Errorf("the role cannot create one with tags: %v", err)
			}
			arn, err := c.create(admin, "theirs")
			if err != nil {
				t.Fatal(err)
			}
			if err := c.tag(arn); denied(err) == "" {
				t.Errorf("tagging %s: got %v, want access denied", arn, err)
			}
		})
	}
	t.Run("an existing target cannot be registered with tags", func(t *testing.T) {
		if _, err := registerWithTags(t, role, "theirs"); err == nil {
			t.Error("the call succeeded")
		}
	})
	t.Run("an existing node cannot become a group's primary", func(t *testing.T) {
		group := cacheNamed("around")
		group.PrimaryClusterId = aws.String("theirs-001")
		if _, err := elasticache.NewFromConfig(role).CreateReplicationGroup(t.Context(), group); denied(err) == "" {
			t.Errorf("got %v, want access denied", err)
		}
	})
}

var (
	certificateTags = []acmtypes.Tag{{Key: aws.String("environment"), Value: aws.String("dev")}}
	proxyTags       = []rdstypes.Tag{{Key: aws.String("environment"), Value: aws.String("dev")}}
)

func registerWithTags(t *testing.T, c aws.Config, name string) (arn string, err error) {
	t.Helper()
	created, err := applicationautoscaling.NewFromConfig(c).RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: "lambda", ResourceId: aws.String("function:" + name + ":live"), ScalableDimension: provisioned, Tags: devTags,
	})
	if err != nil {
		return "", err
	}
	return *created.ScalableTargetARN, nil
}

func cacheNamed(name string) *elasticache.CreateReplicationGroupInput {
	return &elasticache.CreateReplicationGroupInput{
		ReplicationGroupId: &name, ReplicationGroupDescription: aws.String("test"), Engine: aws.String("redis"),
		CacheNodeType: aws.String("cache.t4g.micro"), Tags: cacheTags(),
	}
}

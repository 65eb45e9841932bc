package gateway

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	rdsgw "github.com/didomi/serverless-api/sandbox/gateway/rds"
)

// subnet creates a VPC with one subnet and returns the subnet's ID.
func subnet(t *testing.T, s *testEnv) string {
	t.Helper()
	client := ec2.NewFromConfig(s.config())
	vpc, err := client.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	created, err := client.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{VpcId: vpc.Vpc.VpcId, CidrBlock: aws.String("10.0.1.0/24")})
	if err != nil {
		t.Fatal(err)
	}
	return *created.Subnet.SubnetId
}

func createCluster(t *testing.T, client *rds.Client, id string, change func(*rds.CreateDBClusterInput)) *types.DBCluster {
	t.Helper()
	input := &rds.CreateDBClusterInput{
		DBClusterIdentifier: &id, Engine: aws.String("aurora-postgresql"), MasterUsername: aws.String("master"), DatabaseName: aws.String("items"),
		ManageMasterUserPassword: aws.Bool(true), MasterUserSecretKmsKeyId: aws.String("arn:aws:kms:eu-west-1:000000000000:key/k"),
		EnableCloudwatchLogsExports:      []string{"postgresql"},
		ServerlessV2ScalingConfiguration: &types.ServerlessV2ScalingConfiguration{MinCapacity: aws.Float64(0), MaxCapacity: aws.Float64(4), SecondsUntilAutoPause: aws.Int32(600)},
	}
	if change != nil {
		change(input)
	}
	created, err := client.CreateDBCluster(t.Context(), input)
	if err != nil {
		t.Fatal(err)
	}
	return created.DBCluster
}

func describeCluster(t *testing.T, client *rds.Client, id string) types.DBCluster {
	t.Helper()
	response, err := client.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{DBClusterIdentifier: &id})
	if err != nil {
		t.Fatal(err)
	}
	return response.DBClusters[0]
}

func TestTheDataPlaneRunsAClustersDatabase(t *testing.T) {
	s := newTestEnv(t, nil)
	client := rds.NewFromConfig(s.config())
	created := createCluster(t, client, "orders", nil)
	secrets := secretsmanager.NewFromConfig(s.config())
	t.Run("at a constant address", func(t *testing.T) {
		read := describeCluster(t, client, "orders")
		for _, got := range []types.DBCluster{*created, read} {
			if *got.Endpoint != "127.99.0.1" || *got.ReaderEndpoint != "127.99.0.1" || *got.Port != 5432 {
				t.Errorf("got %s, %s, %d", *got.Endpoint, *got.ReaderEndpoint, *got.Port)
			}
		}
	})
	t.Run("with the password of its managed secret", func(t *testing.T) {
		name := *created.MasterUserSecret.SecretArn
		value, err := secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: &name})
		if err != nil {
			t.Fatal(err)
		}
		spec := s.plane.clusters[0]
		if !strings.HasPrefix(*value.Name, "rds!cluster-") || !strings.Contains(*value.SecretString, `"`+spec.MasterPassword+`"`) ||
			spec.MasterUser != "master" || spec.Database != "items" || spec.MasterPassword == "" {
			t.Errorf("secret %s, data plane %+v", *value.Name, spec)
		}
		described, err := secrets.DescribeSecret(t.Context(), &secretsmanager.DescribeSecretInput{SecretId: &name})
		if err != nil || !strings.HasSuffix(aws.ToString(described.KmsKeyId), "key/k") {
			t.Errorf("the secret's key is %v, %v", described, err)
		}
	})
	t.Run("with its settings", func(t *testing.T) {
		got := describeCluster(t, client, "orders")
		if !slices.Equal(got.EnabledCloudwatchLogsExports, []string{"postgresql"}) || *got.ServerlessV2ScalingConfiguration.SecondsUntilAutoPause != 600 ||
			*got.ServerlessV2ScalingConfiguration.MinCapacity != 0 {
			t.Errorf("logs %v, scaling %+v", got.EnabledCloudwatchLogsExports, got.ServerlessV2ScalingConfiguration)
		}
	})
	t.Run("with a rotated master password", func(t *testing.T) {
		before := s.plane.clusters[0].MasterPassword
		_, err := client.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{DBClusterIdentifier: aws.String("orders"), RotateMasterUserPassword: aws.Bool(true), ApplyImmediately: aws.Bool(true),
			CloudwatchLogsExportConfiguration: &types.CloudwatchLogsExportConfiguration{DisableLogTypes: []string{"postgresql"}, EnableLogTypes: []string{"instance"}}})
		if err != nil {
			t.Fatal(err)
		}
		last := s.plane.clusters[len(s.plane.clusters)-1]
		if last.MasterPassword == before || last.MasterPassword == "" || last.Database != "items" {
			t.Errorf("the data plane has %+v", last)
		}
		if got := describeCluster(t, client, "orders").EnabledCloudwatchLogsExports; !slices.Equal(got, []string{"instance"}) {
			t.Errorf("log exports %v", got)
		}
	})
	t.Run("with its instances", func(t *testing.T) {
		instance, err := client.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("orders-0"), DBClusterIdentifier: aws.String("orders"),
			DBInstanceClass: aws.String("db.serverless"), Engine: aws.String("aurora-postgresql"), EnablePerformanceInsights: aws.Bool(true), PerformanceInsightsKMSKeyId: aws.String("key-1")})
		if err != nil {
			t.Fatal(err)
		}
		read, err := client.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String("orders-0")})
		if err != nil || *instance.DBInstance.Endpoint.Address != "127.99.0.1" || *read.DBInstances[0].Endpoint.Address != "127.99.0.1" ||
			*read.DBInstances[0].DBInstanceStatus != "available" || *read.DBInstances[0].PerformanceInsightsKMSKeyId != "key-1" {
			t.Errorf("got %+v, %v", read.DBInstances[0], err)
		}
	})
	t.Run("whose instances can be changed", func(t *testing.T) {
		changed, err := client.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: aws.String("orders-0"), PerformanceInsightsKMSKeyId: aws.String("key-2")})
		if err != nil || *changed.DBInstance.PerformanceInsightsKMSKeyId != "key-2" {
			t.Errorf("got %+v, %v", changed, err)
		}
	})
	t.Run("until the cluster and its secret are deleted", func(t *testing.T) {
		_, err := client.DeleteDBInstance(t.Context(), &rds.DeleteDBInstanceInput{DBInstanceIdentifier: aws.String("orders-0")})
		if err == nil {
			_, err = client.DeleteDBCluster(t.Context(), &rds.DeleteDBClusterInput{DBClusterIdentifier: aws.String("orders"), SkipFinalSnapshot: aws.Bool(true)})
		}
		if left := s.gateway.account.Fields.Get(rdsgw.InstanceKey("orders-0")); left != nil {
			t.Errorf("stored members of the instance: %v", left)
		}
		if err != nil || !slices.Contains(s.plane.removed, "cluster orders") {
			t.Errorf("removed %v, %v", s.plane.removed, err)
		}
		_, err = secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: created.MasterUserSecret.SecretArn})
		if err == nil {
			t.Error("the managed secret still exists")
		}
	})
}

func TestAClusterThatCannotBeStartedIsDeleted(t *testing.T) {
	s := newTestEnv(t, nil)
	s.plane.fail = errors.New("no initdb")
	client := rds.NewFromConfig(s.config())
	input := &rds.CreateDBClusterInput{DBClusterIdentifier: aws.String("failing"), Engine: aws.String("aurora-postgresql"), MasterUsername: aws.String("m"), MasterUserPassword: aws.String("secret-password"), DeletionProtection: aws.Bool(true)}
	_, err := client.CreateDBCluster(t.Context(), input)
	if err == nil || !strings.Contains(err.Error(), "no initdb") {
		t.Fatalf("got %v", err)
	}
	s.plane.fail = nil
	if _, err := client.CreateDBCluster(t.Context(), input); err != nil {
		t.Errorf("the retry: %v", err)
	}
}

func TestAProxyConnectsToItsTarget(t *testing.T) {
	s := newTestEnv(t, nil)
	client := rds.NewFromConfig(s.config())
	createCluster(t, client, "proxied", nil)
	name, subnets := aws.String("proxy"), []string{subnet(t, s)}
	created, err := client.CreateDBProxy(t.Context(), &rds.CreateDBProxyInput{DBProxyName: name, EngineFamily: types.EngineFamilyPostgresql, RoleArn: aws.String("arn:aws:iam::000000000000:role/p"),
		VpcSubnetIds: subnets, RequireTLS: aws.Bool(true), Auth: []types.UserAuthConfig{{AuthScheme: types.AuthSchemeSecrets, SecretArn: aws.String("arn:aws:secretsmanager:eu-west-1:000000000000:secret:s"), IAMAuth: types.IAMAuthModeDisabled}}})
	if err != nil {
		t.Fatal(err)
	}
	registered, err := client.RegisterDBProxyTargets(t.Context(), &rds.RegisterDBProxyTargetsInput{DBProxyName: name, DBClusterIdentifiers: []string{"proxied"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("from its first address", func(t *testing.T) {
		read, err := client.DescribeDBProxies(t.Context(), &rds.DescribeDBProxiesInput{DBProxyName: name})
		if err != nil || *created.DBProxy.Endpoint != "127.99.0.2" || *read.DBProxies[0].Endpoint != "127.99.0.2" || read.DBProxies[0].Status != types.DBProxyStatusAvailable {
			t.Errorf("got %s, %+v, %v", *created.DBProxy.Endpoint, read.DBProxies, err)
		}
		want := []string{"proxy -> ", "proxy -> proxied"}
		if !slices.Equal(s.plane.proxies, want) {
			t.Errorf("the data plane got %v, want %v", s.plane.proxies, want)
		}
	})
	t.Run("and reports it as available", func(t *testing.T) {
		read, err := client.DescribeDBProxyTargets(t.Context(), &rds.DescribeDBProxyTargetsInput{DBProxyName: name})
		if err != nil || read.Targets[0].TargetHealth.State != types.TargetStateAvailable || *read.Targets[0].Endpoint != "127.99.0.1" || *registered.DBProxyTargets[0].Endpoint != "127.99.0.1" {
			t.Errorf("got %+v, %v", read.Targets, err)
		}
	})
	t.Run("and disconnects from a deregistered target", func(t *testing.T) {
		_, err := client.DeregisterDBProxyTargets(t.Context(), &rds.DeregisterDBProxyTargetsInput{DBProxyName: name, DBClusterIdentifiers: []string{"proxied"}})
		if last := s.plane.proxies[len(s.plane.proxies)-1]; err != nil || last != "proxy -> " {
			t.Errorf("got %v, %v", last, err)
		}
	})
	t.Run("until it is deleted", func(t *testing.T) {
		_, err := client.DeleteDBProxy(t.Context(), &rds.DeleteDBProxyInput{DBProxyName: name})
		if err != nil || !slices.Equal(s.plane.removed, []string{"proxy proxy"}) {
			t.Errorf("removed %v, %v", s.plane.removed, err)
		}
	})
}

// RDS Proxy takes minutes before it can connect to a new target.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_TargetHealth.html
func TestAProxyHasNoCapacityUntilItsWarmUpEnds(t *testing.T) {
	s := newTestEnv(t, nil, func(c *Config) { c.ProxyWarmUp = 12 * time.Minute })
	now := time.Now()
	s.gateway.account.Now = func() time.Time { return now }
	client := rds.NewFromConfig(s.config())
	createCluster(t, client, "warming", nil)
	name := aws.String("warm")
	_, err := client.CreateDBProxy(t.Context(), &rds.CreateDBProxyInput{
		DBProxyName: name, EngineFamily: types.EngineFamilyPostgresql, RoleArn: aws.String("arn:aws:iam::000000000000:role/p"), VpcSubnetIds: []string{subnet(t, s)},
		Auth: []types.UserAuthConfig{{AuthScheme: types.AuthSchemeSecrets, SecretArn: aws.String("arn:aws:secretsmanager:eu-west-1:000000000000:secret:s")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	registered, err := client.RegisterDBProxyTargets(t.Context(), &rds.RegisterDBProxyTargetsInput{DBProxyName: name, DBClusterIdentifiers: []string{"warming"}})
	if err != nil || registered.DBProxyTargets[0].TargetHealth.Reason != types.TargetHealthReasonPendingProxyCapacity {
		t.Fatalf("registered %+v, %v", registered, err)
	}
	for _, c := range []struct {
		after  time.Duration
		state  types.TargetState
		reason types.TargetHealthReason
	}{
		{11 * time.Minute, types.TargetStateUnavailable, types.TargetHealthReasonPendingProxyCapacity},
		{12 * time.Minute, types.TargetStateAvailable, ""},
	} {
		s.gateway.account.Now = func() time.Time { return now.Add(c.after) }
		read, err := client.DescribeDBProxyTargets(t.Context(), &rds.DescribeDBProxyTargetsInput{DBProxyName: name})
		if err != nil || read.Targets[0].TargetHealth.State != c.state || read.Targets[0].TargetHealth.Reason != c.reason {
			t.Errorf("after %s: %+v, %v", c.after, read.Targets, err)
		}
		if pending := s.plane.pending(); pending != (c.state == types.TargetStateUnavailable) {
			t.Errorf("after %s: the data plane rejects clients: %v", c.after, pending)
		}
	}
}

func TestAnUpgradeOfAClusterUpgradesItsInstances(t *testing.T) {
	s := newTestEnv(t, nil)
	client := rds.NewFromConfig(s.config())
	createCluster(t, client, "upgraded", func(in *rds.CreateDBClusterInput) { in.EngineVersion = aws.String("16.11") })
	_, err := client.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("upgraded-1"), DBClusterIdentifier: aws.String("upgraded"), Engine: aws.String("aurora-postgresql"),
		EngineVersion: aws.String("16.11"), DBInstanceClass: aws.String("db.serverless"),
	})
	if err == nil {
		_, err = client.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{
			DBClusterIdentifier: aws.String("upgraded"), EngineVersion: aws.String("17.7"),
			AllowMajorVersionUpgrade: aws.Bool(true), ApplyImmediately: aws.Bool(true),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String("upgraded-1")})
	if err != nil {
		t.Fatal(err)
	}
	if version := *got.DBInstances[0].EngineVersion; version != "17.7" {
		t.Errorf("the instance has version %s, want 17.7", version)
	}
	if !slices.Equal(s.plane.backedUp, []string{"upgraded"}) {
		t.Errorf("the data plane has backed up %v, want the upgraded cluster", s.plane.backedUp)
	}
}

package data

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	dataKey   = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
	opsKey    = "arn:aws:kms:eu-west-1:123456789012:key/99999999-4e5f-6071-8293-a4b5c6d7e8f9"
	masterARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:master"
	appARN    = "arn:aws:secretsmanager:eu-west-1:123456789012:data-app"
)

var isolated = []any{"isolated-1", "isolated-2", "isolated-3"}

// prod is a configuration with every option on.
func prod() Config {
	c := Default()
	c.Database.Readers = 1
	c.Cache.Shards, c.Cache.Replicas = 3, 1
	return c
}

// computed is what AWS adds to what the component registers.
var computed = map[string]func(mocks.Resource) map[string]any{
	"aws:rds/cluster:Cluster": func(mocks.Resource) map[string]any {
		return map[string]any{
			"masterUserSecrets": []any{map[string]any{"secretArn": masterARN}},
			"clusterResourceId": "cluster-ABC",
			"endpoint":          "cluster.example",
			"readerEndpoint":    "readers.example",
		}
	},
	"aws:rds/proxy:Proxy": func(mocks.Resource) map[string]any {
		return map[string]any{"endpoint": "proxy.example"}
	},
	"aws:elasticache/replicationGroup:ReplicationGroup": func(r mocks.Resource) map[string]any {
		return map[string]any{"configurationEndpointAddress": "cache.example", "memberClusters": []any{r.Name + "-0001-001"}}
	},
	"aws:s3/bucketV2:BucketV2": func(r mocks.Resource) map[string]any {
		return map[string]any{"bucket": r.Name + "-1234567"}
	},
	"aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": named,
	"aws:rds/clusterParameterGroup:ClusterParameterGroup":     named,
	"aws:rds/parameterGroup:ParameterGroup":                   named,
	"aws:rds/subnetGroup:SubnetGroup":                         named,
	"aws:elasticache/parameterGroup:ParameterGroup":           named,
	"aws:elasticache/subnetGroup:SubnetGroup":                 named,
	"aws:cloudwatch/logGroup:LogGroup":                        named,
}

// named returns a name for a resource that was registered without one.
func named(r mocks.Resource) map[string]any {
	if _, ok := r.Inputs["name"]; ok {
		return nil
	}
	return map[string]any{"name": r.Name + "-name"}
}

func args(c Config) Args {
	return Args{
		Config:                 c,
		DataKeyARN:             pulumi.String(dataKey).ToStringOutput(),
		OperationsKeyARN:       pulumi.String(opsKey).ToStringOutput(),
		IsolatedSubnetIDs:      pulumi.ToStringArray([]string{"isolated-1", "isolated-2", "isolated-3"}),
		ProxySecurityGroupID:   pulumi.String("proxy-group"),
		ClusterSecurityGroupID: pulumi.String("cluster-group"),
		CacheSecurityGroupID:   pulumi.String("cache-group"),
		PermissionsBoundary:    pulumi.String("boundary"),
	}
}

// build registers the component under mocks and returns its outputs by name.
func build(t *testing.T, c Config) (*mocks.Recorder, map[string]string) {
	t.Helper()
	return buildWith(t, args(c))
}

// buildWith is build for arguments outside the Config.
func buildWith(t *testing.T, a Args) (*mocks.Recorder, map[string]string) {
	t.Helper()
	var resolved map[string]string
	r := mocks.Mocks{Outputs: computed}.Run(t, func(ctx *pulumi.Context) error {
		provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String(mocks.Region)})
		if err != nil {
			return err
		}
		d, err := New(ctx, "data", a, pulumi.Providers(provider))
		if err != nil {
			return err
		}
		outputs := pulumi.StringMap{
			"databaseHost": d.DatabaseHost, "readerHost": d.ReaderHost,
			"databaseName": d.DatabaseName, "appSecretArn": d.AppSecretARN,
			"masterSecretArn": d.MasterSecretARN, "cacheAddress": d.CacheAddress,
			"cacheUserId": d.CacheUserID, "cacheUserArn": d.CacheUserARN,
			"cacheSecretArn": d.CacheSecretARN, "bucketName": d.BucketName, "bucketArn": d.BucketARN,
			"clusterIdentifier": d.ClusterIdentifier, "proxyName": d.ProxyName,
			"cacheMember": d.CacheMembers.Index(pulumi.Int(0)), "proxyTarget": d.ProxyTarget,
			"copiesBucketName": d.CopiesBucketName, "copiesVaultName": d.CopiesVaultName,
		}
		outputs.ToStringMapOutput().ApplyT(func(values map[string]string) bool {
			resolved = values
			return true
		})
		return nil
	})
	return r, resolved
}

func TestTheComponentsOutputs(t *testing.T) {
	_, got := build(t, prod())
	want := map[string]string{
		"databaseHost": "proxy.example", "readerHost": "readers.example",
		"databaseName": "app", "appSecretArn": appARN, "masterSecretArn": masterARN,
		"cacheAddress":      "cache.example:6379",
		"cacheUserId":       "data-cache-app",
		"cacheUserArn":      "arn:aws:elasticache:eu-west-1:123456789012:data-cache-app",
		"cacheSecretArn":    "arn:aws:secretsmanager:eu-west-1:123456789012:data-cache",
		"bucketName":        "data-files-1234567",
		"bucketArn":         "arn:aws:s3:eu-west-1:123456789012:data-files",
		"clusterIdentifier": "data-cluster-0a1b2c3d",
		"proxyName":         "data-proxy-0a1b2c3d",
		"copiesBucketName":  "",
		"copiesVaultName":   "",
		"proxyTarget":       "arn:aws:rds:eu-west-1:123456789012:data-proxy cluster-ABC",
		"cacheMember":       "data-cache-0001-001",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestTheClusterIsServerlessV2AndKeepsItsData(t *testing.T) {
	r, _ := build(t, prod())
	got := r.Find(t, "aws:rds/cluster:Cluster", "data-cluster")
	want := map[string]any{
		"clusterIdentifier":        "data-cluster-0a1b2c3d",
		"allowMajorVersionUpgrade": true, "applyImmediately": true,
		"engine": "aurora-postgresql", "engineMode": "provisioned", "engineVersion": "16.11",
		"serverlessv2ScalingConfiguration": map[string]any{"minCapacity": 0.5, "maxCapacity": 4.0},
		"databaseName":                     "app", "port": 5432.0,
		"dbSubnetGroupName": "data-database-name", "dbClusterParameterGroupName": "data-cluster-aurora-postgresql16-name",
		"dbInstanceParameterGroupName": "data-instance-aurora-postgresql16-name",
		"vpcSecurityGroupIds":          []any{"cluster-group"},
		"masterUsername":               "master", "manageMasterUserPassword": true, "masterUserSecretKmsKeyId": opsKey,
		"iamDatabaseAuthenticationEnabled": true,
		"storageEncrypted":                 true, "kmsKeyId": dataKey,
		"backupRetentionPeriod": 30.0, "deleteAutomatedBackups": false, "preferredBackupWindow": "02:00-03:00",
		"preferredMaintenanceWindow": "sun:03:30-sun:04:30",
		"copyTagsToSnapshot":         true, "deletionProtection": true,
		"skipFinalSnapshot": false, "finalSnapshotIdentifier": got.Inputs["finalSnapshotIdentifier"],
		"enabledCloudwatchLogsExports": []any{"postgresql"},
	}
	if !reflect.DeepEqual(got.Inputs, want) {
		t.Errorf("got %v\nwant %v", got.Inputs, want)
	}
	subnets := r.Find(t, "aws:rds/subnetGroup:SubnetGroup", "data-database").Inputs["subnetIds"]
	if !reflect.DeepEqual(subnets, isolated) {
		t.Errorf("the database is in %v, want the isolated subnets", subnets)
	}
}

func TestLogGroupsAreCreatedBeforeTheServicesThatWriteThem(t *testing.T) {
	c := prod()
	c.LogDays = 90
	r, _ := build(t, c)
	for log, writer := range map[[2]string][2]string{
		{"data-cluster", "/aws/rds/cluster/data-cluster-0a1b2c3d/postgresql"}: {"aws:rds/cluster:Cluster", "data-cluster"},
		{"data-proxy", "/aws/rds/proxy/data-proxy-0a1b2c3d"}:                  {"aws:rds/proxy:Proxy", "data-proxy"},
	} {
		group := r.Find(t, "aws:cloudwatch/logGroup:LogGroup", log[0]).Inputs
		want := map[string]any{"name": log[1], "retentionInDays": 90.0, "kmsKeyId": opsKey}
		if !reflect.DeepEqual(group, want) {
			t.Errorf("%s is registered as %v, want %v", log[0], group, want)
		}
		if !slices.ContainsFunc(r.Find(t, writer[0], writer[1]).Options.DependsOn, func(urn string) bool {
			return strings.HasSuffix(urn, "LogGroup::"+log[0])
		}) {
			t.Errorf("%s does not wait for its log group", writer[1])
		}
	}
}

func TestTheParameterGroupsHaveTheEnginesFamily(t *testing.T) {
	c := prod()
	c.Database.Version = "17.4"
	r, _ := build(t, c)
	cluster := r.Find(t, "aws:rds/clusterParameterGroup:ClusterParameterGroup", "data-cluster-aurora-postgresql17").Inputs
	instance := r.Find(t, "aws:rds/parameterGroup:ParameterGroup", "data-instance-aurora-postgresql17").Inputs
	if cluster["family"] != "aurora-postgresql17" || instance["family"] != "aurora-postgresql17" {
		t.Errorf("got the families %v and %v, want aurora-postgresql17", cluster["family"], instance["family"])
	}
	want := []any{map[string]any{"name": "rds.force_ssl", "value": "1", "applyMethod": "immediate"}}
	if !reflect.DeepEqual(cluster["parameters"], want) {
		t.Errorf("the cluster's parameters are %v, want %v", cluster["parameters"], want)
	}
}

func TestTheInstancesAreAWriterAndTheReaders(t *testing.T) {
	c := prod()
	c.Database.Readers = 2
	r, _ := build(t, c)
	tiers := map[string]any{}
	for _, instance := range r.OfType("aws:rds/clusterInstance:ClusterInstance") {
		tiers[instance.Name] = instance.Inputs["promotionTier"]
		if instance.Inputs["instanceClass"] != "db.serverless" || instance.Inputs["publiclyAccessible"] != false ||
			instance.Inputs["performanceInsightsKmsKeyId"] != dataKey || instance.Inputs["dbParameterGroupName"] != "data-instance-aurora-postgresql16-name" {
			t.Errorf("%s is registered as %v", instance.Name, instance.Inputs)
		}
	}
	want := map[string]any{"data-instance-1": 0.0, "data-instance-2": 1.0, "data-instance-3": 1.0}
	if !reflect.DeepEqual(tiers, want) {
		t.Errorf("got the instances %v, want %v", tiers, want)
	}
}

func TestTheProxyRequiresTLSAndUsesBothSecrets(t *testing.T) {
	r, _ := build(t, prod())
	auth := func(arn string) map[string]any {
		return map[string]any{
			"authScheme": "SECRETS", "clientPasswordAuthType": "POSTGRES_SCRAM_SHA_256",
			"iamAuth": "DISABLED", "secretArn": arn,
		}
	}
	want := map[string]any{
		"engineFamily": "POSTGRESQL", "requireTls": true, "idleClientTimeout": 1800.0,
		"name":         "data-proxy-0a1b2c3d",
		"roleArn":      "arn:aws:iam:eu-west-1:123456789012:data-proxy",
		"vpcSubnetIds": isolated[:2], "vpcSecurityGroupIds": []any{"proxy-group"},
		"auths": []any{auth(masterARN), auth(appARN)},
	}
	if got := r.Find(t, "aws:rds/proxy:Proxy", "data-proxy").Inputs; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if kept := r.Find(t, "aws:rds/proxy:Proxy", "data-proxy").Options.IgnoreChanges; !slices.Equal(kept, []string{"vpcSubnetIds"}) {
		t.Errorf("the proxy ignores %v; other subnets replace it", kept)
	}
	target := r.Find(t, "aws:rds/proxyTarget:ProxyTarget", "data-proxy")
	if target.Inputs["dbClusterIdentifier"] != "data-cluster-id" || target.Inputs["targetGroupName"] != "data-proxy-name" {
		t.Errorf("the target is %v", target.Inputs)
	}
	for _, instance := range []string{"data-instance-1", "data-instance-2"} {
		if !slices.ContainsFunc(target.Options.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+instance) }) {
			t.Errorf("the target does not depend on %s, without which no connection is possible", instance)
		}
	}
}

func TestTheProxysRoleReadsItsTwoSecretsAndNothingElse(t *testing.T) {
	r, _ := build(t, prod())
	inputs := r.Find(t, "aws:iam/role:Role", "data-proxy").Inputs
	if inputs["permissionsBoundary"] != "boundary" {
		t.Errorf("the role's boundary is %v", inputs["permissionsBoundary"])
	}
	role := inputs["assumeRolePolicy"].(string)
	if want := `{"Statement":[{"Action":["sts:AssumeRole"],"Effect":"Allow","Principal":{"Service":"rds.amazonaws.com"}}],"Version":"2012-10-17"}`; role != want {
		t.Errorf("the trust policy is %s\nwant %s", role, want)
	}
	policy := r.Find(t, "aws:iam/rolePolicy:RolePolicy", "data-proxy").Inputs["policy"].(string)
	want := `{"Statement":[` +
		`{"Action":["secretsmanager:GetSecretValue"],"Effect":"Allow","Resource":["` + masterARN + `","` + appARN + `"],"Sid":"Secrets"},` +
		`{"Action":["kms:Decrypt"],"Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.eu-west-1.amazonaws.com"}},` +
		`"Effect":"Allow","Resource":["` + opsKey + `"],"Sid":"Key"}],"Version":"2012-10-17"}`
	if policy != want {
		t.Errorf("got %s\nwant %s", policy, want)
	}
}

func TestWithoutAProxyTheFunctionsConnectToTheClusterWhichMayPause(t *testing.T) {
	c := prod()
	c.Protect, c.Proxy.Enabled, c.Database.MinCapacity = false, false, 0
	r, told := build(t, c)
	if told["databaseHost"] != "cluster.example" || told["proxyName"] != "" {
		t.Errorf("the database is at %q, its proxy is %q", told["databaseHost"], told["proxyName"])
	}
	for _, res := range r.All() {
		if strings.Contains(res.Name, "proxy") {
			t.Errorf("%s %s serves no proxy", res.Type, res.Name)
		}
	}
	want := map[string]any{"minCapacity": 0.0, "maxCapacity": 4.0, "secondsUntilAutoPause": 300.0}
	if got := r.Find(t, "aws:rds/cluster:Cluster", "data-cluster").Inputs["serverlessv2ScalingConfiguration"]; !reflect.DeepEqual(got, want) {
		t.Errorf("the capacity is %v, want %v", got, want)
	}
	parameters := r.Find(t, "aws:rds/clusterParameterGroup:ClusterParameterGroup", "data-cluster-aurora-postgresql16").Inputs["parameters"].([]any)
	if !slices.ContainsFunc(parameters, func(p any) bool {
		return reflect.DeepEqual(p, map[string]any{"name": "idle_session_timeout", "value": "60000", "applyMethod": "immediate"})
	}) {
		t.Errorf("the parameters are %v: a frozen function's connection keeps the cluster from pausing", parameters)
	}
}

func TestQueriesReadFromAReaderOrElseFromTheWriter(t *testing.T) {
	for readers, want := range map[int]string{0: "cluster.example", 1: "readers.example"} {
		c := prod()
		c.Database.Readers = readers
		if _, got := build(t, c); got["readerHost"] != want {
			t.Errorf("with %d readers queries go to %s, want %s", readers, got["readerHost"], want)
		}
	}
}

func TestTheProxyHasNoReaderEndpoint(t *testing.T) {
	r, _ := build(t, prod())
	if endpoints := r.OfType("aws:rds/proxyEndpoint:ProxyEndpoint"); len(endpoints) != 0 {
		t.Errorf("endpoints of readers, though the functions read from the writer: %v", endpoints)
	}
}

func TestTheCacheIsInClusterModeAtEverySize(t *testing.T) {
	for name, c := range map[string]struct {
		engine, version, family string
		shards, replicas        int
		zones                   bool
	}{
		"one shard of Redis alone":                   {"redis", "7.1", "redis7", 1, 0, false},
		"three shards of Valkey with a replica each": {"valkey", "8.1", "valkey8", 3, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			config := prod()
			config.Cache.Engine, config.Cache.Version = Engine(c.engine), c.version
			config.Cache.Shards, config.Cache.Replicas = c.shards, c.replicas
			r, _ := build(t, config)
			got := r.Find(t, "aws:elasticache/replicationGroup:ReplicationGroup", "data-cache").Inputs
			want := map[string]any{
				"description": "The cache of didomi test", "engine": c.engine, "engineVersion": c.version,
				"nodeType": "cache.t4g.micro", "numNodeGroups": float64(c.shards),
				"replicasPerNodeGroup":     float64(c.replicas),
				"automaticFailoverEnabled": true, "multiAzEnabled": c.zones,
				"parameterGroupName": "data-cache-" + c.family + "-name", "subnetGroupName": "data-cache-name",
				"securityGroupIds": []any{"cache-group"}, "port": 6379.0,
				"transitEncryptionEnabled": true, "userGroupIds": []any{"data-cache"},
				"atRestEncryptionEnabled": true, "kmsKeyId": dataKey,
				"logDeliveryConfigurations": []any{logTo("engine-log"), logTo("slow-log")},
				"snapshotRetentionLimit":    7.0, "snapshotWindow": "04:00-05:00",
				"maintenanceWindow": "sun:05:30-sun:06:30", "autoMinorVersionUpgrade": false, "applyImmediately": true,
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %v\nwant %v", got, want)
			}
			parameters := r.Find(t, "aws:elasticache/parameterGroup:ParameterGroup", "data-cache-"+c.family).Inputs
			if parameters["family"] != c.family || !slices.ContainsFunc(parameters["parameters"].([]any), func(p any) bool {
				return reflect.DeepEqual(p, map[string]any{"name": "cluster-enabled", "value": "yes"})
			}) {
				t.Errorf("the parameter group is %v", parameters)
			}
		})
	}
}

// logTo is how one of the engine's logs is delivered.
func logTo(kind string) map[string]any {
	return map[string]any{"destination": "data-cache-name", "destinationType": "cloudwatch-logs", "logFormat": "json", "logType": kind}
}

func TestOnlyTheFunctionsUserCanLogInToTheCache(t *testing.T) {
	for _, engine := range []Engine{Redis, Valkey} {
		c := prod()
		c.Cache.Engine, c.Cache.Version = engine, "7.2"
		if engine == Redis {
			c.Cache.Version = "7.0"
		}
		r, _ := build(t, c)
		for name, want := range map[string]map[string]any{
			"data-cache-app": {
				"userId": "data-cache-app", "userName": "app", "engine": "redis",
				"accessString": "on ~item:* -@all +get +getrange +set +del +eval +evalsha +time +ping +scan +cluster|slots +command +asking",
				"passwords":    []any{mocks.GeneratedPassword},
			},
			"data-cache-default": {
				"userId": "data-cache-default", "userName": "default", "engine": "redis",
				"accessString": "off -@all", "passwords": []any{mocks.GeneratedPassword},
			},
		} {
			user := r.Find(t, "aws:elasticache/user:User", name)
			if !reflect.DeepEqual(user.Inputs, want) || !slices.Contains(user.Secrets, "passwords") {
				t.Errorf("%s: %s is registered as %v with the secrets %v", engine, name, user.Inputs, user.Secrets)
			}
		}
		group := r.Find(t, "aws:elasticache/userGroup:UserGroup", "data-cache").Inputs
		want := map[string]any{"userGroupId": "data-cache", "engine": "redis", "userIds": []any{"data-cache-app", "data-cache-default"}}
		if !reflect.DeepEqual(group, want) {
			t.Errorf("%s: the group is registered as %v, want %v", engine, group, want)
		}
	}
}

func TestNoPasswordIsRegisteredInPlaintext(t *testing.T) {
	r, told := build(t, prod())
	for _, res := range r.All() {
		for key, value := range res.Inputs {
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text), mocks.GeneratedPassword) && !slices.Contains(res.Secrets, key) {
				t.Errorf("%s %s has the password in %s", res.Type, res.Name, key)
			}
		}
	}
	for key, value := range told {
		if strings.Contains(value, mocks.GeneratedPassword) {
			t.Errorf("the output %s holds the password", key)
		}
	}
	for _, version := range r.OfType("aws:secretsmanager/secretVersion:SecretVersion") {
		t.Errorf("%s sets the value of a secret that Pulumi must not have", version.Name)
	}
}

func TestAnUpdateKeepsThePasswordsOfTheCachesUsers(t *testing.T) {
	r, _ := build(t, prod())
	users := r.OfType("aws:elasticache/user:User")
	if len(users) != 2 {
		t.Fatalf("got %d users, want the application's and the default one", len(users))
	}
	for _, user := range users {
		if !reflect.DeepEqual(user.Options.IgnoreChanges, []string{"passwords"}) {
			t.Errorf("changes of %v are ignored of %s, want those of passwords", user.Options.IgnoreChanges, user.Name)
		}
	}
}

func TestEverySecretIsEncryptedWithTheOperationsKey(t *testing.T) {
	r, _ := build(t, prod())
	secrets := r.OfType("aws:secretsmanager/secret:Secret")
	if len(secrets) != 2 {
		t.Fatalf("got %d secrets, want the application's and the cache's", len(secrets))
	}
	for _, secret := range secrets {
		if secret.Inputs["kmsKeyId"] != opsKey || secret.Inputs["recoveryWindowInDays"] != 30.0 {
			t.Errorf("%s is registered as %v", secret.Name, secret.Inputs)
		}
	}
}

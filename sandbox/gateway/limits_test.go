package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/didomi/serverless-api/sandbox/gateway/admit"
	apigatewaygw "github.com/didomi/serverless-api/sandbox/gateway/apigateway"
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	ec2gw "github.com/didomi/serverless-api/sandbox/gateway/ec2"
	elasticachegw "github.com/didomi/serverless-api/sandbox/gateway/elasticache"
	lambdagw "github.com/didomi/serverless-api/sandbox/gateway/lambda"
	rdsgw "github.com/didomi/serverless-api/sandbox/gateway/rds"
)

// limit sets the account's limits.
func (s *testEnv) limit(t *testing.T, limits call.Limits) {
	t.Helper()
	body, err := json.Marshal(limits)
	if err != nil {
		t.Fatal(err)
	}
	if status := s.putLimits(t, string(body)); status != http.StatusNoContent {
		t.Fatalf("status %d", status)
	}
}

func (s *testEnv) putLimits(t *testing.T, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.server.URL+LimitsPath, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(admit.SandboxHeader, "test")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestUnknownLimitsAreRejected(t *testing.T) {
	s := newTestEnv(t, nil)
	for _, body := range []string{`{"quotas":{"vpc/L-0":1}}`, `{"quota":{}}`, `[]`} {
		if status := s.putLimits(t, body); status != http.StatusBadRequest {
			t.Errorf("%s: %d", body, status)
		}
	}
}

// The error codes are from the API reference of each call; for EC2
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func TestACallThatExceedsAQuotaIsRejected(t *testing.T) {
	s := newTestEnv(t, nil)
	network, databases := ec2.NewFromConfig(s.config()), rds.NewFromConfig(s.config())
	caches, apis := elasticache.NewFromConfig(s.config()), apigateway.NewFromConfig(s.config())
	vpc, err := network.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.77.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	subnet, err := network.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{VpcId: vpc.Vpc.VpcId, CidrBlock: aws.String("10.77.0.0/24")})
	if err != nil {
		t.Fatal(err)
	}
	endpoint := func(kind ec2types.VpcEndpointType) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := network.CreateVpcEndpoint(ctx, &ec2.CreateVpcEndpointInput{VpcId: vpc.Vpc.VpcId, ServiceName: aws.String("com.amazonaws.eu-west-1.s3"), VpcEndpointType: kind})
			return err
		}
	}
	for name, test := range map[string]struct {
		quota, code string
		call        func(context.Context) error
	}{
		"a VPC": {ec2gw.QuotaVPCs, "VpcLimitExceeded", func(ctx context.Context) error {
			_, err := network.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.78.0.0/16")})
			return err
		}},
		"an internet gateway": {ec2gw.QuotaInternetGateways, "InternetGatewayLimitExceeded", func(ctx context.Context) error {
			_, err := network.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{})
			return err
		}},
		"an elastic IP": {ec2gw.QuotaAddresses, "AddressLimitExceeded", func(ctx context.Context) error {
			_, err := network.AllocateAddress(ctx, &ec2.AllocateAddressInput{})
			return err
		}},
		"a NAT gateway": {ec2gw.QuotaNATGateways, "NatGatewayLimitExceeded", func(ctx context.Context) error {
			_, err := network.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{SubnetId: subnet.Subnet.SubnetId, ConnectivityType: ec2types.ConnectivityTypePrivate})
			return err
		}},
		"an interface endpoint": {ec2gw.QuotaInterfaceEndpoints, "VpcEndpointLimitExceeded", endpoint(ec2types.VpcEndpointTypeInterface)},
		"a gateway endpoint":    {ec2gw.QuotaGatewayEndpoints, "VpcEndpointLimitExceeded", endpoint(ec2types.VpcEndpointTypeGateway)},
		"a security group": {ec2gw.QuotaSecurityGroups, "SecurityGroupLimitExceeded", func(ctx context.Context) error {
			_, err := network.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{VpcId: vpc.Vpc.VpcId, GroupName: aws.String("over"), Description: aws.String("d")})
			return err
		}},
		"a REST API": {apigatewaygw.QuotaRESTAPIs, "LimitExceededException", func(ctx context.Context) error {
			_, err := apis.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("over")})
			return err
		}},
		"a domain name": {apigatewaygw.QuotaDomainNames, "LimitExceededException", func(ctx context.Context) error {
			_, err := apis.CreateDomainName(ctx, &apigateway.CreateDomainNameInput{DomainName: aws.String("over.example")})
			return err
		}},
		"a usage plan": {apigatewaygw.QuotaUsagePlans, "LimitExceededException", func(ctx context.Context) error {
			_, err := apis.CreateUsagePlan(ctx, &apigateway.CreateUsagePlanInput{Name: aws.String("over")})
			return err
		}},
		"a cache": {elasticachegw.QuotaCacheNodes, "NodeQuotaForCustomerExceeded", func(ctx context.Context) error {
			_, err := caches.CreateReplicationGroup(ctx, &elasticache.CreateReplicationGroupInput{
				ReplicationGroupId: aws.String("over"), ReplicationGroupDescription: aws.String("d"), Engine: aws.String("redis"),
				CacheParameterGroupName: aws.String("default.redis7.cluster.on"), AutomaticFailoverEnabled: aws.Bool(true),
				NumNodeGroups: aws.Int32(1), ReplicasPerNodeGroup: aws.Int32(1),
			})
			return err
		}},
		"a database cluster": {rdsgw.QuotaClusters, "DBClusterQuotaExceededFault", func(ctx context.Context) error {
			_, err := databases.CreateDBCluster(ctx, &rds.CreateDBClusterInput{DBClusterIdentifier: aws.String("over"), Engine: aws.String("aurora-postgresql")})
			return err
		}},
		"a database instance": {rdsgw.QuotaInstances, "InstanceQuotaExceeded", func(ctx context.Context) error {
			_, err := databases.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("over"), DBInstanceClass: aws.String("db.serverless"), Engine: aws.String("aurora-postgresql")})
			return err
		}},
		"a subnet group": {rdsgw.QuotaSubnetGroups, "DBSubnetGroupQuotaExceeded", func(ctx context.Context) error {
			_, err := databases.CreateDBSubnetGroup(ctx, &rds.CreateDBSubnetGroupInput{DBSubnetGroupName: aws.String("over"), DBSubnetGroupDescription: aws.String("d"), SubnetIds: []string{*subnet.Subnet.SubnetId}})
			return err
		}},
		"a parameter group": {rdsgw.QuotaParameterGroups, "DBParameterGroupQuotaExceeded", func(ctx context.Context) error {
			_, err := databases.CreateDBParameterGroup(ctx, &rds.CreateDBParameterGroupInput{DBParameterGroupName: aws.String("over"), DBParameterGroupFamily: aws.String("aurora-postgresql16"), Description: aws.String("d")})
			return err
		}},
		"a cluster parameter group": {rdsgw.QuotaClusterParameters, "DBParameterGroupQuotaExceeded", func(ctx context.Context) error {
			_, err := databases.CreateDBClusterParameterGroup(ctx, &rds.CreateDBClusterParameterGroupInput{DBClusterParameterGroupName: aws.String("over"), DBParameterGroupFamily: aws.String("aurora-postgresql16"), Description: aws.String("d")})
			return err
		}},
		"a proxy": {rdsgw.QuotaProxies, "DBProxyQuotaExceededFault", func(ctx context.Context) error {
			_, err := databases.CreateDBProxy(ctx, &rds.CreateDBProxyInput{DBProxyName: aws.String("over"), EngineFamily: "POSTGRESQL", RoleArn: aws.String("arn:aws:iam::000000000000:role/r"), VpcSubnetIds: []string{*subnet.Subnet.SubnetId}})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s.limit(t, call.Limits{Quotas: map[string]float64{test.quota: 0}})
			if err := test.call(t.Context()); errorCode(err) != test.code {
				t.Errorf("got %v, want %s", err, test.code)
			}
		})
	}
	t.Run("a VPC within the quota is created", func(t *testing.T) {
		s.limit(t, call.Limits{Quotas: map[string]float64{ec2gw.QuotaVPCs: 1000}})
		created, err := network.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.79.0.0/16")})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := network.DeleteVpc(t.Context(), &ec2.DeleteVpcInput{VpcId: created.Vpc.VpcId}); err != nil {
			t.Error(err)
		}
	})
}

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
// https://github.com/anomalyco/sst/issues/5829: "decreases account's UnreservedConcurrentExecution below
// its minimum value of [10]", for provisioned concurrency in an account that has 10.
func TestLambdaRequiresUnreservedConcurrency(t *testing.T) {
	s := newTestEnv(t, nil)
	client := function(t, s, "concurrent", "one")
	name := aws.String("concurrent")
	published, err := client.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: name})
	if err != nil {
		t.Fatal(err)
	}
	reserve := func(n int32) error {
		_, err := client.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: name, ReservedConcurrentExecutions: &n})
		return err
	}
	provision := func(n int32) error {
		_, err := client.PutProvisionedConcurrencyConfig(t.Context(), &lambda.PutProvisionedConcurrencyConfigInput{FunctionName: name, Qualifier: published.Version, ProvisionedConcurrentExecutions: &n})
		return err
	}
	free := func() error {
		_, err := client.DeleteFunctionConcurrency(t.Context(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: name})
		return err
	}
	// Functions of other tests use concurrency too.
	all, err := s.gateway.functions.Concurrencies(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	others := 0
	for _, c := range all {
		others += c.Used()
	}
	for _, step := range []struct {
		name    string
		quota   int
		call    func() error
		message string
	}{
		{"a new account cannot provision any", 10, func() error { return provision(2) }, "minimum value of [10]"},
		{"a new account cannot reserve any", 10, func() error { return reserve(1) }, "minimum value of [10]"},
		{"100 must stay unreserved", others + 105, func() error { return reserve(6) }, "minimum value of [100]"},
		{"the remainder can be reserved", others + 105, func() error { return reserve(5) }, ""},
		{"reserved concurrency can be provisioned", others + 105, func() error { return provision(5) }, ""},
		{"provisioned concurrency cannot exceed the reserved", others + 1000, func() error { return provision(6) }, "reservedConcurrentExecution"},
		{"reserved concurrency can be released", others + 105, func() error { return free() }, ""},
		{"provisioned concurrency counts as used", others + 105, func() error { return provision(6) }, "minimum value of [100]"},
		{"changed provisioned concurrency counts once", others + 105, func() error { return provision(4) }, ""},
	} {
		t.Run(step.name, func(t *testing.T) {
			s.limit(t, call.Limits{Quotas: map[string]float64{lambdagw.QuotaConcurrency: float64(step.quota)}})
			err := step.call()
			switch {
			case step.message == "" && err != nil:
				t.Error(err)
			case step.message != "" && (errorCode(err) != "InvalidParameterValueException" || !strings.Contains(err.Error(), step.message)):
				t.Errorf("got %v, want an error with %q", err, step.message)
			}
		})
	}
}

func TestVersionsAndClassesThatTheRegionLacksAreNotOffered(t *testing.T) {
	s := newTestEnv(t, nil)
	databases, caches := rds.NewFromConfig(s.config()), elasticache.NewFromConfig(s.config())
	found := func(t *testing.T) []string {
		t.Helper()
		var all []string
		versions, err := databases.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Engine: aws.String("aurora-postgresql"), EngineVersion: aws.String("16.11")})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range versions.DBEngineVersions {
			all = append(all, *v.EngineVersion)
		}
		classes, err := databases.DescribeOrderableDBInstanceOptions(t.Context(), &rds.DescribeOrderableDBInstanceOptionsInput{Engine: aws.String("aurora-postgresql"), EngineVersion: aws.String("16.11"), DBInstanceClass: aws.String("db.serverless")})
		if err != nil {
			t.Fatal(err)
		}
		for _, option := range classes.OrderableDBInstanceOptions {
			for _, zone := range option.AvailabilityZones {
				all = append(all, *zone.Name)
			}
		}
		engines, err := caches.DescribeCacheEngineVersions(t.Context(), &elasticache.DescribeCacheEngineVersionsInput{Engine: aws.String("valkey")})
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range engines.CacheEngineVersions {
			all = append(all, "valkey "+*v.EngineVersion)
		}
		nodes, err := caches.DescribeReservedCacheNodesOfferings(t.Context(), &elasticache.DescribeReservedCacheNodesOfferingsInput{CacheNodeType: aws.String("cache.r7g.large")})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range nodes.ReservedCacheNodesOfferings {
			all = append(all, *n.CacheNodeType)
		}
		return all
	}
	before := found(t)
	for _, want := range []string{"16.11", "eu-west-1b", "valkey 8.1", "cache.r7g.large"} {
		if !slices.Contains(before, want) {
			t.Errorf("%s is not offered: %v", want, before)
		}
	}
	s.limit(t, call.Limits{NotOffered: []string{"aurora-postgresql 16.11", "db.serverless eu-west-1b", "valkey 8.1", "cache.r7g.large"}})
	after := found(t)
	for _, removed := range []string{"16.11", "eu-west-1b", "valkey 8.1", "cache.r7g.large"} {
		if slices.Contains(after, removed) {
			t.Errorf("%s is still offered", removed)
		}
	}
}

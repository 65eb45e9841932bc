package network

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// build registers the network of a configuration, in three zones, under mocks.
func build(t *testing.T, c Config) *mocks.Recorder {
	t.Helper()
	return buildWith(t, c, Args{Proxy: true})
}

// buildWith is build with a proxy before the cluster or without, and with queries or without.
func buildWith(t *testing.T, c Config, a Args) *mocks.Recorder {
	t.Helper()
	m := mocks.Mocks{Outputs: map[string]func(mocks.Resource) map[string]any{
		mocks.VpcToken: mocks.Vpc(c.Zones),
		"aws:ec2/vpcEndpoint:VpcEndpoint": func(r mocks.Resource) map[string]any {
			return map[string]any{"prefixListId": r.Name + "-prefix-list"}
		},
	}}
	return m.Run(t, func(ctx *pulumi.Context) error {
		if err := mocks.RouteTables(ctx, "net-vpc", c.Zones); err != nil {
			return err
		}
		provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String(mocks.Region)})
		if err != nil {
			return err
		}
		zones, err := Zones(ctx, "net", c)
		if err != nil {
			return err
		}
		_, err = New(ctx, "net", Args{Config: c, Zones: zones, Proxy: a.Proxy, Queries: a.Queries, LogsKeyARN: pulumi.String("operations-key"), PermissionsBoundary: pulumi.String("boundary")}, pulumi.Providers(provider))
		return err
	})
}

func TestTheVPCSetsItsLayoutAndNATStrategy(t *testing.T) {
	for nat, strategy := range map[NAT]string{
		NATNone: "None", NATSingle: "Single", NATPerAZ: "OnePerAz",
	} {
		t.Run(string(nat), func(t *testing.T) {
			c := Default()
			c.NAT = nat
			got := build(t, c).Find(t, mocks.VpcToken, "net-vpc")
			want := map[string]any{
				"cidrBlock":                "172.16.0.0/16",
				"availabilityZoneNames":    []any{"eu-west-1a", "eu-west-1b", "eu-west-1c"},
				"availabilityZoneCidrMask": 18.0,
				"subnetStrategy":           "Auto",
				"natGateways":              map[string]any{"strategy": strategy},
				"enableDnsHostnames":       true,
				"enableDnsSupport":         true,
				"subnetSpecs": []any{
					map[string]any{"type": "Private", "cidrMask": 19.0},
					map[string]any{"type": "Public", "cidrMask": 21.0},
					map[string]any{"type": "Isolated", "cidrMask": 21.0},
				},
			}
			if !reflect.DeepEqual(got.Inputs, want) {
				t.Errorf("got %v\nwant %v", got.Inputs, want)
			}
		})
	}
}

func TestTheSmallestNetworkHasAddressesForAProxyInEachIsolatedSubnet(t *testing.T) {
	c := Default()
	c.CIDR = "10.1.0.0/22"
	specs := build(t, c).Find(t, mocks.VpcToken, "net-vpc").Inputs["subnetSpecs"].([]any)
	if got := specs[2].(map[string]any)["cidrMask"]; got != 27.0 {
		t.Errorf("the isolated subnets are /%v, want /27", got)
	}
}

func TestAZonesRangeDoesNotDependOnTheNumberOfZones(t *testing.T) {
	for zones := 2; zones <= mostZones; zones++ {
		c := Default()
		c.Zones = zones
		got := build(t, c).Find(t, mocks.VpcToken, "net-vpc").Inputs
		if got["availabilityZoneCidrMask"] != 18.0 || len(got["availabilityZoneNames"].([]any)) != zones {
			t.Errorf("%d zones: got %v", zones, got)
		}
	}
}

func TestTheFunctionReachesAWSWithoutNAT(t *testing.T) {
	r := build(t, Default())
	if n := len(r.OfType("aws:ec2/vpcEndpoint:VpcEndpoint")); n != 2 {
		t.Errorf("%d endpoints, want those of Secrets Manager and S3: no function calls another service", n)
	}
	t.Run("Secrets Manager has an interface in every private subnet", func(t *testing.T) {
		got := r.Find(t, "aws:ec2/vpcEndpoint:VpcEndpoint", "net-secretsmanager").Inputs
		delete(got, "policy")
		want := map[string]any{
			"vpcId":             "net-vpc-id",
			"serviceName":       "com.amazonaws.eu-west-1.secretsmanager",
			"vpcEndpointType":   "Interface",
			"privateDnsEnabled": true,
			"subnetIds":         []any{"net-vpc-Private-1-subnet", "net-vpc-Private-2-subnet", "net-vpc-Private-3-subnet"},
			"securityGroupIds":  []any{"net-endpoints-id"},
			"tags":              map[string]any{"Name": "net-secretsmanager"},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v\nwant %v", got, want)
		}
	})
	t.Run("S3 is routed from every private and isolated subnet and from no public one", func(t *testing.T) {
		got := r.Find(t, "aws:ec2/vpcEndpoint:VpcEndpoint", "net-s3").Inputs
		delete(got, "policy")
		want := map[string]any{
			"vpcId":           "net-vpc-id",
			"serviceName":     "com.amazonaws.eu-west-1.s3",
			"vpcEndpointType": "Gateway",
			"routeTableIds": []any{
				"net-vpc-Private-1-id", "net-vpc-Isolated-1-id",
				"net-vpc-Private-2-id", "net-vpc-Isolated-2-id",
				"net-vpc-Private-3-id", "net-vpc-Isolated-3-id",
			},
			"tags": map[string]any{"Name": "net-s3"},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v\nwant %v", got, want)
		}
	})
}

func TestOnlyTheVPCAndItsSubnetsAreProtected(t *testing.T) {
	for token, want := range map[string]bool{
		"aws:ec2/vpc:Vpc": true, "aws:ec2/subnet:Subnet": true,
		"aws:ec2/natGateway:NatGateway": false, "aws:ec2/route:Route": false,
	} {
		result := protect(t.Context(), &pulumi.ResourceTransformArgs{Custom: true, Type: token, Props: pulumi.Map{"kept": pulumi.Int(1)}})
		if result == nil || result.Opts.Protect != want || result.Props["kept"] == nil {
			t.Errorf("%s becomes %+v, want it protected: %v", token, result, want)
		}
	}
	if protect(t.Context(), &pulumi.ResourceTransformArgs{Type: mocks.VpcToken}) != nil {
		t.Error("the component is changed, and with it everything in it")
	}
}

// edges are the connections that the registered rules allow, each as "who direction whom ports".
func edges(r *mocks.Recorder) []string {
	var found []string
	for token, direction := range map[string]string{
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "from",
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":   "to",
	} {
		for _, rule := range r.OfType(token) {
			peer := ""
			for _, key := range []string{"referencedSecurityGroupId", "prefixListId", "cidrIpv4", "cidrIpv6"} {
				if value, ok := rule.Inputs[key]; ok {
					peer += value.(string)
				}
			}
			found = append(found, fmt.Sprintf("%s %s %s %s %v-%v",
				rule.Inputs["securityGroupId"], direction, peer,
				rule.Inputs["ipProtocol"], rule.Inputs["fromPort"], rule.Inputs["toPort"]))
		}
	}
	sort.Strings(found)
	return found
}

func TestSecurityGroupsAllowTheRequestPathAndNothingElse(t *testing.T) {
	r := build(t, Default())
	want := []string{
		"net-cache-id from net-lambda-id tcp 6379-6379",
		"net-cluster-id from net-proxy-id tcp 5432-5432",
		"net-endpoints-id from net-lambda-id tcp 443-443",
		"net-lambda-id to net-cache-id tcp 6379-6379",
		"net-lambda-id to net-endpoints-id tcp 443-443",
		"net-lambda-id to net-proxy-id tcp 5432-5432",
		"net-lambda-id to net-s3-prefix-list tcp 443-443",
		"net-proxy-id from net-lambda-id tcp 5432-5432",
		"net-proxy-id to net-cluster-id tcp 5432-5432",
	}
	if got := edges(r); !reflect.DeepEqual(got, want) {
		t.Errorf("the rules allow\n  %s\nwant exactly\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	for _, res := range r.All() {
		if res.Type == "aws:ec2/securityGroupRule:SecurityGroupRule" {
			t.Errorf("%s is a rule of the old kind, which the list above does not see", res.Name)
		}
		for _, inline := range []string{"ingress", "egress"} {
			if rules, ok := res.Inputs[inline]; ok {
				t.Errorf("%s %s has rules of its own: %s %v", res.Type, res.Name, inline, rules)
			}
		}
	}
}

func TestWithoutAProxyTheFunctionConnectsToTheCluster(t *testing.T) {
	r := buildWith(t, Default(), Args{})
	want := []string{
		"net-cache-id from net-lambda-id tcp 6379-6379",
		"net-cluster-id from net-lambda-id tcp 5432-5432",
		"net-endpoints-id from net-lambda-id tcp 443-443",
		"net-lambda-id to net-cache-id tcp 6379-6379",
		"net-lambda-id to net-cluster-id tcp 5432-5432",
		"net-lambda-id to net-endpoints-id tcp 443-443",
		"net-lambda-id to net-s3-prefix-list tcp 443-443",
	}
	if got := edges(r); !reflect.DeepEqual(got, want) {
		t.Errorf("the rules allow\n  %s\nwant exactly\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	for _, group := range r.OfType("aws:ec2/securityGroup:SecurityGroup") {
		if group.Name == "net-proxy" {
			t.Error("there is a group of a proxy")
		}
	}
}

// A function of queries connects to the cluster, past the proxy, and to nothing else.
func TestQueriesConnectToTheClusterAlone(t *testing.T) {
	without := edges(build(t, Default()))
	var added []string
	for _, edge := range edges(buildWith(t, Default(), Args{Proxy: true, Queries: true})) {
		if !slices.Contains(without, edge) {
			added = append(added, edge)
		}
	}
	if want := []string{"net-cluster-id from net-query-id tcp 5432-5432", "net-query-id to net-cluster-id tcp 5432-5432"}; !reflect.DeepEqual(added, want) {
		t.Errorf("with queries the rules also allow %v, want %v", added, want)
	}
}

func TestEveryRoleHasItsOwnSecurityGroupAndTheDefaultOneIsEmpty(t *testing.T) {
	r := build(t, Default())
	var names []string
	for _, group := range r.OfType("aws:ec2/securityGroup:SecurityGroup") {
		names = append(names, group.Name)
	}
	want := []string{"net-cache", "net-cluster", "net-endpoints", "net-lambda", "net-proxy"}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("got the groups %v, want %v", names, want)
	}
	empty := r.Find(t, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "net-default")
	if empty.Inputs["vpcId"] != "net-vpc-id" {
		t.Errorf("the emptied group is that of %v", empty.Inputs["vpcId"])
	}
}

func TestFlowLogsAreEncryptedAndHaveTheConfiguredRetention(t *testing.T) {
	c := Default()
	c.FlowLogDays = 90
	r := build(t, c)
	group := r.Find(t, "aws:cloudwatch/logGroup:LogGroup", "net-flows").Inputs
	if want := map[string]any{"retentionInDays": 90.0, "kmsKeyId": "operations-key"}; !reflect.DeepEqual(group, want) {
		t.Errorf("the log group is registered as %v, want %v", group, want)
	}
	if got := r.Find(t, "aws:iam/role:Role", "net-flows").Inputs["permissionsBoundary"]; got != "boundary" {
		t.Errorf("the role's boundary is %v", got)
	}
	trust := `{"Statement":[{"Action":["sts:AssumeRole"],"Condition":{"ArnLike":{"aws:SourceArn":["arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/*"]},` +
		`"StringEquals":{"aws:SourceAccount":"123456789012"}},"Effect":"Allow","Principal":{"Service":"vpc-flow-logs.amazonaws.com"}}],"Version":"2012-10-17"}`
	if got := r.Find(t, "aws:iam/role:Role", "net-flows").Inputs["assumeRolePolicy"]; got != trust {
		t.Errorf("the trust policy is %v\nwant %s", got, trust)
	}
	rights := r.Find(t, "aws:iam/rolePolicy:RolePolicy", "net-flows").Inputs["policy"].(string)
	if want := `{"Action":["logs:DescribeLogGroups"],"Effect":"Allow","Resource":["*"],"Sid":"FindGroup"}`; !strings.Contains(rights, want) {
		t.Errorf("%s lacks %s, which flow logs need for their group", rights, want)
	}
	flow := r.Find(t, "aws:ec2/flowLog:FlowLog", "net-flows")
	want := map[string]any{
		"vpcId":                  "net-vpc-id",
		"trafficType":            "ALL",
		"logDestinationType":     "cloud-watch-logs",
		"logDestination":         "arn:aws:cloudwatch:eu-west-1:123456789012:net-flows",
		"iamRoleArn":             "arn:aws:iam:eu-west-1:123456789012:net-flows",
		"maxAggregationInterval": 60.0,
		"tags":                   map[string]any{"Name": "net-flows"},
	}
	if !reflect.DeepEqual(flow.Inputs, want) {
		t.Errorf("got %v\nwant %v", flow.Inputs, want)
	}
}

func TestEveryResourceIsAChildOfTheNetworkAndUsesItsProvider(t *testing.T) {
	for _, res := range build(t, Default()).All() {
		switch res.Type {
		case "pulumi:providers:aws", "aws:ec2/routeTable:RouteTable":
			continue
		case Token(mocks.Project):
			if !strings.Contains(res.Options.Providers["aws"], "pulumi:providers:aws::aws::") {
				t.Errorf("the network is given the providers %v", res.Options.Providers)
			}
			continue
		}
		if res.ParentName() != "net" {
			t.Errorf("%s %s has the parent %q, want net", res.Type, res.Name, res.Parent)
		}
		// In the engine, a remote component inherits its parent's providers.
		if !res.Options.Remote && !strings.Contains(res.Provider, "pulumi:providers:aws::aws::") {
			t.Errorf("%s %s uses the provider %q", res.Type, res.Name, res.Provider)
		}
	}
}

func TestAPreviewOfANewStackNeedsNoUnknownValue(t *testing.T) {
	m := mocks.Mocks{Preview: true}
	r := m.Run(t, func(ctx *pulumi.Context) error {
		_, err := New(ctx, "net", Args{Config: Default(), Proxy: true})
		return err
	})
	if got := len(edges(r)); got != 9 {
		t.Errorf("the preview shows %d rules, want 9", got)
	}
}

func TestNewRejectsAnInvalidConfigurationBeforeItRegistersAnything(t *testing.T) {
	c := Default()
	c.CIDR, c.Zones = "10.0.0.0/33", 9
	r, err := mocks.Mocks{}.Try(func(ctx *pulumi.Context) error {
		_, err := New(ctx, "net", Args{Config: c})
		return err
	})
	var list *config.Error
	if !errors.As(err, &list) || len(list.Problems) != 2 || list.Problems[0].Key != "network.cidr" {
		t.Errorf("got %v, want the two problems of network.cidr and network.zones", err)
	}
	if got := len(r.All()); got != 0 {
		t.Errorf("%d resources were registered", got)
	}
}

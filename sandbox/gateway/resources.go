package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// What a call names, as the Service Authorization Reference has it
// (https://docs.aws.amazon.com/service-authorization/latest/reference/): every resource must be
// allowed.

// arn is the ARN of something of this account in its region.
func (g *Gateway) arn(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, g.config.Region, g.config.AccountID, resource)
}

// rdsKinds are the kinds of resources by the parameter that names them. AWS makes up the ids of
// proxies and their target groups.
var rdsKinds = map[string]string{
	"DBClusterIdentifier": "cluster", "DBClusterParameterGroupName": "cluster-pg", "DBInstanceIdentifier": "db",
	"DBParameterGroupName": "pg", "DBSubnetGroupName": "subgrp", "DBProxyName": "db-proxy",
	"TargetGroupName":             "target-group",
	"DBClusterSnapshotIdentifier": "cluster-snapshot", "FinalDBSnapshotIdentifier": "cluster-snapshot",
}

func (g *Gateway) namedRDS(ctx context.Context, action string, x *exchange) ([]iampolicy.Resource, error) {
	all := g.byParameter(x, "rds", rdsKinds)
	if action == "CreateDBCluster" || action == "ModifyDBCluster" {
		managed, err := g.masterPasswordManaged(ctx, action, x)
		if err != nil {
			return nil, err
		}
		for _, resource := range all {
			resource.Keys["rds:managemasteruserpassword"] = []string{managed}
		}
	}
	arn := x.form.Get("ResourceName")
	if arn == "" {
		return all, nil
	}
	answer, err := g.admin.query(ctx, "rds", rdsVersion, map[string]string{"Action": "ListTagsForResource", "ResourceName": arn})
	if err != nil {
		return nil, err
	}
	for _, tag := range answer.first("TagList").items() {
		all[0].Keys["aws:resourcetag/"+strings.ToLower(tag.value("Key"))] = []string{tag.value("Value")}
	}
	return all, nil
}

// masterPasswordManaged is whether RDS manages the master user's password: as the call says, or else as it is.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
func (g *Gateway) masterPasswordManaged(ctx context.Context, action string, x *exchange) (string, error) {
	if said := x.form.Get("ManageMasterUserPassword"); said != "" || action != "ModifyDBCluster" {
		return cmp.Or(said, "false"), nil
	}
	cluster, err := g.admin.query(ctx, "rds", rdsVersion, map[string]string{
		"Action": "DescribeDBClusters", "DBClusterIdentifier": x.form.Get("DBClusterIdentifier"),
	})
	var missing *callError
	if errors.As(err, &missing) {
		return "false", nil
	}
	if err != nil {
		return "", err
	}
	return strconv.FormatBool(cluster.first("MasterUserSecret") != nil), nil
}

var elasticacheKinds = map[string]string{
	"CacheParameterGroupName": "parametergroup", "CacheSubnetGroupName": "subnetgroup",
	"ReplicationGroupId": "replicationgroup", "UserId": "user", "UserGroupId": "usergroup",
	"UserGroupIds.member.1": "usergroup",
}

func (g *Gateway) namedElastiCache(_ context.Context, _ string, x *exchange) ([]iampolicy.Resource, error) {
	return g.byParameter(x, "elasticache", elasticacheKinds), nil
}

// byParameter is what the parameters of a call name, each by its kind, or by its ARN.
func (g *Gateway) byParameter(x *exchange, service string, kinds map[string]string) []iampolicy.Resource {
	keys := requestTags(x)
	var all []iampolicy.Resource
	if arn := x.form.Get("ResourceName"); arn != "" {
		all = append(all, iampolicy.Resource{ARN: arn, Keys: keys})
	}
	for _, parameter := range slices.Sorted(maps.Keys(kinds)) {
		if name := x.form.Get(parameter); name != "" {
			all = append(all, iampolicy.Resource{ARN: g.arn(service, kinds[parameter]+":"+name), Keys: keys})
		}
	}
	return all
}

// namedIAM is the role, with the boundary that it gets or has and the policy that it is about.
func (g *Gateway) namedIAM(ctx context.Context, action string, x *exchange) ([]iampolicy.Resource, error) {
	if provider := x.form.Get("OpenIDConnectProviderArn"); provider != "" {
		return []iampolicy.Resource{{ARN: provider, Keys: requestTags(x)}}, nil
	}
	role := x.form.Get("RoleName")
	if role == "" {
		return nil, nil
	}
	keys := requestTags(x)
	boundary := x.form.Get("PermissionsBoundary")
	if boundary == "" && action != "CreateRole" {
		var err error
		if boundary, err = g.boundary(ctx, role); err != nil {
			return nil, err
		}
	}
	if boundary != "" {
		keys["iam:permissionsboundary"] = []string{boundary}
	}
	if policy := x.form.Get("PolicyArn"); policy != "" {
		keys["iam:policyarn"] = []string{policy}
	}
	return []iampolicy.Resource{{ARN: "arn:aws:iam::" + g.config.AccountID + ":role/" + role, Keys: keys}}, nil
}

// namedWAF is the resource whose tags are asked for or set.
func (g *Gateway) namedWAF(_ context.Context, _ string, x *exchange) ([]iampolicy.Resource, error) {
	var call struct {
		ResourceARN, WebACLArn string
		LoggingConfiguration   struct {
			ResourceArn           string
			LogDestinationConfigs []string
		}
	}
	if err := decodeCall(x.body, &call); err != nil {
		return nil, nil //nolint:nilerr // what cannot be read names nothing
	}
	var all []iampolicy.Resource
	if logging := call.LoggingConfiguration; logging.ResourceArn != "" {
		all = append(all, iampolicy.Resource{ARN: logging.ResourceArn, Keys: map[string][]string{"wafv2:logdestinationresource": logging.LogDestinationConfigs}})
	}
	for _, arn := range []string{call.ResourceARN, call.WebACLArn} {
		if arn != "" {
			all = append(all, iampolicy.Resource{ARN: arn, Keys: map[string][]string{}})
		}
	}
	return all, nil
}

// namedKMS is an alias with the key that it is for: whoever sets one must be allowed on both.
func (g *Gateway) namedKMS(ctx context.Context, _ string, x *exchange) ([]iampolicy.Resource, error) {
	var call struct{ AliasName, TargetKeyID string }
	if err := decodeCall(x.body, &call); err != nil || call.AliasName == "" {
		return nil, nil //nolint:nilerr // what cannot be read names nothing
	}
	all := []iampolicy.Resource{{ARN: g.arn("kms", call.AliasName)}}
	if call.TargetKeyID == "" {
		return all, nil
	}
	key := call.TargetKeyID[strings.LastIndex(call.TargetKeyID, "/")+1:]
	keys, err := g.keyTags(ctx, key)
	return append(all, iampolicy.Resource{ARN: g.arn("kms", "key/"+key), Keys: keys}), err
}

// keyTags are those of a key; one that is not there has none.
func (g *Gateway) keyTags(ctx context.Context, key string) (map[string][]string, error) {
	var answer struct {
		Tags []struct{ TagKey, TagValue string }
	}
	err := g.admin.target(ctx, "kms", "TrentService.ListResourceTags", map[string]string{"KeyId": key}, &answer)
	var missing *callError
	if err != nil && !errors.As(err, &missing) {
		return nil, err
	}
	keys := map[string][]string{}
	for _, tag := range answer.Tags {
		keys["aws:resourcetag/"+strings.ToLower(tag.TagKey)] = []string{tag.TagValue}
	}
	return keys, nil
}

// namedScaling is the target of a call, new or known, with its tags and those that the call sets.
func (g *Gateway) namedScaling(_ context.Context, _ string, x *exchange) ([]iampolicy.Resource, error) {
	var call scalingObject
	if err := decodeCall(x.body, &call); err != nil {
		return nil, nil //nolint:nilerr // what cannot be read names nothing
	}
	keys := map[string][]string{}
	if space := text(call, "ServiceNamespace"); space != "" {
		keys["application-autoscaling:service-namespace"] = []string{space}
	}
	tags, _ := call["Tags"].(map[string]any)
	for key, value := range tags {
		keys["aws:requesttag/"+strings.ToLower(key)] = []string{fmt.Sprint(value)}
	}
	g.scaling.mu.Lock()
	defer g.scaling.mu.Unlock()
	arn := text(call, "ResourceARN")
	for _, target := range g.scaling.targets {
		if arn == "" && target.same(call, targetMembers...) {
			arn = text(target, "ScalableTargetARN")
		}
	}
	for key, value := range g.scaling.tags[arn] {
		keys["aws:resourcetag/"+strings.ToLower(key)] = []string{value}
	}
	if arn == "" {
		arn = g.arn("application-autoscaling", "scalable-target/*")
	}
	return []iampolicy.Resource{{ARN: arn, Keys: keys}}, nil
}

// namedLambda is the function that a call is about: its name is in the path, a new one's in the body. Whoever
// is allowed to invoke it is in the body.
func (g *Gateway) namedLambda(_ context.Context, action string, x *exchange) ([]iampolicy.Resource, error) {
	name := x.r.PathValue("name")
	var keys map[string][]string
	if action == "CreateFunction" || action == "AddPermission" {
		var call struct{ FunctionName, Principal string }
		if err := decodeCall(x.body, &call); err != nil {
			return nil, nil //nolint:nilerr // what cannot be read names nothing
		}
		name = cmp.Or(name, call.FunctionName)
		keys = map[string][]string{"lambda:principal": {call.Principal}}
	}
	if name == "" {
		return nil, nil
	}
	return []iampolicy.Resource{{ARN: g.arn("lambda", "function:"+name[strings.LastIndex(name, ":")+1:]), Keys: keys}}, nil
}

// namedSNS is the topic or the subscription, by its ARN.
func (g *Gateway) namedSNS(_ context.Context, _ string, x *exchange) ([]iampolicy.Resource, error) {
	var all []iampolicy.Resource
	for _, parameter := range []string{"ResourceArn", "SubscriptionArn", "TopicArn"} {
		if arn := x.form.Get(parameter); arn != "" {
			all = append(all, iampolicy.Resource{ARN: arn, Keys: requestTags(x)})
		}
	}
	return all, nil
}

// ec2Kinds are the kinds of EC2's resources by the beginning of their ids.
var ec2Kinds = map[string]string{
	"acl": "network-acl", "eipalloc": "elastic-ip", "eni": "network-interface", "fl": "vpc-flow-log",
	"igw": "internet-gateway", "nat": "natgateway", "rtb": "route-table", "sg": "security-group",
	"sgr": "security-group-rule", "subnet": "subnet", "vpc": "vpc", "vpce": "vpc-endpoint",
}

// ec2Makes are the kinds that a call makes, whose ids AWS makes up.
var ec2Makes = map[string]string{
	"AllocateAddress": "elastic-ip", "CreateFlowLogs": "vpc-flow-log", "CreateInternetGateway": "internet-gateway",
	"CreateNatGateway": "natgateway", "CreateRouteTable": "route-table", "CreateSecurityGroup": "security-group",
	"CreateSubnet": "subnet", "CreateVpc": "vpc", "CreateVpcEndpoint": "vpc-endpoint",
	"AuthorizeSecurityGroupEgress": "security-group-rule", "AuthorizeSecurityGroupIngress": "security-group-rule",
	"CreateNetworkInterface": "network-interface",
}

var ec2ID = regexp.MustCompile(`^([a-z]+)-[0-9a-f]{8,}$`)

// namedEC2 is every resource whose id stands in the call, with its tags, and what the call makes, with
// the tags that it is to get. An association stands for what it ties to the network.
func (g *Gateway) namedEC2(ctx context.Context, action string, x *exchange) ([]iampolicy.Resource, error) {
	requested := requestTags(x)
	var all []iampolicy.Resource
	if kind, ok := ec2Makes[action]; ok {
		all = append(all, iampolicy.Resource{ARN: g.arn("ec2", kind+"/*"), Keys: requested})
	}
	for _, values := range x.form {
		for _, id := range values {
			id, err := g.associated(ctx, id)
			if err != nil {
				return nil, err
			}
			match := ec2ID.FindStringSubmatch(id)
			if match == nil || ec2Kinds[match[1]] == "" || match[1] == "sgr" && x.form.Get("GroupId") != "" {
				continue // a group's own rule is told by the group
			}
			keys := maps.Clone(requested)
			if err := g.addEC2Tags(ctx, id, keys); err != nil {
				return nil, err
			}
			all = append(all, iampolicy.Resource{ARN: g.arn("ec2", ec2Kinds[match[1]]+"/"+id), Keys: keys})
		}
	}
	return all, nil
}

// ec2Associations are where to find what an association's id belongs to.
var ec2Associations = map[string]struct{ describe, set, id string }{
	"rtbassoc": {"DescribeRouteTables", "routeTableSet", "routeTableId"},
	"eipassoc": {"DescribeAddresses", "addressesSet", "allocationId"},
}

// associated is the id of what an association ties to the network; any other id as it is.
func (g *Gateway) associated(ctx context.Context, id string) (string, error) {
	kind, _, _ := strings.Cut(id, "-")
	of, ok := ec2Associations[kind]
	if !ok {
		return id, nil
	}
	answer, err := g.admin.query(ctx, "ec2", ec2Version, map[string]string{"Action": of.describe})
	if err != nil {
		return "", err
	}
	for _, item := range answer.first(of.set).items() {
		if slices.Contains(append(childTexts(item, "routeTableAssociationId"), childTexts(item, "associationId")...), id) {
			return item.value(of.id), nil
		}
	}
	return id, nil
}

func (g *Gateway) addEC2Tags(ctx context.Context, id string, keys map[string][]string) error {
	answer, err := g.admin.query(ctx, "ec2", ec2Version, map[string]string{
		"Action": "DescribeTags", "Filter.1.Name": "resource-id", "Filter.1.Value.1": id,
	})
	if err != nil {
		return err
	}
	for _, item := range answer.first("tagSet").items() {
		key := "aws:resourcetag/" + strings.ToLower(item.value("key"))
		keys[key] = append(keys[key], item.value("value"))
	}
	return nil
}

var tagParameter = regexp.MustCompile(`^(.*Tags?(?:\.(?:member|Tag))?\.\d+)\.Key$`)

// requestTags are the tags that a call of the Query protocol sets.
func requestTags(x *exchange) map[string][]string {
	keys := map[string][]string{}
	for parameter, values := range x.form {
		match := tagParameter.FindStringSubmatch(parameter)
		if match == nil || len(values) == 0 {
			continue
		}
		key := "aws:requesttag/" + strings.ToLower(values[0])
		if value := x.form.Get(match[1] + ".Value"); !slices.Contains(keys[key], value) {
			keys[key] = append(keys[key], value)
		}
	}
	return keys
}

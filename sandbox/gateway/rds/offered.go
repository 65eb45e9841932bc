package rds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// databaseQuotas returns the quotas and their use; the emulator does not support the call.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeAccountAttributes.html
func databaseQuotas(x *call.Exchange) error {
	var quotas []*xmltree.Node
	for name, action := range map[string]string{
		"DBClusters": "CreateDBCluster", "DBInstances": "CreateDBInstance", "DBSubnetGroups": "CreateDBSubnetGroup",
		"DBParameterGroups": "CreateDBParameterGroup", "DBClusterParameterGroups": "CreateDBClusterParameterGroup",
	} {
		used, err := enforced[action].Used(x)
		if err != nil {
			return err
		}
		quotas = append(quotas, xmltree.Element("AccountQuota", "AccountQuotaName", name, "Used", strconv.Itoa(used), "Max", strconv.Itoa(x.Limits.Quota(enforced[action].Key))))
	}
	return x.RespondQuery(xmltree.ListResult("AccountQuotas", quotas))
}

// databaseVersions removes the engine versions that the region does not offer, and adds upgrade targets.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBEngineVersions.html
func databaseVersions(x *call.Exchange) error {
	return x.EditXML(func(response *xmltree.Node) error {
		list := response.First("DBEngineVersions")
		if list == nil {
			return nil
		}
		list.Children = slices.DeleteFunc(list.Children, func(v *xmltree.Node) bool {
			return !x.Limits.Offers(v.Value("Engine") + " " + v.Value("EngineVersion"))
		})
		return addUpgradeTargets(x, list)
	})
}

// databaseClasses returns the zones that offer an instance class; the emulator lacks Aurora's classes.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOrderableDBInstanceOptions.html
func databaseClasses(x *call.Exchange) error {
	class := x.Form.Get("DBInstanceClass")
	if class == "" || !strings.HasPrefix(x.Form.Get("Engine"), "aurora") || !x.Succeeded() {
		return nil
	}
	var options []*xmltree.Node
	if x.Limits.Offers(class) {
		zones, err := x.Emulator.Query(x.Request.Context(), "ec2", emulator.EC2Version, map[string]string{"Action": "DescribeAvailabilityZones"})
		if err != nil {
			return fmt.Errorf("list the zones of %s: %w", class, err)
		}
		offered := &xmltree.Node{Name: "AvailabilityZones"}
		for _, zone := range xmltree.ChildTexts(zones, "zoneName") {
			if x.Limits.Offers(class + " " + zone) {
				offered.Children = append(offered.Children, xmltree.Element("AvailabilityZone", "Name", zone))
			}
		}
		option := xmltree.Element("OrderableDBInstanceOption", "Engine", x.Form.Get("Engine"), "EngineVersion", x.Form.Get("EngineVersion"), "DBInstanceClass", class)
		option.Put(offered)
		options = append(options, option)
	}
	return x.RespondQuery(xmltree.ListResult("OrderableDBInstanceOptions", options))
}

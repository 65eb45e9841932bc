package gateway

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// databaseQuotas answers what RDS itself tells of its quotas; the emulator does not know the call.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeAccountAttributes.html
func databaseQuotas(x *exchange) error {
	var quotas []*node
	for name, action := range map[string]string{
		"DBClusters": "CreateDBCluster", "DBInstances": "CreateDBInstance", "DBSubnetGroups": "CreateDBSubnetGroup",
		"DBParameterGroups": "CreateDBParameterGroup", "DBClusterParameterGroups": "CreateDBClusterParameterGroup",
	} {
		used, err := rdsQuotas[action].used(x)
		if err != nil {
			return err
		}
		quotas = append(quotas, element("AccountQuota", "AccountQuotaName", name, "Used", strconv.Itoa(used), "Max", strconv.Itoa(x.g.limits.quota(rdsQuotas[action].key))))
	}
	return x.answerQuery(holding("AccountQuotas", quotas))
}

// databaseVersions leaves out the engine versions that the region lacks.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBEngineVersions.html
func databaseVersions(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	if list := answer.first("DBEngineVersions"); list != nil {
		list.children = slices.DeleteFunc(list.children, func(v *node) bool {
			return !x.g.limits.offers(v.value("Engine") + " " + v.value("EngineVersion"))
		})
	}
	x.answer = answer.bytes()
	return nil
}

// databaseClasses answers in which zones a class is offered; the emulator does not know Aurora's.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOrderableDBInstanceOptions.html
func databaseClasses(x *exchange) error {
	class := x.form.Get("DBInstanceClass")
	if class == "" || !strings.HasPrefix(x.form.Get("Engine"), "aurora") || !x.succeeded() {
		return nil
	}
	var options []*node
	if x.g.limits.offers(class) {
		zones, err := x.g.admin.query(x.r.Context(), "ec2", ec2Version, map[string]string{"Action": "DescribeAvailabilityZones"})
		if err != nil {
			return fmt.Errorf("the zones of %s: %w", class, err)
		}
		offered := &node{name: "AvailabilityZones"}
		for _, zone := range childTexts(zones, "zoneName") {
			if x.g.limits.offers(class + " " + zone) {
				offered.children = append(offered.children, element("AvailabilityZone", "Name", zone))
			}
		}
		option := element("OrderableDBInstanceOption", "Engine", x.form.Get("Engine"), "EngineVersion", x.form.Get("EngineVersion"), "DBInstanceClass", class)
		option.put(offered)
		options = append(options, option)
	}
	return x.answerQuery(holding("OrderableDBInstanceOptions", options))
}

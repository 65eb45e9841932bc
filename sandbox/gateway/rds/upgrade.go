package rds

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

const auroraPostgres = "aurora-postgresql"

// minorOfDate is by how much the minor version of each major one differs from that of 16 with the same date. PostgreSQL
// releases a minor version of all major ones at once, and Aurora follows: 15.15, 16.11 and 17.7 are of one date.
// https://www.postgresql.org/support/versioning/
var minorOfDate = map[int]int{11: 21, 12: 16, 13: 12, 14: 9, 15: 4, 16: 0, 17: -4, 18: -10}

// canUpgrade reports whether a cluster of one version can be upgraded to the other: a later minor version, or a version
// of a later major one that is not older. AWS rejects 12.11 to 13.6, of the quarter before, and 11.17 to 11.13.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_UpgradeDBInstance.PostgreSQL.MajorVersion.html
// https://github.com/terraform-aws-modules/terraform-aws-rds-aurora/issues/308
func canUpgrade(from, to string) bool {
	if compareVersions(from, to) >= 0 {
		return false
	}
	release := func(version string) (int, bool) {
		major, minor, _ := strings.Cut(version, ".")
		m, errMajor := strconv.Atoi(major)
		n, errMinor := strconv.Atoi(minor) // of "16.8-limitless", another kind of cluster, it is no number
		offset, known := minorOfDate[m]
		return n - offset, known && errMajor == nil && errMinor == nil
	}
	before, known := release(from)
	after, also := release(to)
	return known && also && before <= after
}

func majorOf(version string) string {
	major, _, _ := strings.Cut(version, ".")
	return major
}

// addUpgradeTargets adds the versions to which each version can be upgraded, of those that the region offers; the emulator
// returns none.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_UpgradeTarget.html
func addUpgradeTargets(x *call.Exchange, list *xmltree.Node) error {
	all, err := x.Emulator.Query(x.Request.Context(), "rds", version, map[string]string{"Action": "DescribeDBEngineVersions", "Engine": auroraPostgres})
	if err != nil {
		return err
	}
	for _, from := range list.Items() {
		if from.Value("Engine") != auroraPostgres {
			continue
		}
		targets := &xmltree.Node{Name: "ValidUpgradeTarget"}
		for _, to := range xmltree.ChildTexts(all, "EngineVersion") {
			if current := from.Value("EngineVersion"); canUpgrade(current, to) && x.Limits.Offers(auroraPostgres+" "+to) {
				targets.Children = append(targets.Children, xmltree.Element("UpgradeTarget", "Engine", auroraPostgres, "EngineVersion", to,
					"AutoUpgrade", "false", "IsMajorVersionUpgrade", strconv.FormatBool(majorOf(current) != majorOf(to))))
			}
		}
		from.Put(targets)
	}
	return nil
}

// checkUpgrade rejects changes of a cluster's version and parameter groups that AWS rejects and the emulator accepts.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html
func (s *service) checkUpgrade(modify call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		cluster, err := s.describe(x.Request.Context(), "DBCluster", x.Form.Get("DBClusterIdentifier"))
		if err != nil {
			return err
		}
		if cluster == nil || cluster.Value("Engine") != auroraPostgres {
			return modify(x)
		}
		problem := upgradeProblem(x, cluster)
		if problem == nil {
			if problem, err = s.groupProblem(x, cluster); err != nil {
				return err
			}
		}
		if problem != nil {
			return x.Reject(problem.status, problem.code, problem.message)
		}
		return modify(x)
	}
}

// upgradeProblem is about the version: hashicorp/terraform-provider-aws#13389 and terraform-aws-rds-aurora#308 quote AWS's
// messages. The emulator rejects versions that do not exist.
func upgradeProblem(x *call.Exchange, cluster *xmltree.Node) *rejection {
	from, to := cluster.Value("EngineVersion"), x.Form.Get("EngineVersion")
	if to == "" || to == from || !strings.Contains(to, ".") {
		return nil
	}
	if !canUpgrade(from, to) {
		return rejected("InvalidParameterCombination", "Cannot upgrade aurora-postgresql from %s to %s", from, to)
	}
	if majorOf(from) != majorOf(to) && x.Form.Get("AllowMajorVersionUpgrade") != "true" {
		return rejected("InvalidParameterCombination", "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.")
	}
	return nil
}

// groupProblem is about the parameter groups, which must be of the new version's family. A custom group of the instances
// must be replaced in the same call: aws/aws-sdk#392 and cloudposse/terraform-aws-rds-cluster#227 quote AWS's messages.
func (s *service) groupProblem(x *call.Exchange, cluster *xmltree.Node) (*rejection, error) {
	ctx, from, to := x.Request.Context(), cluster.Value("EngineVersion"), x.Form.Get("EngineVersion")
	if to == "" {
		to = from
	}
	major := majorOf(from) != majorOf(to)
	if group := x.Form.Get("DBClusterParameterGroupName"); group != "" {
		if problem, err := s.familyProblem(ctx, "DBClusterParameterGroup", group, auroraPostgres+majorOf(to)); problem != nil || err != nil {
			return problem, err
		}
	} else if current := cluster.Value("DBClusterParameterGroup"); major && !isDefault(current) {
		return customGroup("DB cluster parameter group", current), nil
	}
	if group := x.Form.Get("DBInstanceParameterGroupName"); group != "" && major {
		return s.familyProblem(ctx, "DBParameterGroup", group, auroraPostgres+majorOf(to))
	}
	if !major {
		return nil, nil
	}
	members, err := s.members(ctx, cluster.Value("DBClusterIdentifier"))
	if err != nil {
		return nil, err
	}
	for _, member := range members {
		for _, current := range xmltree.ChildTexts(member, "DBParameterGroupName") {
			if !isDefault(current) {
				return customGroup("DB instance parameter group", current), nil
			}
		}
	}
	return nil, nil
}

func customGroup(kind, name string) *rejection {
	return rejected("InvalidParameterCombination",
		"The current %s %s is custom. You must explicitly specify a new %s, either default or custom, for the engine version upgrade.", kind, name, kind)
}

func isDefault(group string) bool { return group == "" || strings.HasPrefix(group, "default.") }

// familyProblem rejects a parameter group that exists and is of another family.
func (s *service) familyProblem(ctx context.Context, kind, name, family string) (*rejection, error) {
	found := strings.TrimPrefix(name, "default.")
	if !isDefault(name) {
		response, err := s.Emulator.Query(ctx, "rds", version, map[string]string{"Action": "Describe" + kind + "s", kind + "Name": name})
		if emulatorError(err) != nil {
			return nil, nil // the emulator rejects a group that does not exist
		}
		if err != nil {
			return nil, err
		}
		found = response.First(kind).Value("DBParameterGroupFamily")
	}
	if found == family {
		return nil, nil
	}
	return rejected("InvalidParameterCombination",
		"The Parameter Group %s with DBParameterGroupFamily %s cannot be used for this instance. Please use a Parameter Group with DBParameterGroupFamily %s", name, found, family), nil
}

// members are the instances of a cluster.
func (s *service) members(ctx context.Context, cluster string) ([]*xmltree.Node, error) {
	response, err := s.Emulator.Query(ctx, "rds", version, map[string]string{"Action": "DescribeDBInstances"})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(response.First("DBInstances").Items()), func(instance *xmltree.Node) bool {
		return instance.Value("DBClusterIdentifier") != cluster
	}), nil
}

// upgradeInstances sets a cluster's new engine version, and after a major upgrade the parameter group, on its instances,
// which the emulator does not upgrade.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html
func (s *service) upgradeInstances(x *call.Exchange, cluster *xmltree.Node) error {
	to, group := x.Form.Get("EngineVersion"), x.Form.Get("DBInstanceParameterGroupName")
	if to == "" {
		return nil
	}
	members, err := s.members(x.Request.Context(), cluster.Value("DBClusterIdentifier"))
	if err != nil {
		return err
	}
	for _, member := range members {
		id := member.Value("DBInstanceIdentifier")
		x.Fields.Set(InstanceKey(id), map[string]any{"EngineVersion": to})
		if group == "" {
			continue
		}
		change := map[string]string{"Action": "ModifyDBInstance", "DBInstanceIdentifier": id, "DBParameterGroupName": group, "ApplyImmediately": "true"}
		if _, err := s.Emulator.Query(x.Request.Context(), "rds", version, change); err != nil {
			return err
		}
	}
	return nil
}

// rejectUsedGroup rejects the deletion of a parameter group that a cluster or an instance has; the emulator deletes it.
// hashicorp/terraform-provider-aws#6448 quotes AWS's message; that about clusters is like it.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBClusterParameterGroup.html
func (s *service) rejectUsedGroup(list, member, parameter, kind string, remove call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		name := x.Form.Get(parameter)
		response, err := s.Emulator.Query(x.Request.Context(), "rds", version, map[string]string{"Action": list})
		if err != nil {
			return err
		}
		if slices.Contains(xmltree.ChildTexts(response, member), name) {
			problem := rejected("InvalidDBParameterGroupState", "One or more database %s are still members of this parameter group %s, so the group cannot be deleted", kind, name)
			return x.Reject(problem.status, problem.code, problem.message)
		}
		return remove(x)
	}
}

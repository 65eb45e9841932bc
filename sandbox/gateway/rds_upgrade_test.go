package gateway

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// parameterGroups creates a group of both kinds for each family, named after it.
func parameterGroups(t *testing.T, client *rds.Client, families ...string) {
	t.Helper()
	for _, family := range families {
		_, err := client.CreateDBClusterParameterGroup(t.Context(), &rds.CreateDBClusterParameterGroupInput{DBClusterParameterGroupName: &family, DBParameterGroupFamily: &family, Description: aws.String("d")})
		if err == nil {
			_, err = client.CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{DBParameterGroupName: &family, DBParameterGroupFamily: &family, Description: aws.String("d")})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// upgradable creates the cluster "app" of version 16.11 with an instance, both with parameter groups of their own.
func upgradable(t *testing.T, client *rds.Client) {
	t.Helper()
	parameterGroups(t, client, "aurora-postgresql16", "aurora-postgresql17")
	createCluster(t, client, "app", func(in *rds.CreateDBClusterInput) {
		in.EngineVersion, in.DBClusterParameterGroupName = aws.String("16.11"), aws.String("aurora-postgresql16")
	})
	_, err := client.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String("app-1"), DBClusterIdentifier: aws.String("app"), Engine: aws.String("aurora-postgresql"),
		EngineVersion: aws.String("16.11"), DBInstanceClass: aws.String("db.serverless"), DBParameterGroupName: aws.String("aurora-postgresql16"),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// toMajor is a major upgrade as AWS requires it, with a change.
func toMajor(change func(*rds.ModifyDBClusterInput)) *rds.ModifyDBClusterInput {
	in := &rds.ModifyDBClusterInput{
		DBClusterIdentifier: aws.String("app"), EngineVersion: aws.String("17.7"), AllowMajorVersionUpgrade: aws.Bool(true), ApplyImmediately: aws.Bool(true),
		DBClusterParameterGroupName: aws.String("aurora-postgresql17"), DBInstanceParameterGroupName: aws.String("aurora-postgresql17"),
	}
	if change != nil {
		change(in)
	}
	return in
}

func TestAnUpgradeThatAWSRejectsIsRejected(t *testing.T) {
	client := rds.NewFromConfig(newTestEnv(t, nil).config())
	upgradable(t, client)
	minor := func(version string) func(*rds.ModifyDBClusterInput) {
		return func(in *rds.ModifyDBClusterInput) {
			in.EngineVersion, in.DBClusterParameterGroupName, in.DBInstanceParameterGroupName = &version, nil, nil
		}
	}
	for name, tt := range map[string]struct {
		change  func(*rds.ModifyDBClusterInput)
		message string
	}{
		"an earlier minor version":                   {minor("16.9"), "Cannot upgrade aurora-postgresql from 16.11 to 16.9"},
		"an earlier major version":                   {minor("15.15"), "Cannot upgrade aurora-postgresql from 16.11 to 15.15"},
		"a later major version of an earlier date":   {func(in *rds.ModifyDBClusterInput) { in.EngineVersion = aws.String("17.6") }, "Cannot upgrade aurora-postgresql from 16.11 to 17.6"},
		"a version that does not exist":              {minor("16.99"), "Cannot find upgrade target from 16.11 with requested version 16.99"},
		"a major version without the flag":           {func(in *rds.ModifyDBClusterInput) { in.AllowMajorVersionUpgrade = nil }, "The AllowMajorVersionUpgrade flag must be present"},
		"a major version with the present group":     {func(in *rds.ModifyDBClusterInput) { in.DBClusterParameterGroupName = nil }, "The current DB cluster parameter group aurora-postgresql16 is custom"},
		"a major version with the instance's group":  {func(in *rds.ModifyDBClusterInput) { in.DBInstanceParameterGroupName = nil }, "The current DB instance parameter group aurora-postgresql16 is custom"},
		"a major version with a group of the former": {func(in *rds.ModifyDBClusterInput) { in.DBClusterParameterGroupName = aws.String("aurora-postgresql16") }, "The Parameter Group aurora-postgresql16 with DBParameterGroupFamily aurora-postgresql16 cannot be used for this instance. Please use a Parameter Group with DBParameterGroupFamily aurora-postgresql17"},
		"instances with a group of the former version": {func(in *rds.ModifyDBClusterInput) {
			in.DBInstanceParameterGroupName = aws.String("default.aurora-postgresql16")
		}, "The Parameter Group default.aurora-postgresql16 with"},
		"a group of another family, without a version": {func(in *rds.ModifyDBClusterInput) { in.EngineVersion = nil }, "Please use a Parameter Group with DBParameterGroupFamily aurora-postgresql16"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := client.ModifyDBCluster(t.Context(), toMajor(tt.change))
			if errorCode(err) != "InvalidParameterCombination" || !strings.Contains(err.Error(), tt.message) {
				t.Errorf("got %v, want %s", err, tt.message)
			}
		})
	}
	if version := *describeCluster(t, client, "app").EngineVersion; version != "16.11" {
		t.Errorf("a rejected upgrade has changed the version to %s", version)
	}
}

func TestAMajorUpgradeMovesTheInstancesToTheirNewParameterGroup(t *testing.T) {
	client := rds.NewFromConfig(newTestEnv(t, nil).config())
	upgradable(t, client)
	remove := func(family string) (cluster, instance error) {
		_, cluster = client.DeleteDBClusterParameterGroup(t.Context(), &rds.DeleteDBClusterParameterGroupInput{DBClusterParameterGroupName: &family})
		_, instance = client.DeleteDBParameterGroup(t.Context(), &rds.DeleteDBParameterGroupInput{DBParameterGroupName: &family})
		return cluster, instance
	}
	cluster, instance := remove("aurora-postgresql16")
	checkCode(t, cluster, "InvalidDBParameterGroupState")
	checkCode(t, instance, "InvalidDBParameterGroupState")
	for _, version := range []string{"16.14", "17.10"} {
		input := toMajor(func(in *rds.ModifyDBClusterInput) { in.EngineVersion = &version })
		if version == "16.14" {
			input.DBClusterParameterGroupName, input.DBInstanceParameterGroupName = nil, nil
		}
		if _, err := client.ModifyDBCluster(t.Context(), input); err != nil {
			t.Fatal(err)
		}
	}
	found, err := client.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String("app-1")})
	if err != nil {
		t.Fatal(err)
	}
	if got := found.DBInstances[0]; *got.EngineVersion != "17.10" || *got.DBParameterGroups[0].DBParameterGroupName != "aurora-postgresql17" {
		t.Errorf("the instance has version %s and group %s", *got.EngineVersion, *got.DBParameterGroups[0].DBParameterGroupName)
	}
	if cluster, instance := remove("aurora-postgresql16"); cluster != nil || instance != nil {
		t.Errorf("the former groups cannot be deleted: %v, %v", cluster, instance)
	}
}

func TestAVersionNamesTheVersionsToUpgradeTo(t *testing.T) {
	s := newTestEnv(t, nil)
	s.gateway.account.Limits.NotOffered = []string{"aurora-postgresql 17.10"}
	found, err := rds.NewFromConfig(s.config()).DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Engine: aws.String("aurora-postgresql"), EngineVersion: aws.String("16.13")})
	if err != nil {
		t.Fatal(err)
	}
	var minor, major []string
	for _, target := range found.DBEngineVersions[0].ValidUpgradeTarget {
		if *target.IsMajorVersionUpgrade {
			major = append(major, *target.EngineVersion)
		} else {
			minor = append(minor, *target.EngineVersion)
		}
	}
	if !slices.Equal(minor, []string{"16.14"}) || !slices.Equal(major, []string{"17.9", "18.3", "18.4"}) {
		t.Errorf("16.13 can be upgraded to %v and %v", minor, major)
	}
}

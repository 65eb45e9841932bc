package iam

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
)

func drillStatements(t *testing.T) []mocks.Statement {
	t.Helper()
	return mocks.Statements(t, build(t, Default()).Find(t, "aws:iam/rolePolicy:RolePolicy", componentName+"-drill").Inputs["policy"])
}

func TestADrillChangesClustersAndInstancesOfItsNameAlone(t *testing.T) {
	drills := []string{own("rds", "cluster:didomi-test-data-drill-*"), own("rds", "db:didomi-test-data-drill-*")}
	for sid, want := range map[string]mocks.Statement{
		"Drill":       {Action: []string{"rds:AddTagsToResource", "rds:DeleteDBCluster", "rds:DeleteDBInstance", "rds:ModifyDBInstance"}, Resource: drills},
		"NewInstance": {Action: []string{"rds:CreateDBInstance"}, Resource: append(slices.Clone(drills), own("rds", "pg:didomi-test-data-*"))},
		"ManagePassword": {
			Action: []string{"rds:ModifyDBCluster"}, Resource: drills[:1],
			Condition: map[string]map[string]any{"Bool": {"rds:ManageMasterUserPassword": "true"}},
		},
		"Restore": {
			Action: []string{"rds:RestoreDBClusterFromSnapshot", "rds:RestoreDBClusterToPointInTime"},
			Resource: []string{
				drills[0], own("rds", "cluster-pg:didomi-test-data-*"), own("rds", "cluster-snapshot:didomi-test-data-*"),
				own("rds", "cluster-snapshot:rds:didomi-test-data-*"), own("rds", "subgrp:didomi-test-data-*"), own("rds", "og:default:aurora-postgresql-*"),
			},
		},
		"RestoreFrom": {
			Action: []string{"rds:RestoreDBClusterToPointInTime"}, Resource: []string{own("rds", "cluster:didomi-test-data-cluster-*")},
			Condition: map[string]map[string]any{"StringEquals": {"aws:ResourceTag/serverless-api:stack": "didomi/test"}},
		},
		"Compare": {Action: []string{"lambda:InvokeFunction"}, Resource: []string{own("lambda", "function:didomi-test-api-drill-*")}},
	} {
		want.Sid, want.Effect = sid, "Allow"
		if got := mocks.FindStatement(t, drillStatements(t), sid); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

func TestADrillReadsNoSecretAndLogsInNowhere(t *testing.T) {
	for _, s := range drillStatements(t) {
		for _, action := range s.Action {
			if strings.HasPrefix(action, "rds-db:") || strings.Contains(action, "SecretValue") || strings.HasPrefix(action, "iam:") || strings.Contains(action, "*") {
				t.Errorf("%s allows %s", s.Sid, action)
			}
		}
	}
}

func TestTheJobsOfTheDeployingBranchAssumeTheRoleOfDrills(t *testing.T) {
	c := Default()
	c.OIDC, c.GitLabURL, c.ProjectPath = oidcCreate, "https://gitlab.com", "platform/api"
	r := build(t, c)
	trust := func(role string) any {
		return r.Find(t, "aws:iam/role:Role", componentName+"-"+role).Inputs["assumeRolePolicy"]
	}
	if trust("drill") != trust("deploy") {
		t.Errorf("got %v, want %v", trust("drill"), trust("deploy"))
	}
}

func TestTheLongestPolicyOfDrillsFitsARole(t *testing.T) {
	c := Default()
	c.StateBucket, c.StateKey = strings.Repeat("b", 63), "arn:aws-us-gov:kms:ap-southeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	within(t, "drill", longest(t, c).Find(t, "aws:iam/rolePolicy:RolePolicy", mocks.LongestName+"-iam-drill").Inputs["policy"], 10240)
}

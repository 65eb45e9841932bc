package gateway

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// A role that may restore into new clusters only cannot read another cluster's data: the permission must name the source
// as well. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
func TestARestoreRequiresPermissionsOnItsSource(t *testing.T) {
	s := newTestEnv(t, nil)
	created := createCluster(t, rds.NewFromConfig(s.config()), "theirs", nil)
	fromSnapshot := func(id string) func(c aws.Config) error {
		return func(c aws.Config) error {
			_, err := rds.NewFromConfig(c).RestoreDBClusterFromSnapshot(t.Context(), &rds.RestoreDBClusterFromSnapshotInput{
				DBClusterIdentifier: aws.String("ours-2"), SnapshotIdentifier: &id, Engine: aws.String("aurora-postgresql"),
			})
			return err
		}
	}
	toTime := func(change func(*rds.RestoreDBClusterToPointInTimeInput)) func(c aws.Config) error {
		return func(c aws.Config) error {
			input := &rds.RestoreDBClusterToPointInTimeInput{DBClusterIdentifier: aws.String("ours-2")} // rejected: without a time
			change(input)
			_, err := rds.NewFromConfig(c).RestoreDBClusterToPointInTime(t.Context(), input)
			return err
		}
	}
	key, n := keyARN(t, s), 0
	for name, c := range map[string]struct {
		permission, resource string
		call                 func(c aws.Config) error
	}{
		"a snapshot":            {"rds:RestoreDBClusterFromSnapshot", "cluster-snapshot:theirs", fromSnapshot("theirs")},
		"a snapshot by its ARN": {"rds:RestoreDBClusterFromSnapshot", "cluster-snapshot:theirs", fromSnapshot("arn:aws:rds:eu-west-1:000000000000:cluster-snapshot:theirs")},
		"a cluster":             {"rds:RestoreDBClusterToPointInTime", "cluster:theirs", toTime(func(in *rds.RestoreDBClusterToPointInTimeInput) { in.SourceDBClusterIdentifier = aws.String("theirs") })},
		"a cluster's resource ID": {"rds:RestoreDBClusterToPointInTime", "cluster:theirs", toTime(func(in *rds.RestoreDBClusterToPointInTimeInput) {
			in.SourceDbClusterResourceId = created.DbClusterResourceId
		})},
		"a cluster with tags": {"rds:AddTagsToResource", "cluster:ours-2", toTime(func(in *rds.RestoreDBClusterToPointInTimeInput) {
			in.SourceDBClusterIdentifier, in.Tags = aws.String("ours-1"), []rdstypes.Tag{{Key: aws.String("environment"), Value: aws.String("dev")}}
		})},
		"a cluster with a key": {"kms:CreateGrant", key, toTime(func(in *rds.RestoreDBClusterToPointInTimeInput) {
			in.SourceDBClusterIdentifier, in.KmsKeyId = aws.String("ours-1"), &key
		})},
	} {
		t.Run(name, func(t *testing.T) {
			n++
			resource := c.resource
			if resource != key {
				resource = "arn:aws:rds:eu-west-1:000000000000:" + resource
			}
			without := `{"Effect":"Allow","Action":["rds:RestoreDBCluster*","kms:DescribeKey"],"Resource":["arn:aws:rds:*:*:cluster:ours-*","arn:aws:kms:*:*:key/*"]}`
			mustBeDenied(t, c.call(s.assumeRole(t, fmt.Sprintf("restore-without-%d", n), document(without))), c.permission, resource)
			with := fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, c.permission, resource)
			err := c.call(s.assumeRole(t, fmt.Sprintf("restore-with-%d", n), document(without, with)))
			if code := errorCode(err); code != "DBClusterSnapshotNotFoundFault" && code != "InvalidParameterCombination" && code != "DBClusterNotFoundFault" {
				t.Errorf("with the permission: %v", err)
			}
		})
	}
}

// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html, DeleteDBCluster and its dependent action
func TestAFinalSnapshotRequiresThePermissionToCreateIt(t *testing.T) {
	s := newTestEnv(t, nil)
	createCluster(t, rds.NewFromConfig(s.config()), "ours-1", nil)
	remove := func(c aws.Config) error {
		_, err := rds.NewFromConfig(c).DeleteDBCluster(t.Context(), &rds.DeleteDBClusterInput{DBClusterIdentifier: aws.String("ours-1"), FinalDBSnapshotIdentifier: aws.String("ours-final")})
		return err
	}
	const arn = "arn:aws:rds:eu-west-1:000000000000:"
	statements := []string{`{"Effect":"Allow","Action":"rds:DeleteDBCluster","Resource":"` + arn + `cluster:ours-1"}`}
	for i, missing := range []struct{ permission, resource string }{
		{"rds:DeleteDBCluster", arn + "cluster-snapshot:ours-final"},
		{"rds:CreateDBClusterSnapshot", arn + "cluster:ours-1"},
		{"rds:CreateDBClusterSnapshot", arn + "cluster-snapshot:ours-final"},
	} {
		mustBeDenied(t, remove(s.assumeRole(t, fmt.Sprintf("final-%d", i), document(statements...))), missing.permission, missing.resource)
		statements = append(statements, fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, missing.permission, missing.resource))
	}
	if err := remove(s.assumeRole(t, "final-with-all", document(statements...))); err != nil {
		t.Errorf("with the permissions: %v", err)
	}
}

package e2e

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// vpcIn identifies a VPC in the stack's region.
func vpcIn(out outputs, vpc string) *types.VPC {
	return &types.VPC{VPCId: &vpc, VPCRegion: types.VPCRegion(out.Region)}
}

// newZone creates a public zone as the administrator and deletes it when the test ends.
func newZone(t *testing.T, out outputs, name string) *string { return createZone(t, out, name, nil) }

// newPrivateZone creates a private zone in a VPC as the administrator, named like RDS endpoints.
func newPrivateZone(t *testing.T, out outputs, vpc string) *string {
	t.Helper()
	return createZone(t, out, "e2e."+out.Region+".rds.amazonaws.com", vpcIn(out, vpc))
}

func createZone(t *testing.T, out outputs, name string, vpc *types.VPC) *string {
	t.Helper()
	ctx, admin := context.Background(), route53.NewFromConfig(awsConfig(out))
	created, err := admin.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: &name, CallerReference: aws.String("e2e-" + name), VPC: vpc})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := admin.DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: created.HostedZone.Id})
		if missing := new(types.NoSuchHostedZone); err != nil && !errors.As(err, &missing) {
			t.Error(err)
		}
	})
	return created.HostedZone.Id
}

// newShadowZone creates a private zone named like RDS endpoints: in its VPC, they no longer resolve.
func newShadowZone(out outputs, vpc string) creation {
	var id *string
	return creation{
		create: func(ctx context.Context, config aws.Config) error {
			created, err := route53.NewFromConfig(config).CreateHostedZone(ctx, &route53.CreateHostedZoneInput{
				Name: aws.String(out.Region + ".rds.amazonaws.com"), CallerReference: aws.String("e2e-shadow"), VPC: vpcIn(out, vpc),
			})
			if err == nil {
				id = created.HostedZone.Id
			}
			return err
		},
		remove: func(ctx context.Context, config aws.Config) error { return dropZone(id)(ctx, config) },
	}
}

func dropZone(id *string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := route53.NewFromConfig(config).DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: id})
		return err
	}
}

func associateZone(id *string, vpc string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := route53.NewFromConfig(config).AssociateVPCWithHostedZone(ctx, &route53.AssociateVPCWithHostedZoneInput{
			HostedZoneId: id, VPC: &types.VPC{VPCId: &vpc, VPCRegion: types.VPCRegion(config.Region)},
		})
		return err
	}
}

func dissociateZone(id *string, vpc string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := route53.NewFromConfig(config).DisassociateVPCFromHostedZone(ctx, &route53.DisassociateVPCFromHostedZoneInput{
			HostedZoneId: id, VPC: &types.VPC{VPCId: &vpc, VPCRegion: types.VPCRegion(config.Region)},
		})
		return err
	}
}

func putRecordIn(zone *string, kind types.RRType, name string) attempt {
	return changeRecordIn(zone, types.ChangeActionUpsert, kind, name)
}

func dropRecordIn(zone *string, kind types.RRType, name string) attempt {
	return changeRecordIn(zone, types.ChangeActionDelete, kind, name)
}

// recordValues are the values of the tests' records, by type.
var recordValues = map[types.RRType]string{types.RRTypeA: "192.0.2.1", types.RRTypeNs: "ns.example.net."}

func changeRecordIn(zone *string, action types.ChangeAction, kind types.RRType, name string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := route53.NewFromConfig(config).ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: zone,
			ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{
				Action: action,
				ResourceRecordSet: &types.ResourceRecordSet{
					Name: &name, Type: kind, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String(recordValues[kind])}},
				},
			}}},
		})
		return err
	}
}

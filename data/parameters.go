package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// slowStatementMillis is what a statement takes at least to be logged.
const slowStatementMillis = "500"

// parameters are what the cluster and each of its instances run with.
type parameters struct {
	cluster  *rds.ClusterParameterGroup
	instance *rds.ParameterGroup
}

// parameters registers both groups, named by the engine's family: another major version has other
// groups, made before the old ones go.
func (d *Data) parameters(ctx *pulumi.Context, name, family string) (parameters, error) {
	cluster, err := rds.NewClusterParameterGroup(ctx, name+"-cluster-"+family, &rds.ClusterParameterGroupArgs{
		Family:      pulumi.String(family),
		Description: pulumi.String("TLS only"),
		Parameters: rds.ClusterParameterGroupParameterArray{
			rds.ClusterParameterGroupParameterArgs{
				Name: pulumi.String("rds.force_ssl"), Value: pulumi.String("1"),
				ApplyMethod: pulumi.String("immediate"),
			},
		},
	}, pulumi.Parent(d))
	if err != nil {
		return parameters{}, fmt.Errorf("register the cluster's parameter group: %w", err)
	}
	instance, err := rds.NewParameterGroup(ctx, name+"-instance-"+family, &rds.ParameterGroupArgs{
		Family:      pulumi.String(family),
		Description: pulumi.String("Slow statements are logged"),
		Parameters: rds.ParameterGroupParameterArray{
			rds.ParameterGroupParameterArgs{
				Name: pulumi.String("log_min_duration_statement"), Value: pulumi.String(slowStatementMillis),
				ApplyMethod: pulumi.String("immediate"),
			},
		},
	}, pulumi.Parent(d))
	if err != nil {
		return parameters{}, fmt.Errorf("register the instances' parameter group: %w", err)
	}
	return parameters{cluster, instance}, nil
}

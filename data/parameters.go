package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// slowStatementMillis is the duration from which a statement is logged.
const slowStatementMillis = "500"

// idleSessionMillis ends the sessions of a cluster that is to pause: a frozen execution environment keeps its
// connection, and any connection keeps the cluster from pausing. The function checks an idle connection
// before it uses it.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
const idleSessionMillis = "60000"

// parameters are what the cluster and each of its instances run with.
type parameters struct {
	cluster  *rds.ClusterParameterGroup
	instance *rds.ParameterGroup
}

// parameters registers both groups, named by the engine's family: another major version has other
// groups, created before the old ones are deleted.
func (d *Data) parameters(ctx *pulumi.Context, name, family string, c Database) (parameters, error) {
	cluster, err := rds.NewClusterParameterGroup(ctx, name+"-cluster-"+family, &rds.ClusterParameterGroupArgs{
		Family:      pulumi.String(family),
		Description: pulumi.String("TLS only"),
		Parameters:  clusterParameters(c),
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

// clusterParameters are those of the cluster's group.
func clusterParameters(c Database) rds.ClusterParameterGroupParameterArray {
	set := func(name, value string) rds.ClusterParameterGroupParameterArgs {
		return rds.ClusterParameterGroupParameterArgs{
			Name: pulumi.String(name), Value: pulumi.String(value), ApplyMethod: pulumi.String("immediate"),
		}
	}
	list := rds.ClusterParameterGroupParameterArray{set("rds.force_ssl", "1")}
	if c.MinCapacity == 0 {
		list = append(list, set("idle_session_timeout", idleSessionMillis))
	}
	return list
}

package drill

import (
	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// target is what is restored, and what the copy needs.
type target struct {
	stack, owner             string // <project>-<stack>, and the value of the stack's tag
	function                 string // that compares
	cluster                  string // its identifier
	engine, version          string
	subnets, parameters      string // groups of the cluster
	instanceParameters       string
	key, secretKey           string // ARNs
	minCapacity, maxCapacity float64
	groups                   []string // ids of the security groups
}

// find reads the target from the stack's state.
func find(stack *graph.Graph) (target, error) {
	to := target{stack: stack.Project + "-" + stack.Stack, owner: stacktag.Value(stack.Project, stack.Stack)}
	for _, function := range stack.ByType(types.Function) {
		if function.Text("handler") == contract.HandlerDrill {
			to.function = function.Text("name")
		}
	}
	cluster := stack.PresentCluster()
	if to.function == "" || cluster == nil {
		return to, command.BadUsage("the state of stack %s has no database or no function drill: deploy the stack first (docs/how-to/drill-a-restore.md)", stack.Stack)
	}
	to.cluster, to.engine, to.version = cluster.Text("clusterIdentifier"), cluster.Text("engine"), cluster.Text("engineVersion")
	to.subnets, to.parameters = cluster.Text("dbSubnetGroupName"), cluster.Text("dbClusterParameterGroupName")
	to.key, to.secretKey = cluster.Text("kmsKeyId"), cluster.Text("masterUserSecretKmsKeyId")
	to.minCapacity, _ = cluster.Value("serverlessv2ScalingConfiguration", "minCapacity").(float64)
	to.maxCapacity, _ = cluster.Value("serverlessv2ScalingConfiguration", "maxCapacity").(float64)
	for _, instance := range stack.ByType(types.ClusterInstance) {
		if instance.Text("clusterIdentifier") == to.cluster {
			to.instanceParameters = instance.Text("dbParameterGroupName")
		}
	}
	// The copy is where the functions connect to: in the proxy's security group, or in the cluster's without a proxy.
	called := cluster
	for _, proxy := range stack.ByType(types.DBProxy) {
		called = proxy
	}
	groups, _ := called.Value("vpcSecurityGroupIds").([]any)
	for _, group := range groups {
		if id, ok := group.(string); ok {
			to.groups = append(to.groups, id)
		}
	}
	return to, nil
}

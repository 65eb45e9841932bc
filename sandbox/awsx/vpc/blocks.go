package vpc

import (
	"encoding/json"
	"fmt"

	"github.com/didomi/serverless-api/sandbox/awsx/layout"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// setBlocks sets every subnet's block and the resolved layout: at once if they are known, else as outputs
// of the VPC's block, which fail if the subnets do not fit into what the IPAM pool chose.
func (n *network) setBlocks() {
	var pending pulumi.Output
	late := func() pulumi.Output {
		if pending == nil {
			pending = n.vpc.CidrBlock.ApplyT(n.planIn)
		}
		return pending
	}
	n.cidrs = func(s layout.Subnet) pulumi.StringInput {
		if s.CIDR != "" {
			return pulumi.String(s.CIDR)
		}
		return late().ApplyT(func(p any) string { return p.(layout.Plan).Subnets[s.Index].CIDR }).(pulumi.StringOutput)
	}
	if n.plan.Resolved != nil {
		n.resolved = resolvedInput(n.plan.Resolved)
		return
	}
	n.resolved = late().ApplyT(func(p any) any { return resolvedValue(p.(layout.Plan).Resolved) })
}

func (n *network) planIn(pooledCIDR string) (layout.Plan, error) {
	plan, err := n.layout.PlanIn(pooledCIDR)
	if err != nil {
		return plan, fmt.Errorf("laying out the subnets of %s in %s, which ipv4IpamPoolId assigned: %w", n.name, pooledCIDR, err)
	}
	return plan, nil
}

// resolvedInput is the output subnetLayout.
func resolvedInput(entries []layout.Resolved) pulumi.Input {
	return pulumi.ToOutput(resolvedValue(entries))
}

func resolvedValue(entries []layout.Resolved) []map[string]any {
	values := make([]map[string]any, len(entries))
	for i, e := range entries {
		values[i] = map[string]any{"type": e.Type}
		if e.Name != "" {
			values[i]["name"] = e.Name
		}
		if e.CIDRMask != 0 {
			values[i]["cidrMask"] = e.CIDRMask
		}
		if e.Size != 0 {
			values[i]["size"] = e.Size
		}
		if e.CIDRBlocks != nil {
			values[i]["cidrBlocks"] = e.CIDRBlocks
		}
	}
	return values
}

// adviseStrategy warns, as the real component does, that the layout depends on a default that will change.
func (n *network) adviseStrategy(component pulumi.Resource) error {
	same, err := json.Marshal(resolvedValue(n.plan.Resolved))
	if err != nil {
		return fmt.Errorf("describing the subnet layout: %w", err)
	}
	return n.ctx.Log.Warn(fmt.Sprintf("The default subnetStrategy will change from \"Legacy\" to \"Auto\" in the next major "+
		"version. Please specify the subnetStrategy explicitly. The current subnet layout can be specified via \"Auto\" as:\n\n%s",
		same), &pulumi.LogArgs{Resource: component})
}

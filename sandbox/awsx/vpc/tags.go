package vpc

import (
	"maps"

	"github.com/didomi/serverless-api/sandbox/awsx/layout"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// sharedTags are on everything but NAT gateways and their addresses. A Name among the given tags has priority.
func (n *network) sharedTags() pulumi.StringMapInput {
	return mergeTags(pulumi.StringMap{"Name": pulumi.String(n.name)}, n.args.Tags)
}

// specTags are those of the subnet's spec.
func (n *network) specTags(s layout.Subnet) pulumi.StringMapInput {
	if s.Spec < 0 {
		return nil
	}
	return n.args.SubnetSpecs[s.Spec].Tags
}

// mergeTags merges tags; later ones have priority, nil is none. Tags with known keys keep separate values,
// so that one unknown value leaves the others visible in a preview.
func mergeTags(layers ...pulumi.StringMapInput) pulumi.StringMapInput {
	merged, known := pulumi.StringMap{}, true
	var outputs []any
	for _, layer := range layers {
		if layer == nil {
			continue
		}
		tags, isMap := layer.(pulumi.StringMap)
		maps.Copy(merged, tags)
		known = known && isMap
		outputs = append(outputs, layer.ToStringMapOutput())
	}
	if known {
		return merged
	}
	return pulumi.All(outputs...).ApplyT(func(layers []any) map[string]string {
		merged := map[string]string{}
		for _, layer := range layers {
			maps.Copy(merged, layer.(map[string]string))
		}
		return merged
	}).(pulumi.StringMapOutput)
}

package mocks

// LongestName is the longest prefix of a stack's resource names: project and stack.
const LongestName = "payments-platform-p"

// Longest creates IAM's resources with the longest names, region and partition, as policies near IAM's quotas need it.
func Longest() Mocks {
	named := func(r Resource) map[string]any {
		return map[string]any{"name": r.Name + "-1a2b3c4", "arn": "arn:aws-us-gov:iam::123456789012:policy/" + r.Name + "-1a2b3c4"}
	}
	returns := func(key, value string) func(map[string]any) map[string]any {
		return func(map[string]any) map[string]any { return map[string]any{key: value} }
	}
	return Mocks{
		Project: "payments-platform", Stack: "p",
		Outputs: map[string]func(Resource) map[string]any{
			"aws:iam/user:User": named, "aws:iam/role:Role": named, "aws:iam/policy:Policy": named,
		},
		Calls: map[string]func(map[string]any) map[string]any{
			"aws:index/getRegion:getRegion":       returns("name", "ap-southeast-1"),
			"aws:index/getPartition:getPartition": returns("partition", "aws-us-gov"),
		},
	}
}

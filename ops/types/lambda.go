package types

// Types of Lambda.
const (
	Function               = "aws:lambda/function:Function"
	FunctionAlias          = "aws:lambda/alias:Alias"
	Invocation             = "aws:lambda/invocation:Invocation"
	Permission             = "aws:lambda/permission:Permission"
	ProvisionedConcurrency = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
)

var lambdaTypes = []Type{
	{
		Token: Function, Name: generated("name", 64, wordDash), Replacement: newName, Cost: modelled,
		// The key of its environment. The provider sets no key for its code, and the code is public.
		KeyAtRest: "kmsKeyArn",
		Network:   &Network{Kind: "function", SecurityGroups: "vpcConfig", Subnets: "vpcConfig"},
		Label:     Label{"function", "functions"},
	},
	{Token: FunctionAlias, Name: fixed("name", 128, wordDash).within("a function"), Replacement: otherTarget, Cost: free},
	{Token: Invocation, Name: noName, Replacement: noObject, Cost: free},
	{Token: Permission, Name: generated("statementId", 100, wordDash).within("a function"), Replacement: newName, Cost: free},
	{Token: ProvisionedConcurrency, Name: noName, Replacement: otherTarget, Cost: modelled},
}

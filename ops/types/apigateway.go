package types

// Types of API Gateway.
const (
	DomainName     = "aws:apigateway/domainName:DomainName"
	MethodSettings = "aws:apigateway/methodSettings:MethodSettings"
	RestAPI        = "aws:apigateway/restApi:RestApi"
	Stage          = "aws:apigateway/stage:Stage"
	UsagePlan      = "aws:apigateway/usagePlan:UsagePlan"
)

var apiGatewayTypes = []Type{
	{
		Token: RestAPI, Name: generated("name", 1024, anyText).within("nothing: a label, ids tell them apart"),
		Replacement: newName, Cost: modelled, Label: Label{"REST API", "REST APIs"},
	},
	{
		Token: DomainName, Name: fixed("domainName", 64, hostName), Replacement: otherTarget, Cost: free,
		Label: Label{"custom domain", "custom domains"},
	},
	{
		Token: UsagePlan, Name: generated("name", 1024, anyText).within("nothing: a label, ids tell them apart"),
		Replacement: newName, Cost: free, Label: Label{"usage plan", "usage plans"},
	},
	{Token: "aws:apigateway/account:Account", Name: noName, Replacement: oneARegion, Cost: free},
	{Token: "aws:apigateway/apiKey:ApiKey", Name: generated("name", 1024, anyText), Replacement: newName, Cost: free},
	{Token: "aws:apigateway/basePathMapping:BasePathMapping", Name: noName, Replacement: otherTarget, Cost: free},
	{Token: "aws:apigateway/deployment:Deployment", Name: noName, Replacement: newName, Cost: free},
	{Token: MethodSettings, Name: noName, Replacement: otherTarget, Cost: modelled},
	{Token: Stage, Name: fixed("stageName", 128, wordDash).within("an API"), Replacement: otherTarget, Cost: free},
	{
		Token: "aws:apigateway/usagePlanKey:UsagePlanKey", Name: noName, Cost: free,
		Replacement: onlyOne("a key has one usage plan for each stage (API Gateway developer guide, usage plans)"),
	},
}

package types

// Types of WAF.
const (
	WebACL            = "aws:wafv2/webAcl:WebAcl"
	WebACLLogging     = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
	WebACLAssociation = "aws:wafv2/webAclAssociation:WebAclAssociation"
)

var wafTypes = []Type{
	{Token: WebACL, Name: generated("name", 128, wordDash), Replacement: newName, Cost: modelled, Label: Label{"web ACL", "web ACLs"}},
	{Token: WebACLLogging, Name: noName, Replacement: otherTarget, Cost: modelled},
	{
		Token: WebACLAssociation, Name: noName, Cost: free,
		Replacement: onlyOne("a stage has one web ACL, which DisassociateWebACL takes away whichever it is (pulumi/pulumi-aws#4782)"),
	},
}

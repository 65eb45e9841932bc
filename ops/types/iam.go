package types

// Types of IAM.
const (
	Policy               = "aws:iam/policy:Policy"
	Role                 = "aws:iam/role:Role"
	RolePolicy           = "aws:iam/rolePolicy:RolePolicy"
	RolePolicyAttachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	User                 = "aws:iam/user:User"
	UserPolicy           = "aws:iam/userPolicy:UserPolicy"
)

var iamTypes = []Type{
	{
		Token: "aws:iam/openIdConnectProvider:OpenIdConnectProvider", Name: noName, Cost: free,
		Replacement: otherTarget, Label: Label{"OIDC provider", "OIDC providers"},
	},
	{Token: User, Name: generated("name", 64, iamName), Replacement: newName, Cost: free, Label: Label{"CI user", "CI users"}},
	{Token: Role, Name: generated("name", 64, iamName), Replacement: newName, Cost: free, Label: Label{Several: "roles"}},
	{Token: Policy, Name: generated("name", 128, iamName), Replacement: newName, Cost: free, Label: Label{Several: "policies"}},
	{Token: RolePolicy, Name: generated("name", 128, iamName).within("a role"), Replacement: newName, Cost: free},
	{Token: RolePolicyAttachment, Name: noName, Replacement: otherTarget, Cost: free},
	{Token: UserPolicy, Name: generated("name", 128, iamName).within("a user"), Replacement: newName, Cost: free},
}

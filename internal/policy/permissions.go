package policy

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Permissions are what one component needs of the roles that preview and deploy the stack, and the most that
// roles may do with its resources. They are functions of names and tags alone: the component `iam` composes
// them before any resource exists. It adds every denial, which follows from no component.
type Permissions struct {
	// Deploy are the deploy role's statements.
	Deploy Managed
	// Lists are the actions of an update, a refresh or `ops preflight` that AWS narrows to no resource, or that
	// are called before a name is known.
	Lists []string
	// Describes are the actions by which these read the resources Described. One statement has those of all
	// components: an action of one service has no effect on a resource of another.
	Describes []string
	Described []pulumi.StringInput
	// Reads are statements for what is read otherwise, such as under a condition.
	Reads []Statement

	// PreviewLists and Previews are the same for a preview, which compares the program with the state and not
	// with the account: it needs what the program itself looks up.
	PreviewLists []string
	Previews     []Statement

	// LogGroups are the log groups that the deploy role creates and deletes.
	LogGroups []pulumi.StringInput
	// Roles are the roles that the component creates, each within the workload boundary.
	Roles []pulumi.StringInput
	// ServiceRoles are the AWS services whose own role is created on their first use in an account.
	ServiceRoles []string

	// Workload are the most that a role of the stack may do with this component's resources, and WorkloadLists
	// what AWS narrows to no resource: the workload boundary. Each role's own policy is narrower.
	Workload      []Statement
	WorkloadLists []string
}

// Managed are the deploy role's statements by the managed policy that holds them. A role has at most ten managed
// policies by default, and each has 6,144 characters: a component adds statements, no policy.
type Managed struct {
	Network, Data, Secrets, API, Operations []Statement
}

// Compose are the permissions of several components together.
func Compose(all ...Permissions) Permissions {
	var c Permissions
	for _, p := range all {
		c.Deploy.Network = append(c.Deploy.Network, p.Deploy.Network...)
		c.Deploy.Data = append(c.Deploy.Data, p.Deploy.Data...)
		c.Deploy.Secrets = append(c.Deploy.Secrets, p.Deploy.Secrets...)
		c.Deploy.API = append(c.Deploy.API, p.Deploy.API...)
		c.Deploy.Operations = append(c.Deploy.Operations, p.Deploy.Operations...)
		c.Lists, c.PreviewLists = union(c.Lists, p.Lists), union(c.PreviewLists, p.PreviewLists)
		c.Describes, c.Described = union(c.Describes, p.Describes), append(c.Described, p.Described...)
		c.Reads, c.Previews = append(c.Reads, p.Reads...), append(c.Previews, p.Previews...)
		c.LogGroups, c.Roles = append(c.LogGroups, p.LogGroups...), append(c.Roles, p.Roles...)
		c.ServiceRoles = union(c.ServiceRoles, p.ServiceRoles)
		c.Workload, c.WorkloadLists = append(c.Workload, p.Workload...), union(c.WorkloadLists, p.WorkloadLists)
	}
	return c
}

// union is sorted and has no duplicates.
func union(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}

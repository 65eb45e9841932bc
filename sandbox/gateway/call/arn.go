package call

import (
	"fmt"
	"maps"
	"slices"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// ARN is the ARN of a resource in the account and its region.
func (a *Account) ARN(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, a.Region, a.AccountID, resource)
}

// ByParameter returns the resources that a call's parameters name: by ARN in ResourceName, and by name in the
// parameters of kinds, which has the resource type of each.
func (a *Account) ByParameter(x *Exchange, service string, kinds map[string]string) []iampolicy.Resource {
	keys := RequestTags(x)
	var all []iampolicy.Resource
	if arn := x.Form.Get("ResourceName"); arn != "" {
		all = append(all, iampolicy.Resource{ARN: arn, Keys: keys})
	}
	for _, parameter := range slices.Sorted(maps.Keys(kinds)) {
		if name := x.Form.Get(parameter); name != "" {
			all = append(all, iampolicy.Resource{ARN: a.ARN(service, kinds[parameter]+":"+name), Keys: keys})
		}
	}
	return all
}

// ServiceCaller is an AWS service that calls another one, with aws:SourceAccount and, unless arn is empty,
// aws:SourceArn. docs/reference/aws-rules.md, IAM, lists which keys AWS documents for each service.
func (a *Account) ServiceCaller(service, arn string) iampolicy.Caller {
	c := iampolicy.Caller{Service: service, Keys: map[string][]string{"aws:sourceaccount": {a.AccountID}}}
	if arn != "" {
		c.Keys["aws:sourcearn"] = []string{arn}
	}
	return c
}

package call

import (
	"fmt"
	"maps"
	"slices"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// ARN is the ARN of something of this account in its region.
func (a *Account) ARN(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, a.Region, a.AccountID, resource)
}

// ByParameter is what the parameters of a call name, each by its kind, or by its ARN.
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

// Calling is a service of AWS's that calls another one and says for which account and, where there is an ARN, for
// which resource (docs/reference/aws-rules.md, IAM, has what is documented of each).
func (a *Account) Calling(service, arn string) iampolicy.Caller {
	c := iampolicy.Caller{Service: service, Keys: map[string][]string{"aws:sourceaccount": {a.AccountID}}}
	if arn != "" {
		c.Keys["aws:sourcearn"] = []string{arn}
	}
	return c
}

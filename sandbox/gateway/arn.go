package gateway

import (
	"fmt"
	"maps"
	"slices"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// arn is the ARN of something of this account in its region.
func (g *Gateway) arn(service, resource string) string {
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, g.config.Region, g.config.AccountID, resource)
}

// byParameter is what the parameters of a call name, each by its kind, or by its ARN.
func (g *Gateway) byParameter(x *exchange, service string, kinds map[string]string) []iampolicy.Resource {
	keys := requestTags(x)
	var all []iampolicy.Resource
	if arn := x.form.Get("ResourceName"); arn != "" {
		all = append(all, iampolicy.Resource{ARN: arn, Keys: keys})
	}
	for _, parameter := range slices.Sorted(maps.Keys(kinds)) {
		if name := x.form.Get(parameter); name != "" {
			all = append(all, iampolicy.Resource{ARN: g.arn(service, kinds[parameter]+":"+name), Keys: keys})
		}
	}
	return all
}

// calling is a service of AWS's that calls another one and says for which account and, where there is an ARN, for
// which resource (docs/reference/aws-rules.md, IAM, has what is documented of each).
func (g *Gateway) calling(service, arn string) iampolicy.Caller {
	c := iampolicy.Caller{Service: service, Keys: map[string][]string{"aws:sourceaccount": {g.config.AccountID}}}
	if arn != "" {
		c.Keys["aws:sourcearn"] = []string{arn}
	}
	return c
}

package ec2

import (
	"regexp"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	// A name must not begin with sg-, as IDs do.
	"CreateSecurityGroup": call.BoundOf("InvalidParameterValue", "GroupName", 255, securityGroup),
}

// securityGroup matches names that do not begin with sg-.
var securityGroup = regexp.MustCompile(`^([^s]|s[^g]|sg[^-]|sg?$)[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]*$`)

package ec2

import (
	"regexp"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// bounds are those of the calls that give something its physical name, of the API reference.
var bounds = map[string]call.BoundedCall{
	// A name that begins with sg- is refused too, as an id would be.
	"CreateSecurityGroup": call.BoundOf("InvalidParameterValue", "GroupName", 255, securityGroup),
}

// securityGroup begins with anything but sg-.
var securityGroup = regexp.MustCompile(`^([^s]|s[^g]|sg[^-]|sg?$)[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]*$`)

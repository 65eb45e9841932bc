package gateway

import "regexp"

// ec2Bounds are those of the calls that give something its physical name, of the API reference.
var ec2Bounds = map[string]boundedCall{
	// A name that begins with sg- is refused too, as an id would be.
	"CreateSecurityGroup": boundOf("InvalidParameterValue", "GroupName", 255, securityGroup),
}

// securityGroup begins with anything but sg-.
var securityGroup = regexp.MustCompile(`^([^s]|s[^g]|sg[^-]|sg?$)[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]*$`)

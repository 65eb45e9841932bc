package gateway

import "regexp"

// iamBounds are those of the calls that give something its physical name, of the API reference.
var iamBounds = map[string]boundedCall{
	"CreatePolicy":  boundOf("ValidationError", "PolicyName", 128, iamName),
	"CreateRole":    boundOf("ValidationError", "RoleName", 64, iamName),
	"CreateUser":    boundOf("ValidationError", "UserName", 64, iamName),
	"PutRolePolicy": boundOf("ValidationError", "PolicyName", 128, iamName),
	"PutUserPolicy": boundOf("ValidationError", "PolicyName", 128, iamName),
}

var iamName = regexp.MustCompile(`^[\w+=,.@-]+$`)

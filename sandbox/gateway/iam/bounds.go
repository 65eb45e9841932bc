package iam

import (
	"regexp"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// bounds are those of the calls that give something its physical name, of the API reference.
var bounds = map[string]call.BoundedCall{
	"CreatePolicy":  call.BoundOf("ValidationError", "PolicyName", 128, iamName),
	"CreateRole":    call.BoundOf("ValidationError", "RoleName", 64, iamName),
	"CreateUser":    call.BoundOf("ValidationError", "UserName", 64, iamName),
	"PutRolePolicy": call.BoundOf("ValidationError", "PolicyName", 128, iamName),
	"PutUserPolicy": call.BoundOf("ValidationError", "PolicyName", 128, iamName),
}

var iamName = regexp.MustCompile(`^[\w+=,.@-]+$`)

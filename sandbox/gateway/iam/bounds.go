package iam

import (
	"regexp"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	"CreatePolicy":  call.BoundOf("ValidationError", "PolicyName", 128, iamName),
	"CreateRole":    call.BoundOf("ValidationError", "RoleName", 64, iamName),
	"CreateUser":    call.BoundOf("ValidationError", "UserName", 64, iamName),
	"PutRolePolicy": call.BoundOf("ValidationError", "PolicyName", 128, iamName),
	"PutUserPolicy": call.BoundOf("ValidationError", "PolicyName", 128, iamName),
}

var iamName = regexp.MustCompile(`^[\w+=,.@-]+$`)

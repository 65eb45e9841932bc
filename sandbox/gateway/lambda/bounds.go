package lambda

import "github.com/didomi/serverless-api/sandbox/gateway/call"

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	"CreateFunction": call.BoundOf("ValidationException", "FunctionName", 64, call.WordDash),
	"CreateAlias":    call.BoundOf("ValidationException", "Name", 128, call.WordDash),
	"AddPermission":  call.BoundOf("ValidationException", "StatementId", 100, call.WordDash),
}

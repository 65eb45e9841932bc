package gateway

// lambdaBounds are those of the calls that give something its physical name, of the API reference.
var lambdaBounds = map[string]boundedCall{
	"CreateFunction": boundOf("ValidationException", "FunctionName", 64, wordDash),
	"CreateAlias":    boundOf("ValidationException", "Name", 128, wordDash),
	"AddPermission":  boundOf("ValidationException", "StatementId", 100, wordDash),
}

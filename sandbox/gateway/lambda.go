package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// functionConfig is the part of Lambda's FunctionConfiguration that the
// gateway reads.
type functionConfig struct {
	FunctionName, FunctionArn, Version string
	Handler, Role, CodeSha256          string
	KMSKeyArn                          string
	MemorySize, Timeout                int
	Architectures                      []string
	Environment                        struct{ Variables map[string]string }
	LoggingConfig                      struct{ LogGroup string }
}

// functionAnswer is GetFunction's answer.
type functionAnswer struct {
	Configuration functionConfig
	Concurrency   *struct{ ReservedConcurrentExecutions int }
}

func (g *Gateway) lambdaCalls() service {
	return service{
		name: "lambda", bounds: lambdaBounds, quotas: lambdaDefaults, resources: g.namedLambda,
		paths: map[string]handler{
			"POST /2015-03-31/functions":                                       bounded(lambdaBounds["CreateFunction"], withinEnvironment(refuseUntrusting(granting(after(keepNewCode))))),
			"PUT /2015-03-31/functions/{name}/configuration":                   withinEnvironment(refuseUntrusting(granting((*exchange).forward))),
			"POST /2015-03-31/functions/{name}/aliases":                        bounded(lambdaBounds["CreateAlias"], (*exchange).forward),
			"POST /2015-03-31/functions/{name}/policy":                         bounded(lambdaBounds["AddPermission"], (*exchange).forward),
			"PUT /2015-03-31/functions/{name}/code":                            after(keepNewCode),
			"GET /2015-03-31/functions/{name}":                                 after(codeLocation),
			"DELETE /2015-03-31/functions/{name}":                              deleteFunction,
			"GET /2016-08-19/account-settings":                                 after(accountSettings),
			"PUT /2017-10-31/functions/{name}/concurrency":                     reading(reserveWithin),
			"GET /2019-09-30/functions/{name}/provisioned-concurrency":         listProvisioned,
			"PUT /2019-09-30/functions/{name}/provisioned-concurrency":         reading(provisionWithin),
			"POST /2015-03-31/functions/{name}/invocations":                    invoke,
			"POST /2021-11-15/functions/{name}/response-streaming-invocations": invokeStream,
		},
	}
}

// keepNewCode saves a function's code when it is created or updated: AWS keeps
// the code of every published version, the emulator serves only the newest.
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
func keepNewCode(x *exchange) error {
	var config functionConfig
	if err := json.Unmarshal(x.answer, &config); err != nil {
		return fmt.Errorf("decode the function's configuration: %w", err)
	}
	if config.CodeSha256 == "" {
		return nil // an image, or a dry run
	}
	return x.g.keepLatest(x.r.Context(), config)
}

// codeLocation gives GetFunction's Code.Location an URL that serves the zip of
// the version asked for. AWS answers a presigned S3 URL of that version's code;
// the emulator answers an address of its own with the newest code.
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
func codeLocation(x *exchange) error {
	var answer map[string]any
	if err := json.Unmarshal(x.answer, &answer); err != nil {
		return fmt.Errorf("decode the function: %w", err)
	}
	config, _ := answer["Configuration"].(map[string]any)
	code, _ := answer["Code"].(map[string]any)
	hash, _ := config["CodeSha256"].(string)
	if code == nil || hash == "" {
		return nil
	}
	name, err := hexOf(hash)
	if err != nil {
		return err
	}
	code["Location"] = x.g.config.PublicURL.JoinPath(codePath, name).String()
	x.answer, err = json.Marshal(answer)
	return err
}

// deleteFunction deletes a version, or the function. The emulator takes the function for the version
// $LATEST too.
// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
func deleteFunction(x *exchange) error {
	if x.r.URL.Query().Get("Qualifier") == "$LATEST" {
		return x.answerError(http.StatusBadRequest, "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function.")
	}
	return x.forward()
}

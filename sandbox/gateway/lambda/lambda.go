// Package lambda corrects the emulator's Lambda API and implements lambdahost.Source for the function host.
package lambda

import (
	"encoding/json"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// functionConfig has the members of Lambda's FunctionConfiguration that the
// gateway reads.
type functionConfig struct {
	FunctionName, FunctionArn, Version string
	Handler, Role, CodeSha256          string
	KMSKeyArn                          string
	MemorySize, Timeout                int
	Architectures                      []string
	Environment                        struct{ Variables map[string]string }
	LoggingConfig                      struct{ LogGroup string }
	VpcConfig                          struct {
		SubnetIDs []string `json:"SubnetIds"`
	}
}

// getFunctionOutput is GetFunction's response.
type getFunctionOutput struct {
	Configuration functionConfig
	Tags          map[string]string
	Concurrency   *struct{ ReservedConcurrentExecutions int }
}

// Service corrects Lambda.
type Service struct {
	*call.Account
	code *codeStore
	draw func() float64 // a number in [0, 1)
}

// New creates the service for an account.
func New(a *call.Account, dir string, draw func() float64) *Service {
	return &Service{Account: a, code: &codeStore{dir: dir}, draw: draw}
}

// Calls returns the corrected calls of Lambda.
func (s *Service) Calls() call.Service {
	return call.Service{
		Name: "lambda", Bounds: bounds, Quotas: defaultQuotas, Resources: s.resources,
		Paths: map[string]call.Handler{
			"POST /2015-03-31/functions":                                       call.Bounded(bounds["CreateFunction"], limitEnvironment(s.requireTrust(s.grantDecrypt(call.After(s.saveNewCode))))),
			"PUT /2015-03-31/functions/{name}/configuration":                   limitEnvironment(s.requireTrust(s.grantDecrypt((*call.Exchange).Forward))),
			"POST /2015-03-31/functions/{name}/aliases":                        call.Bounded(bounds["CreateAlias"], s.checkVersions),
			"PUT /2015-03-31/functions/{name}/aliases/{alias}":                 call.WithBody(s.checkVersions),
			"POST /2015-03-31/functions/{name}/policy":                         call.Bounded(bounds["AddPermission"], (*call.Exchange).Forward),
			"PUT /2015-03-31/functions/{name}/code":                            call.After(s.saveNewCode),
			"GET /2015-03-31/functions/{name}":                                 call.After(codeLocation),
			"DELETE /2015-03-31/functions/{name}":                              deleteFunction,
			"GET /2016-08-19/account-settings":                                 call.After(s.accountSettings),
			"PUT /2017-10-31/functions/{name}/concurrency":                     call.WithBody(s.reserveConcurrency),
			"GET /2019-09-30/functions/{name}/provisioned-concurrency":         s.listProvisioned,
			"PUT /2019-09-30/functions/{name}/provisioned-concurrency":         call.WithBody(s.provisionConcurrency),
			"POST /2015-03-31/functions/{name}/invocations":                    invoke,
			"POST /2021-11-15/functions/{name}/response-streaming-invocations": invokeStream,
		},
	}
}

// saveNewCode saves a function's code when it is created or updated: AWS stores
// the code of every published version, the emulator only the newest.
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
func (s *Service) saveNewCode(x *call.Exchange) error {
	var config functionConfig
	if err := x.DecodeResponse(&config); err != nil {
		return err
	}
	if config.CodeSha256 == "" {
		return nil // a container image or a dry run
	}
	return s.saveLatest(x.Request.Context(), config)
}

// codeLocation sets GetFunction's Code.Location to a URL of the version's zip
// file. AWS returns a presigned S3 URL of the version's code, the emulator a URL
// of the newest code.
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
func codeLocation(x *call.Exchange) error {
	var response map[string]any
	if err := x.DecodeResponse(&response); err != nil {
		return err
	}
	config, _ := response["Configuration"].(map[string]any)
	code, _ := response["Code"].(map[string]any)
	hash, _ := config["CodeSha256"].(string)
	if code == nil || hash == "" {
		return nil
	}
	name, err := hexHash(hash)
	if err != nil {
		return err
	}
	code["Location"] = x.PublicURL.JoinPath(CodePath, name).String()
	x.Response, err = json.Marshal(response)
	return err
}

// deleteFunction rejects the deletion of the version $LATEST, for which the emulator deletes the function.
// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
func deleteFunction(x *call.Exchange) error {
	if x.Request.URL.Query().Get("Qualifier") == "$LATEST" {
		return x.Reject(http.StatusBadRequest, "InvalidParameterValueException", "$LATEST version cannot be deleted without deleting the function.")
	}
	return x.Forward()
}

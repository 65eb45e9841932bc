package program

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

// reportTime bounds the report of an init error.
const reportTime = time.Second

// reportInitError tells the Lambda runtime API at address why the function
// cannot start, so that an invocation answers with that and not only with
// "exited". aws-lambda-go has no call for it. What goes wrong here is of no
// use to anybody: the error is in the log, too.
func reportInitError(address string, cause error) {
	body, err := json.Marshal(map[string]string{"errorType": "Function.BadEnvironment", "errorMessage": cause.Error()})
	if address == "" || err != nil {
		return
	}
	client := http.Client{Timeout: reportTime, Transport: &http.Transport{Proxy: nil}}
	response, err := client.Post("http://"+address+"/2018-06-01/runtime/init/error", "application/json", bytes.NewReader(body))
	if err == nil {
		_ = response.Body.Close()
	}
}

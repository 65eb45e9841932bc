package program

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

// reportTime bounds the report of an initialization error.
const reportTime = time.Second

// reportInitError reports to the Runtime API at address why the function cannot start, so that an
// invocation returns the reason instead of "exited" alone. aws-lambda-go has no call for it. A failure of
// the report is ignored: the error is in the log, too.
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

package main

import (
	"net/http"
	"os"
	"strings"
)

// fail posts an error to the Runtime API; aws-lambda-go has no way to report
// that init failed.
func fail(path, body string) {
	url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime" + path
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	_ = resp.Body.Close()
}

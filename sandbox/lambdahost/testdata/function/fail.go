package main

import (
	"net/http"
	"os"
	"strings"
)

// fail posts an error to the Runtime API, because aws-lambda-go cannot report a failed init.
func fail(path, body string) {
	url := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + "/2018-06-01/runtime" + path
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	_ = resp.Body.Close()
}

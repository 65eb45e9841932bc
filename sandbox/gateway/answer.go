package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// answerJSON makes the answer anew; nil is an empty body.
func (x *exchange) answerJSON(status int, answer any) error {
	x.status, x.answer = status, nil
	x.header = http.Header{"Content-Type": {"application/json"}}
	if answer == nil {
		return nil
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	x.answer = body
	return nil
}

// answerError answers with an error of the API Gateway API.
func (x *exchange) answerError(status int, code, message string) error {
	if err := x.answerJSON(status, map[string]string{"__type": code, "message": message}); err != nil {
		return err
	}
	x.header.Set("X-Amzn-Errortype", code)
	return nil
}

// answerQuery answers a Query protocol call with that result.
func (x *exchange) answerQuery(result *node) error {
	action := x.form.Get("Action")
	result.name = action + "Result"
	x.status, x.header = http.StatusOK, http.Header{"Content-Type": {"text/xml"}}
	x.answer = (&node{name: action + "Response", children: []*node{result}}).bytes()
	return nil
}

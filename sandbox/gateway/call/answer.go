package call

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// AnswerJSON makes the answer anew; nil is an empty body.
func (x *Exchange) AnswerJSON(status int, answer any) error {
	x.Status, x.Answer = status, nil
	x.Header = http.Header{"Content-Type": {"application/json"}}
	if answer == nil {
		return nil
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	x.Answer = body
	return nil
}

// AnswerError answers with an error of the API Gateway API.
func (x *Exchange) AnswerError(status int, code, message string) error {
	if err := x.AnswerJSON(status, map[string]string{"__type": code, "message": message}); err != nil {
		return err
	}
	x.Header.Set("X-Amzn-Errortype", code)
	return nil
}

// AnswerQuery answers a Query protocol call with that result.
func (x *Exchange) AnswerQuery(result *xmltree.Node) error {
	action := x.Form.Get("Action")
	result.Name = action + "Result"
	x.Status, x.Header = http.StatusOK, http.Header{"Content-Type": {"text/xml"}}
	x.Answer = (&xmltree.Node{Name: action + "Response", Children: []*xmltree.Node{result}}).Bytes()
	return nil
}

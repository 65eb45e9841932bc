package call

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// RespondJSON replaces the response with a JSON document, or with an empty body for nil.
func (x *Exchange) RespondJSON(status int, document any) error {
	x.Status, x.Response = status, nil
	x.Header = http.Header{"Content-Type": {"application/json"}}
	if document == nil {
		return nil
	}
	body, err := json.Marshal(document)
	if err != nil {
		return fmt.Errorf("encode the response: %w", err)
	}
	x.Response = body
	return nil
}

// RespondQuery replaces the response with the result of a Query protocol call.
func (x *Exchange) RespondQuery(result *xmltree.Node) error {
	action := x.Form.Get("Action")
	result.Name = action + "Result"
	x.Status, x.Header = http.StatusOK, http.Header{"Content-Type": {"text/xml"}}
	x.Response = (&xmltree.Node{Name: action + "Response", Children: []*xmltree.Node{result}}).Bytes()
	return nil
}

// DecodeResponse decodes the JSON body of the emulator's response.
func (x *Exchange) DecodeResponse(into any) error {
	if err := json.Unmarshal(x.Response, into); err != nil {
		return fmt.Errorf("decode the emulator's response: %w", err)
	}
	return nil
}

// EditXML changes the XML body of the emulator's response.
func (x *Exchange) EditXML(edit func(tree *xmltree.Node) error) error {
	tree, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	if err := edit(tree); err != nil {
		return err
	}
	x.Response = tree.Bytes()
	return nil
}

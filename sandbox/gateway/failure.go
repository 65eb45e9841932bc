package gateway

import (
	"encoding/json"
	"encoding/xml"
	"net/http"

	"github.com/aws/smithy-go/encoding/cbor"
)

// refuse answers with a refusal of AWS's, in the protocol of the call.
func (x *exchange) refuse(status int, code, message string) error {
	x.streamed = true
	switch {
	case signingName(x.r) == "ec2":
		writeEC2Failure(x.w, status, code, message)
	case x.form != nil:
		writeQueryFailure(x.w, status, code, message)
	case isCBOR(x.r.Header):
		x.w.Header().Set("Content-Type", "application/cbor")
		x.w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		x.w.WriteHeader(status)
		_, _ = x.w.Write(cbor.Encode(cbor.Map{"__type": cbor.String(code), "message": cbor.String(message)})) // the caller may have left
	default:
		writeFailure(x.w, status, code, message)
	}
	return nil
}

// refuseAs answers with a refusal in a form of the service's own.
func (x *exchange) refuseAs(contentType string, status int, body []byte) {
	x.streamed = true
	x.w.Header().Set("Content-Type", contentType)
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // the caller may have left
}

// writeFailure answers with an error of the JSON protocols.
func writeFailure(w http.ResponseWriter, status int, code, message string) {
	body, err := json.Marshal(map[string]string{"__type": code, "message": message, "Message": message})
	if err != nil {
		body = []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may have left
}

// writeQueryFailure answers with an error of the Query protocol.
func writeQueryFailure(w http.ResponseWriter, status int, code, message string) {
	type problem struct {
		Type, Code, Message string
	}
	type response struct {
		XMLName xml.Name `xml:"ErrorResponse"`
		Error   problem
	}
	body, err := xml.Marshal(response{Error: problem{Type: "Sender", Code: code, Message: message}})
	if err != nil {
		body = []byte("<ErrorResponse/>")
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may have left
}

// writeEC2Failure answers with an error of EC2, whose errors have a form of their own.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
func writeEC2Failure(w http.ResponseWriter, status int, code, message string) {
	type problem struct{ Code, Message string }
	body, err := xml.Marshal(struct {
		XMLName xml.Name  `xml:"Response"`
		Errors  []problem `xml:"Errors>Error"`
	}{Errors: []problem{{code, message}}})
	if err != nil {
		body = []byte("<Response/>")
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may have left
}

// answerQueryError answers with an error of the Query protocol.
func (x *exchange) answerQueryError(code, message string) error {
	writeQueryFailure(x.w, http.StatusBadRequest, code, message)
	x.streamed = true
	return nil
}

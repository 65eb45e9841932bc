package call

import (
	"encoding/json"
	"encoding/xml"
	"net/http"

	"github.com/aws/smithy-go/encoding/cbor"
)

// Refuse answers with a refusal of AWS's, in the protocol of the call.
func (x *Exchange) Refuse(status int, code, message string) error {
	x.Streamed = true
	switch {
	case SigningName(x.Request) == "ec2":
		writeEC2Failure(x.Writer, status, code, message)
	case x.Form != nil:
		writeQueryFailure(x.Writer, status, code, message)
	case IsCBOR(x.Request.Header):
		x.Writer.Header().Set("Content-Type", "application/cbor")
		x.Writer.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
		x.Writer.WriteHeader(status)
		_, _ = x.Writer.Write(cbor.Encode(cbor.Map{"__type": cbor.String(code), "message": cbor.String(message)})) // the caller may have left
	default:
		WriteFailure(x.Writer, status, code, message)
	}
	return nil
}

// RefuseAs answers with a refusal in a form of the service's own.
func (x *Exchange) RefuseAs(contentType string, status int, body []byte) {
	x.Streamed = true
	x.Writer.Header().Set("Content-Type", contentType)
	x.Writer.WriteHeader(status)
	_, _ = x.Writer.Write(body) // the caller may have left
}

// WriteFailure answers with an error of the JSON protocols.
func WriteFailure(w http.ResponseWriter, status int, code, message string) {
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

// AnswerQueryError answers with an error of the Query protocol.
func (x *Exchange) AnswerQueryError(code, message string) error {
	writeQueryFailure(x.Writer, http.StatusBadRequest, code, message)
	x.Streamed = true
	return nil
}

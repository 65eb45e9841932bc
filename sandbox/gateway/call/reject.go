package call

import (
	"encoding/json"
	"maps"
	"net/http"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// Reject replaces the response with an AWS error, in the protocol of the call.
func (x *Exchange) Reject(status int, code, message string) error {
	x.Status = status
	x.Header, x.Response = encodeError(x.Request, x.Form != nil, code, message)
	return nil
}

// encodeError returns the header and the body of an error in the protocol of the request, whose parameters are a form or
// not.
func encodeError(r *http.Request, form bool, code, message string) (http.Header, []byte) {
	switch service := SigningName(r); {
	case service == "ec2":
		// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
		return xmlError("text/xml", "Response", &xmltree.Node{Name: "Errors", Children: []*xmltree.Node{
			xmltree.Element("Error", "Code", code, "Message", message),
		}})
	case service == "s3":
		// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
		return xmlError("application/xml", "Error", xmltree.Element("", "Code", code, "Message", message).Children...)
	case form || service == "route53" || service == "cloudfront":
		return xmlError("text/xml", "ErrorResponse", xmltree.Element("Error", "Type", "Sender", "Code", code, "Message", message))
	case IsCBOR(r.Header):
		return http.Header{"Content-Type": {"application/cbor"}, "Smithy-Protocol": {"rpc-v2-cbor"}},
			cbor.Encode(cbor.Map{"__type": cbor.String(code), "message": cbor.String(message)})
	}
	return jsonError(code, message)
}

func xmlError(contentType, root string, children ...*xmltree.Node) (http.Header, []byte) {
	return http.Header{"Content-Type": {contentType}}, (&xmltree.Node{Name: root, Children: children}).Bytes()
}

func jsonError(code, message string) (http.Header, []byte) {
	body, err := json.Marshal(map[string]string{"__type": code, "message": message, "Message": message})
	if err != nil {
		body = []byte(`{}`)
	}
	return http.Header{"Content-Type": {"application/json"}, "X-Amzn-Errortype": {code}}, body
}

// WriteError writes an AWS error of the JSON protocols, for a request that is no corrected call.
func WriteError(w http.ResponseWriter, status int, code, message string) {
	header, body := jsonError(code, message)
	maps.Copy(w.Header(), header)
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have disconnected
}

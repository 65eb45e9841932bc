package gateway

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
)

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

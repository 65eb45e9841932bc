package restapi

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
)

// exchange is a request with the state of its processing.
type exchange struct {
	server   *server
	request  *http.Request
	response *recorder
	start    time.Time

	requestID  string
	extendedID string
	traceID    string
	sourceIP   string

	stage        Stage
	document     *document
	customDomain bool
	domain       string // the event's domainName
	path         string // the event's path: raw, with the base path, without the stage
	contextPath  string // requestContext.path: raw, with the stage
	resource     *resource
	params       map[string]string
	operation    *operation
	stagePath    string // the raw path in the stage, without a base path
	body         []byte
	bodyRead     bool
	key          *Key
	caller       *Principal        // the signer, of a method with IAM authorization
	authorizer   *authorizerResult // of a method with a Lambda authorizer

	authorizeLatency    time.Duration
	authenticateLatency time.Duration
	authorizerLatency   time.Duration
	authorizerRequestID string
	authorizerError     string
	authorizerStatus    int

	gatewayError         *gatewayError // set if API Gateway itself rejects the request
	integrationStart     time.Time
	integrationLatency   time.Duration
	integrationStatus    int
	integrationRequestID string
	integrationError     string
}

func newExchange(s *server, w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{
		server: s, request: r, response: &recorder{ResponseWriter: w}, start: time.Now(),
		requestID: requestID(r), extendedID: base64.StdEncoding.EncodeToString(random(11)),
		traceID: r.Header.Get("X-Amzn-Trace-Id"),
	}
	if x.traceID == "" {
		x.traceID = fmt.Sprintf("Root=1-%08x-%s", x.start.Unix(), hex.EncodeToString(random(12)))
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr // not a TCP listener
	}
	x.sourceIP = host
	h := w.Header()
	h.Set("X-Amzn-Requestid", x.requestID)
	h.Set("X-Amz-Apigw-Id", x.extendedID)
	return x
}

// requestID is the request's ID. A client may choose it if it is a UUID; any other value is replaced (developer guide,
// "Set up access logging", $context.requestId).
func requestID(r *http.Request) string {
	chosen := r.Header.Get("X-Amzn-Requestid")
	if _, err := uuid.Parse(chosen); err == nil && len(chosen) == len(uuid.Nil.String()) {
		return chosen
	}
	if chosen != "" {
		return uuid.NewString() + "_REPLACED_INVALID_REQUEST_ID"
	}
	return uuid.NewString()
}

// recorder records status and length of the response for the access log.
type recorder struct {
	http.ResponseWriter
	status int
	length int64
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.length += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController flush.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand never fails
	return b
}

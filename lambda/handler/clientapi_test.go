package handler_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/didomi/serverless-api/client"
	"github.com/didomi/serverless-api/client/transport"
	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
)

// wayFault is what happens to one request of the client on its way. The zero value is nothing.
type wayFault struct {
	status    int    // of a response in place of the server's
	after     string // its Retry-After
	lost      bool   // the request is served, and its response lost
	dropped   bool   // the request does not arrive
	cutAt     int    // the body of the response breaks off there
	code      string // of an error of S3 in place of its response
	meanwhile func() // runs before the next request
}

// way is what is between the client and a server: it has the faults of the next requests, in their order, that match.
type way struct {
	mu     sync.Mutex
	faults map[string][]wayFault // by the beginning of method and URL
	asked  []string              // method and URL of each request
	match  func(*http.Request) []wayFault
	server http.Handler
}

func (w *way) next(r *http.Request) wayFault {
	w.mu.Lock()
	defer w.mu.Unlock()
	asked := r.Method + " " + r.URL.RequestURI()
	w.asked = append(w.asked, asked)
	if w.match != nil {
		if faults := w.match(r); len(faults) > 0 {
			return faults[0]
		}
	}
	for match, faults := range w.faults {
		if strings.HasPrefix(asked, match) && len(faults) > 0 {
			w.faults[match] = faults[1:]
			return faults[0]
		}
	}
	return wayFault{}
}

// count returns the number of requests that begin so.
func (w *way) count(match string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, asked := range w.asked {
		if strings.HasPrefix(asked, match) {
			n++
		}
	}
	return n
}

func (w *way) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	f := w.next(r)
	switch {
	case f.dropped:
		panic(http.ErrAbortHandler)
	case f.code != "":
		_, _ = io.Copy(io.Discard, r.Body)
		to.WriteHeader(f.status)
		_, _ = fmt.Fprintf(to, "<Error><Code>%s</Code><Message>injected</Message></Error>", f.code)
		return
	case f.status != 0:
		_, _ = io.Copy(io.Discard, r.Body)
		if f.meanwhile != nil {
			f.meanwhile()
		}
		if f.after != "" {
			to.Header().Set("Retry-After", f.after)
		}
		to.WriteHeader(f.status)
		return
	}
	if f.lost {
		w.server.ServeHTTP(httptest.NewRecorder(), r)
		if f.meanwhile != nil {
			f.meanwhile()
		}
		panic(http.ErrAbortHandler)
	}
	if f.cutAt > 0 {
		to = &cutting{to, f.cutAt}
	}
	w.server.ServeHTTP(to, r)
}

// cutting breaks a response off.
type cutting struct {
	http.ResponseWriter
	left int
}

func (c *cutting) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	if c.left -= n; c.left == 0 {
		c.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	return n, err
}

// platform serves HTTP with the handler as API Gateway and Lambda do.
type platform struct{ handler *handler.Handler }

func (p platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has left
	}
	event := arrived(r.Method, r.URL.EscapedPath())
	event.Body, event.MultiValueHeaders, event.Headers = string(body), r.Header, nil
	event.MultiValueQueryStringParameters = r.URL.Query()
	event.RequestContext.RequestID = "request-1"
	served, err := p.handler.Serve(r.Context(), event)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	switch response := served.(type) {
	case events.APIGatewayProxyResponse:
		respondWith(w, response.StatusCode, response.Headers, strings.NewReader(response.Body))
	case *events.APIGatewayProxyStreamingResponse:
		respondWith(w, response.StatusCode, response.Headers, response.Body)
		_ = response.Close()
	}
}

// respondWith streams a response: API Gateway sends it chunked.
func respondWith(w http.ResponseWriter, status int, header map[string]string, body io.Reader) {
	for name, value := range header {
		if name != "Content-Length" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(status)
	if _, err := io.Copy(w, body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// storage is an S3 of one bucket that compares Content-MD5.
type storage struct {
	mu      sync.Mutex
	objects map[string][]byte
	uploads map[string]map[string][]byte // parts by number, by upload
	started map[string]time.Time
}

func (s *storage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := make([]byte, max(r.ContentLength, 0))
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return // the client has left
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key, query := strings.TrimPrefix(r.URL.Path, "/bucket/"), r.URL.Query()
	id := query.Get("uploadId")
	if sum := md5.Sum(body); r.Header.Get("Content-Md5") != "" && r.Header.Get("Content-Md5") != base64.StdEncoding.EncodeToString(sum[:]) {
		storageFails(w, http.StatusBadRequest, "BadDigest")
		return
	}
	switch parts, known := s.uploads[id]; {
	case r.Method == http.MethodPost && query.Has("uploads"):
		id := fmt.Sprint("U", len(s.started)+1)
		s.uploads[id], s.started[id] = map[string][]byte{}, time.Now()
		_, _ = fmt.Fprintf(w, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>", id)
	case id != "" && !known:
		storageFails(w, http.StatusNotFound, "NoSuchUpload")
	case r.Method == http.MethodDelete:
		delete(s.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPut && id != "":
		parts[query.Get("partNumber")] = body
		w.Header().Set("ETag", `"part-`+query.Get("partNumber")+`"`)
	case r.Method == http.MethodPost:
		s.complete(w, key, id, body)
	case r.Method == http.MethodPut:
		s.objects[key] = body
	default:
		s.get(w, r, key)
	}
}

func storageFails(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", code)
}

// complete joins the listed parts.
func (s *storage) complete(w http.ResponseWriter, key, id string, list []byte) {
	var listed struct {
		Part []struct{ PartNumber, ETag string }
	}
	if err := xml.Unmarshal(list, &listed); err != nil {
		storageFails(w, http.StatusBadRequest, "MalformedXML")
		return
	}
	var whole []byte
	for _, part := range listed.Part {
		if part.ETag != `"part-`+part.PartNumber+`"` {
			storageFails(w, http.StatusBadRequest, "InvalidPart")
			return
		}
		whole = append(whole, s.uploads[id][part.PartNumber]...)
	}
	s.objects[key] = whole
	delete(s.uploads, id)
	_, _ = io.WriteString(w, `<?xml version="1.0"?>`+"\n<CompleteMultipartUploadResult><ETag>\"E\"</ETag></CompleteMultipartUploadResult>")
}

func (s *storage) get(w http.ResponseWriter, r *http.Request, key string) {
	object, ok := s.objects[key]
	if !ok {
		storageFails(w, http.StatusNotFound, "NoSuchKey")
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, md5.Sum(object)))
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Now(), bytes.NewReader(object))
}

// clientAPI is the API with real services and an S3 of the test, and a client of it.
type clientAPI struct {
	*client.Client
	api, s3 *way
	storage *storage
	items   *cache.Items
	address string // of the API
}

// quickly are retries without long pauses.
var quickly = transport.Retries{Tries: 4, Initial: time.Millisecond, Longest: time.Millisecond, Elapsed: time.Minute}

// newClientAPI returns an API that streams at most streamMax bytes.
func newClientAPI(t *testing.T, streamMax int64) *clientAPI {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	a := &clientAPI{storage: &storage{objects: map[string][]byte{}, uploads: map[string]map[string][]byte{}, started: map[string]time.Time{}}}
	a.s3 = &way{server: a.storage, faults: map[string][]wayFault{}}
	s3 := httptest.NewServer(a.s3)
	t.Cleanup(s3.Close)
	config := aws.Config{Region: "eu-west-1", BaseEndpoint: &s3.URL, Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "")}
	a.items = cache.NewItems(testservices.NewDatabase(t).Store(t), cache.New(testservices.Redis(t, false), cache.Config{Fresh: time.Minute, Stale: time.Minute, Negative: time.Second}, log), "")
	h := &handler.Handler{Items: a.items, Files: files.New("bucket", func() files.Client { return files.Connect(config) }), Log: log, StreamMax: streamMax}
	a.api = &way{server: platform{h}, faults: map[string][]wayFault{}}
	server := httptest.NewServer(a.api)
	t.Cleanup(server.Close)
	a.address = server.URL
	var err error
	if a.Client, err = client.New(server.URL, transport.WithRetries(quickly)); err != nil {
		t.Fatal(err)
	}
	return a
}

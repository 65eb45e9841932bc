package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// presigned is a presigned request from the API's response.
type presigned struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

// upload is the API's response to a request to upload a file.
type upload struct {
	presigned
	UploadID  string `json:"upload_id"`
	PartCount int    `json:"part_count"`
	Parts     []struct {
		Number int   `json:"part_number"`
		Size   int64 `json:"size"`
		presigned
	} `json:"parts"`
	NextPart int       `json:"next_part"`
	Complete presigned `json:"complete"`
	Abort    presigned `json:"abort"`
}

// checkUpload uploads files with the API's presigned requests and reads them. checkClientFiles does so in parts.
func checkUpload(t *testing.T, out outputs) {
	t.Helper()
	small := requestUpload(t, out, "e2e/small.txt", len("small"))
	sendPresigned(t, small.presigned, "small")
	if got := request(t, out, http.MethodGet, "/files/e2e/small.txt", ""); got.body != "small" {
		t.Errorf("the file is returned as %d %q", got.status, got.body)
	}

	checkActiveContent(t, out)
	checkLargestUpload(t, out)
}

// checkLargestUpload starts an upload of the largest size under the longest key: with a session token as long as AWS's,
// its 10,000 URLs exceed one response.
func checkLargestUpload(t *testing.T, out outputs) {
	t.Helper()
	const size = 5 << 40
	key := "e2e/" + strings.Repeat(strings.Repeat("é", 59)+"/", 8) + strings.Repeat("é", 34)
	path := (&url.URL{Path: key}).EscapedPath()
	first := requestUpload(t, out, path, size)
	response := request(t, out, http.MethodPost, "/files/"+path, fmt.Sprintf(`{"upload_id":%q,"size":%d,"part":%d}`, first.UploadID, size, first.NextPart))
	var next upload
	if err := json.Unmarshal([]byte(response.body), &next); err != nil || response.status != http.StatusOK {
		t.Fatalf("request for more parts: %d %s, %v", response.status, response.body, err)
	}
	if first.PartCount != 10_000 || len(first.Parts) != first.NextPart-1 || len(next.Parts) == 0 || next.Parts[0].Number != first.NextPart {
		t.Fatalf("of %d parts the first response has %d, the next one %d from %d on", first.PartCount, len(first.Parts), len(next.Parts), first.NextPart)
	}
	sendPresigned(t, next.Abort, "")
}

// checkActiveContent uploads a page with a script and with the uploader's headers, which S3 accepts although they are not
// signed: it is served as a download that no shared cache may store.
func checkActiveContent(t *testing.T, out outputs) {
	t.Helper()
	page := requestUpload(t, out, "e2e/page.html", len("<script>"))
	page.Headers["Content-Type"], page.Headers["Cache-Control"] = "text/html", "public, max-age=60"
	sendPresigned(t, page.presigned, "<script>")
	caching := "private, max-age=60"
	if out.APIKey == "" {
		caching = "public, max-age=60"
	}
	got := request(t, out, http.MethodGet, "/files/e2e/page.html", "")
	for name, want := range map[string]string{
		"Content-Type": "text/html", "Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff", "Cache-Control": caching,
		"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
	} {
		if value := got.header.Get(name); got.status != http.StatusOK || value != want {
			t.Errorf("an uploaded page: status %d with %s: %q, want %q", got.status, name, value, want)
		}
	}
}

func requestUpload(t *testing.T, out outputs, key string, size int) upload {
	t.Helper()
	response := request(t, out, http.MethodPost, "/files/"+key, fmt.Sprintf(`{"size":%d}`, size))
	if response.status != http.StatusCreated {
		t.Fatalf("request to upload %s: %d %s", key, response.status, response.body)
	}
	var u upload
	if err := json.Unmarshal([]byte(response.body), &u); err != nil {
		t.Fatal(err)
	}
	return u
}

// sendPresigned sends a presigned request and returns the entity tag.
func sendPresigned(t *testing.T, p presigned, body string) string {
	t.Helper()
	req, err := http.NewRequest(p.Method, p.URL, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range p.Headers {
		req.Header.Set(name, value)
	}
	response := do(t, req)
	if response.status >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: %d %s", p.Method, req.URL.Path, response.status, response.body)
	}
	return response.header.Get("ETag")
}

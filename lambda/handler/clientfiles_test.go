package handler_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/client"
	"github.com/didomi/serverless-api/client/transport"
)

// content returns size bytes that do not repeat.
func content(size int) []byte {
	bytes := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(size)})
	_, _ = source.Read(bytes)
	return bytes
}

// inParts is a size that the API has uploaded in two parts.
const inParts = 100<<20 + 1

func TestAClientUploadsInOneRequest(t *testing.T) {
	a := newClientAPI(t, 1<<20)
	file := content(1000)
	for name, test := range map[string]struct {
		api, s3 []wayFault
		want    string // in the error
	}{
		"at once":                                       {},
		"after a lost response of the API":              {api: []wayFault{lost}},
		"after a throttled request":                     {api: []wayFault{{status: 429, after: "0"}}},
		"after a fault of S3":                           {s3: []wayFault{{status: 503, code: "SlowDown"}}},
		"after a broken connection to S3":               {s3: []wayFault{{dropped: true}}},
		"after damage on the way":                       {s3: []wayFault{{status: 400, code: "BadDigest"}}},
		"with another URL, after the first has expired": {s3: []wayFault{{status: 403, code: "AccessDenied"}}},
		"not without any connection to S3":              {s3: []wayFault{{dropped: true}, {dropped: true}, {dropped: true}, {dropped: true}}, want: "after 4 tries"},
		"not with URLs that S3 always rejects":          {s3: []wayFault{{status: 403, code: "AccessDenied"}, {status: 403, code: "AccessDenied"}, {status: 403, code: "AccessDenied"}}, want: "403 AccessDenied: injected"},
		"not what S3 rejects, with S3's reason":         {s3: []wayFault{{status: 400, code: "EntityTooLarge"}}, want: "400 EntityTooLarge: injected"},
	} {
		t.Run(name, func(t *testing.T) {
			clear(a.storage.objects)
			a.api.faults, a.s3.faults = map[string][]wayFault{"POST ": test.api}, map[string][]wayFault{"PUT ": test.s3}
			err := a.PutFile(t.Context(), "a/b c+d", bytes.NewReader(file), int64(len(file)), client.UploadOptions{ContentType: "text/plain"})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "X-Amz-Signature") {
				t.Errorf("the error has a signed URL: %v", err)
			}
			if stored := a.storage.objects["a/b c+d"]; err == nil && !bytes.Equal(stored, file) {
				t.Errorf("%d bytes are stored, want the file's %d", len(stored), len(file))
			}
		})
	}
}

func TestAClientUploadsInParts(t *testing.T) {
	a := newClientAPI(t, 1<<20)
	file := content(inParts)
	want := sha256.Sum256(file)
	for name, test := range map[string]struct {
		before                 []byte // the file that was there
		api, parts, completion []wayFault
		want                   string
	}{
		"after a part that failed, one that broke off and one that was damaged": {
			parts: []wayFault{{status: 500, code: "InternalError"}, {dropped: true}, {status: 400, code: "BadDigest"}},
		},
		"with another URL of a part, after the first has expired":       {parts: []wayFault{{status: 403, code: "AccessDenied"}}},
		"after a lost completion":                                       {completion: []wayFault{lost}},
		"after a completion that failed behind a status 200":            {completion: []wayFault{{status: 200, code: "InternalError"}}},
		"after a completion whose URL has expired":                      {completion: []wayFault{{status: 403, code: "AccessDenied"}}},
		"not when another client has aborted it":                        {completion: []wayFault{{status: 404, code: "NoSuchUpload"}}, want: "NoSuchUpload"},
		"not when another client has aborted it and the file was there": {before: file, completion: []wayFault{{status: 404, code: "NoSuchUpload"}}, want: "NoSuchUpload"},
		"not when another client has aborted it before its completion, whose response was lost, and another file is there": {
			before: content(5), completion: []wayFault{{status: 503}, {status: 404, code: "NoSuchUpload"}}, want: "NoSuchUpload",
		},
		// S3 keeps no byte for the upload whose id no client has (docs/decisions/idempotency.md).
		"after a lost response of the API, leaving an upload without parts": {api: []wayFault{lost}},
	} {
		t.Run(name, func(t *testing.T) {
			clear(a.storage.objects)
			clear(a.storage.uploads)
			if test.before != nil {
				a.storage.objects["big"] = test.before
			}
			a.api.faults = map[string][]wayFault{"POST ": test.api}
			a.s3.faults = map[string][]wayFault{"PUT /bucket/big?": test.parts, "POST /bucket/big?X-Amz": test.completion}
			err := a.PutFile(t.Context(), "big", bytes.NewReader(file), inParts, client.UploadOptions{})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want %q", err, test.want)
			}
			if got := sha256.Sum256(a.storage.objects["big"]); err == nil && got != want {
				t.Errorf("%d other bytes are stored", len(a.storage.objects["big"]))
			}
			for id, parts := range a.storage.uploads {
				if err == nil && (len(parts) > 0 || len(test.api) == 0) {
					t.Errorf("the upload %s is left with %d parts", id, len(parts))
				}
			}
		})
	}
}

func TestAnUploadIsResumed(t *testing.T) {
	a := newClientAPI(t, 1<<20)
	file := content(inParts)
	a.s3.match = func(r *http.Request) []wayFault {
		if r.URL.Query().Get("partNumber") == "2" {
			return []wayFault{{status: 500, code: "InternalError"}}
		}
		return nil
	}
	reported := 0
	err := a.PutFile(t.Context(), "big", bytes.NewReader(file), inParts, client.UploadOptions{
		Concurrency: 1, Progress: func(client.Upload) { reported++ },
	})
	unfinished := new(client.Unfinished)
	if !errors.As(err, &unfinished) || len(unfinished.Upload.Parts) != 1 || reported != 1 {
		t.Fatalf("error %v after %d reports, want an unfinished upload with one part", err, reported)
	}
	a.s3.match = nil
	stored, err := json.Marshal(unfinished.Upload)
	if err != nil {
		t.Fatal(err)
	}
	resume := func(t *testing.T, file []byte) (sent int) {
		t.Helper()
		var upload client.Upload
		if err := json.Unmarshal(stored, &upload); err != nil {
			t.Fatal(err)
		}
		before := a.s3.count("PUT /bucket/big?")
		if err := a.PutFile(t.Context(), "big", bytes.NewReader(file), inParts, client.UploadOptions{Resume: &upload}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.storage.objects["big"], file) {
			t.Error("other bytes are stored")
		}
		return a.s3.count("PUT /bucket/big?") - before
	}
	parts := a.storage.uploads[unfinished.Upload.ID]
	kept := map[string][]byte{"1": parts["1"]}
	t.Run("only the part that S3 lacks is sent", func(t *testing.T) {
		if sent := resume(t, file); sent != 1 {
			t.Errorf("%d parts were sent, want 1", sent)
		}
	})
	t.Run("a part that has changed in the file is sent again", func(t *testing.T) {
		a.storage.uploads[unfinished.Upload.ID] = kept
		changed := bytes.Clone(file)
		changed[7]++
		if sent := resume(t, changed); sent != 2 {
			t.Errorf("%d parts were sent, want 2", sent)
		}
	})
	t.Run("another file is rejected", func(t *testing.T) {
		err := a.PutFile(t.Context(), "big", bytes.NewReader(file), 5, client.UploadOptions{Resume: &unfinished.Upload})
		if err == nil || !strings.Contains(err.Error(), "upload to resume is of 104857601 bytes") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("an aborted upload frees its parts, and aborting it again is no error", func(t *testing.T) {
		a.storage.uploads[unfinished.Upload.ID] = kept
		for range 2 {
			if err := a.AbortUpload(t.Context(), unfinished.Upload); err != nil || len(a.storage.uploads) > 0 {
				t.Errorf("error %v, %d uploads are left", err, len(a.storage.uploads))
			}
		}
	})
}

func TestAClientDownloads(t *testing.T) {
	const streamMax = 5000
	small, large := content(4000), content(9000)
	for name, test := range map[string]struct {
		file    []byte
		options client.DownloadOptions
		api, s3 []wayFault
		changed bool // after the first byte
		want    error
		text    string // in the error
	}{
		"a small file from the API":                 {file: small},
		"a large one from S3":                       {file: large},
		"an empty one":                              {file: []byte{}},
		"one whose stream breaks off, twice":        {file: small, api: []wayFault{{cutAt: 100}, {cutAt: 1000}}},
		"one that breaks off at S3":                 {file: large, s3: []wayFault{{}, {cutAt: 100}}},
		"one whose URL at S3 has expired":           {file: large, s3: []wayFault{{}, {status: 403, code: "AccessDenied"}}},
		"one after throttling and a fault":          {file: small, api: []wayFault{{status: 429, after: "0"}, {status: 503, after: "0"}}},
		"not one that is replaced as it breaks off": {file: small, api: []wayFault{{cutAt: 100}}, changed: true, want: transport.ErrPrecondition},
		"not one that breaks off without end":       {file: small, api: []wayFault{{cutAt: 100}, {dropped: true}, {dropped: true}, {dropped: true}, {dropped: true}}, text: "continuing a after 100 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newClientAPI(t, streamMax)
			a.storage.objects["a"] = test.file
			a.api.faults, a.s3.faults = map[string][]wayFault{"GET ": test.api}, map[string][]wayFault{"GET ": test.s3}
			file, err := a.File(t.Context(), "a", test.options)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			if file.Size != int64(len(test.file)) {
				t.Errorf("size %d, want %d", file.Size, len(test.file))
			}
			if test.changed {
				a.storage.mu.Lock()
				a.storage.objects["a"] = content(4001)
				a.storage.mu.Unlock()
			}
			got, err := io.ReadAll(file)
			if !errors.Is(err, test.want) && test.text == "" || err != nil && !strings.Contains(err.Error(), test.text) || test.text != "" && err == nil {
				t.Fatalf("error %v, want %v %q", err, test.want, test.text)
			}
			if err == nil && !bytes.Equal(got, test.file) {
				t.Errorf("%d bytes, want the file's %d", len(got), len(test.file))
			}
		})
	}
}

func TestADownloadContinuesWhatACallerHas(t *testing.T) {
	a := newClientAPI(t, 5000)
	file := content(4000)
	a.storage.objects["a"] = file
	info, err := a.Stat(t.Context(), "a")
	if err != nil || info.Size != 4000 {
		t.Fatalf("%+v %v", info, err)
	}
	for name, test := range map[string]struct {
		options client.DownloadOptions
		want    []byte
		err     error
	}{
		"the rest of a version":    {client.DownloadOptions{Offset: 3000, ETag: info.ETag}, file[3000:], nil},
		"nothing of what is whole": {client.DownloadOptions{Offset: 4000, ETag: info.ETag}, []byte{}, nil},
		"not of another version":   {client.DownloadOptions{Offset: 3000, ETag: `"other"`}, nil, transport.ErrPrecondition},
	} {
		t.Run(name, func(t *testing.T) {
			opened, err := a.File(t.Context(), "a", test.options)
			if !errors.Is(err, test.err) {
				t.Fatalf("error %v, want %v", err, test.err)
			}
			if err != nil {
				return
			}
			defer func() { _ = opened.Close() }()
			if got, err := io.ReadAll(opened); err != nil || !bytes.Equal(got, test.want) {
				t.Errorf("%d bytes, want %d; error %v", len(got), len(test.want), err)
			}
		})
	}
	if _, err := a.File(t.Context(), "missing", client.DownloadOptions{}); !errors.Is(err, transport.ErrNotFound) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := a.File(t.Context(), "a", client.DownloadOptions{Offset: 1}); err == nil || !strings.Contains(err.Error(), "needs the ETag") {
		t.Errorf("without a version: %v", err)
	}
}

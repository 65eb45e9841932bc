package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
)

const (
	// maxUploadRequest bounds the body of an upload request, in bytes.
	maxUploadRequest = 4 << 10
	// maxUploadID bounds an upload id in characters; S3 documents no limit.
	maxUploadID = 1024
)

// uploadRequest asks for an upload, or for further parts of one.
type uploadRequest struct {
	Size        int64  `json:"size"`
	ContentType string `json:"content_type"`
	UploadID    string `json:"upload_id"`
	Part        *int32 `json:"part"`
}

func (h *Handler) uploadFile(ctx context.Context, r *request) (*response, error) {
	key, err := r.fileKey(fault.Invalid)
	if err != nil {
		return nil, err
	}
	params, err := r.uploadRequest()
	if err != nil {
		return nil, err
	}
	var upload files.Upload
	status := http.StatusCreated
	if params.UploadID == "" {
		upload, err = h.Files.Upload(ctx, key, params.Size, params.ContentType)
	} else {
		status = http.StatusOK // nothing is created
		upload, err = h.Files.Parts(ctx, key, params.UploadID, params.Size, params.firstPart())
	}
	if err != nil {
		return nil, err
	}
	resp, err := jsonResponse(status, upload)
	if err != nil {
		return nil, err
	}
	resp.header.Set("Cache-Control", "no-store")
	return resp, nil
}

// uploadRequest parses the body; an empty one asks for an upload of unknown size.
func (r *request) uploadRequest() (params uploadRequest, err error) {
	if r.rawBody == "" {
		return params, nil
	}
	body, err := r.json(maxUploadRequest)
	if err != nil {
		return params, err
	}
	if unknown := unknownMembers(body); len(unknown) > 0 {
		return params, fault.New(fault.Invalid, "an upload request has the members %s, not %q", strings.Join(uploadMembers, ", "), unknown)
	}
	if err := json.Unmarshal(body, &params); err != nil || params.Size < 0 {
		return params, fault.New(fault.Invalid, `an upload request must be {"size": bytes, "content_type": "..."}, both optional, and one for further parts {"upload_id": "...", "size": bytes, "part": number}`)
	}
	if problems := params.validate(); len(problems) > 0 {
		return params, fault.New(fault.Invalid, "%s", strings.Join(problems, "; "))
	}
	return params, nil
}

// uploadMembers are the JSON members of an uploadRequest.
var uploadMembers = []string{"size", "content_type", "upload_id", "part"}

// unknownMembers returns the unknown members of a JSON object. encoding/json matches names case-insensitively and
// ignores unknown ones, so a misspelled size would count as none.
func unknownMembers(body []byte) (unknown []string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return nil // the caller's json.Unmarshal reports it
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(uploadMembers, name) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// validate returns what is wrong with the combination of members.
func (u uploadRequest) validate() (all []string) {
	if u.ContentType != "" && (!validMediaType(u.ContentType) || !isPrintableASCII(u.ContentType, maxMediaType)) {
		all = append(all, fmt.Sprintf(`content_type must be a media type such as "text/plain; charset=utf-8", in at most %d characters of ASCII`, maxMediaType))
	}
	if u.UploadID == "" {
		if u.Part != nil {
			all = append(all, "part requires the upload_id of a started upload")
		}
		return all
	}
	if !validUploadID(u.UploadID) {
		all = append(all, "upload_id must be the one that the API returned")
	}
	if u.ContentType != "" {
		all = append(all, "content_type cannot be changed after the start of an upload")
	}
	return all
}

// firstPart returns the number of the first requested part.
func (u uploadRequest) firstPart() int32 {
	if u.Part == nil {
		return 1
	}
	return *u.Part
}

// validUploadID reports whether id can be an upload id of S3: it becomes part of URLs, and S3 checks that the upload
// exists.
func validUploadID(id string) bool {
	return isPrintableASCII(id, maxUploadID) && !strings.Contains(id, " ")
}

// isPrintableASCII reports whether text has at most limit characters, all of them printable ASCII.
func isPrintableASCII(text string, limit int) bool {
	return len(text) <= limit && !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' })
}

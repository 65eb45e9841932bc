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
	// maxUploadRequest is the bytes of a request for an upload.
	maxUploadRequest = 4 << 10
	// maxUploadID is the characters of an upload's id, of which S3 says nothing.
	maxUploadID = 1024
)

// uploadRequest asks for an upload, or for more of the parts of one.
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

// uploadRequest reads the request's body; none asks for an upload of any size.
func (r *request) uploadRequest() (params uploadRequest, err error) {
	if r.rawBody == "" {
		return params, nil
	}
	body, err := r.json(maxUploadRequest)
	if err != nil {
		return params, err
	}
	if unknown := unknownMembers(body); len(unknown) > 0 {
		return params, fault.New(fault.Invalid, "an upload is asked for with %s, not with %q", strings.Join(uploadMembers, ", "), unknown)
	}
	if err := json.Unmarshal(body, &params); err != nil || params.Size < 0 {
		return params, fault.New(fault.Invalid, `an upload is asked for with {"size": bytes, "content_type": "..."}, both optional, and more of its parts with {"upload_id": "...", "size": bytes, "part": number}`)
	}
	if problems := params.validate(); len(problems) > 0 {
		return params, fault.New(fault.Invalid, "%s", strings.Join(problems, "; "))
	}
	return params, nil
}

// uploadMembers are the names of the members of an uploadRequest.
var uploadMembers = []string{"size", "content_type", "upload_id", "part"}

// unknownMembers returns the names of an object's other members. encoding/json
// takes a name whatever the case of its letters, and goes past one it does not know,
// so that a misspelled size would be no size.
func unknownMembers(body []byte) (unknown []string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return nil // which is said of the whole
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(uploadMembers, name) {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// problems are all that is wrong with the members together.
func (u uploadRequest) validate() (all []string) {
	if u.ContentType != "" && (!validMediaType(u.ContentType) || !isPrintableASCII(u.ContentType, maxMediaType)) {
		all = append(all, fmt.Sprintf(`content_type is a media type such as "text/plain; charset=utf-8", in at most %d characters of ASCII`, maxMediaType))
	}
	if u.UploadID == "" {
		if u.Part != nil {
			all = append(all, "part goes with the upload_id of an upload that was started")
		}
		return all
	}
	if !validUploadID(u.UploadID) {
		all = append(all, "upload_id is the one that the upload was answered with")
	}
	if u.ContentType != "" {
		all = append(all, "content_type is that of the upload, which was started with one or none")
	}
	return all
}

// first is the number of the first part that is asked for.
func (u uploadRequest) firstPart() int32 {
	if u.Part == nil {
		return 1
	}
	return *u.Part
}

// validUploadID reports whether an id can be one of S3's: it goes into addresses,
// and S3 knows whether there is such an upload of the key.
func validUploadID(id string) bool {
	return isPrintableASCII(id, maxUploadID) && !strings.Contains(id, " ")
}

// visible reports whether a text has at most so many characters, all of ASCII
// and none of them a control character.
func isPrintableASCII(text string, most int) bool {
	return len(text) <= most && !strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c > '~' })
}

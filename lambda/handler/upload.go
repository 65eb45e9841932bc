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
	size        int64
	contentType string
	uploadID    string
	part        *int32
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
	if params.uploadID == "" {
		upload, err = h.Files.Upload(ctx, key, params.size, params.contentType)
	} else {
		status = http.StatusOK // nothing is created
		upload, err = h.Files.Parts(ctx, key, params.uploadID, params.size, params.firstPart())
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
	params, problems := parseUploadRequest(body)
	if len(problems) > 0 {
		return params, fault.New(fault.Invalid, "%s", strings.Join(problems, "; "))
	}
	return params, nil
}

// uploadMember is a member of an upload request: what decodes it, and what it must be.
type uploadMember struct {
	decode func(*uploadRequest, json.RawMessage) bool
	mustBe string
}

// uploadMembers returns the members by name. It is no variable, which every cold start would initialize.
func uploadMembers() map[string]uploadMember {
	return map[string]uploadMember{
		"size":         {(*uploadRequest).decodeSize, fmt.Sprintf("an integer from 0 to %d, the file's bytes", files.MaxSize)},
		"content_type": {(*uploadRequest).decodeContentType, fmt.Sprintf(`a media type such as "text/plain; charset=utf-8", in at most %d characters of ASCII`, maxMediaType)},
		"upload_id":    {(*uploadRequest).decodeUploadID, "the one that the API returned"},
		"part":         {(*uploadRequest).decodePart, fmt.Sprintf("an integer from 1 to %d", files.MaxParts)},
	}
}

// parseUploadRequest returns all problems of a body, each with its member. API Gateway does not check this body against
// its schema: its response could not name the member, since templates of gateway responses do not escape the client's
// text. Members are matched exactly: encoding/json ignores letter case and unknown names, so a misspelled size would
// count as none.
func parseUploadRequest(body []byte) (u uploadRequest, problems []string) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return u, []string{"an upload request must be a JSON object"}
	}
	accepted := uploadMembers()
	known := strings.Join(slices.Sorted(maps.Keys(accepted)), ", ")
	for _, name := range slices.Sorted(maps.Keys(members)) {
		member, ok := accepted[name]
		switch {
		case !ok:
			problems = append(problems, fmt.Sprintf("%q is not a member of an upload request, which has %s", name, known))
		case string(members[name]) == "null" || !member.decode(&u, members[name]):
			problems = append(problems, name+" must be "+member.mustBe)
		}
	}
	return u, append(problems, combinationProblems(members)...)
}

// combinationProblems returns what is wrong with the members that a request has, whatever their values are.
func combinationProblems(members map[string]json.RawMessage) (problems []string) {
	_, hasUpload := members["upload_id"]
	_, hasPart := members["part"]
	_, hasType := members["content_type"]
	if hasPart && !hasUpload {
		problems = append(problems, "part requires the upload_id of a started upload")
	}
	if hasType && hasUpload {
		problems = append(problems, "content_type cannot be changed after the start of an upload")
	}
	return problems
}

func (u *uploadRequest) decodeSize(value json.RawMessage) bool {
	return json.Unmarshal(value, &u.size) == nil && u.size >= 0 && u.size <= files.MaxSize
}

func (u *uploadRequest) decodeContentType(value json.RawMessage) bool {
	return json.Unmarshal(value, &u.contentType) == nil && validMediaType(u.contentType) && isPrintableASCII(u.contentType, maxMediaType)
}

func (u *uploadRequest) decodeUploadID(value json.RawMessage) bool {
	return json.Unmarshal(value, &u.uploadID) == nil && u.uploadID != "" && validUploadID(u.uploadID)
}

func (u *uploadRequest) decodePart(value json.RawMessage) bool {
	return json.Unmarshal(value, &u.part) == nil && *u.part >= 1 && *u.part <= files.MaxParts
}

// firstPart returns the number of the first requested part.
func (u uploadRequest) firstPart() int32 {
	if u.part == nil {
		return 1
	}
	return *u.part
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

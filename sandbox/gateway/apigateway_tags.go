package gateway

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// tagResource makes new tags show in the resource itself, where AWS answers
// them too; the emulator answers them from ListTags only.
// https://docs.aws.amazon.com/apigateway/latest/api/API_TagResource.html
func tagResource(x *exchange) error {
	var request struct {
		Tags map[string]any `json:"tags"`
	}
	if err := decodeCall(x.body, &request); err != nil {
		return fmt.Errorf("decode the tags: %w", err)
	}
	return x.changeTags(func(tags map[string]any) { maps.Copy(tags, request.Tags) })
}

// untagResource is the same for tags taken away.
// https://docs.aws.amazon.com/apigateway/latest/api/API_UntagResource.html
func untagResource(x *exchange) error {
	return x.changeTags(func(tags map[string]any) {
		for _, key := range x.r.URL.Query()["tagKeys"] {
			delete(tags, key)
		}
	})
}

func (x *exchange) changeTags(change func(map[string]any)) error {
	_, resource, ok := strings.Cut(x.r.PathValue("arn"), "::")
	if !ok {
		return nil
	}
	var object map[string]any
	if err := x.g.admin.rest(x.r.Context(), "apigateway", http.MethodGet, resource, nil, &object); err != nil {
		return fmt.Errorf("read the tags of %s: %w", resource, err)
	}
	tags := map[string]any{}
	if current, ok := object["tags"].(map[string]any); ok {
		maps.Copy(tags, current)
	}
	if remembered, ok := x.g.fields.get(resource)["tags"].(map[string]any); ok {
		tags = maps.Clone(remembered)
	}
	change(tags)
	x.g.fields.set(resource, map[string]any{"tags": tags})
	return nil
}

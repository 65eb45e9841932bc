package apigateway

import (
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// tagResource adds new tags to the resource itself, where AWS returns them too.
// The emulator returns them from ListTags only.
// https://docs.aws.amazon.com/apigateway/latest/api/API_TagResource.html
func tagResource(x *call.Exchange) error {
	var request struct {
		Tags map[string]any `json:"tags"`
	}
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	return changeTags(x, func(tags map[string]any) { maps.Copy(tags, request.Tags) })
}

// untagResource removes tags from the resource itself.
// https://docs.aws.amazon.com/apigateway/latest/api/API_UntagResource.html
func untagResource(x *call.Exchange) error {
	return changeTags(x, func(tags map[string]any) {
		for _, key := range x.Request.URL.Query()["tagKeys"] {
			delete(tags, key)
		}
	})
}

func changeTags(x *call.Exchange, change func(map[string]any)) error {
	_, resource, ok := strings.Cut(x.Request.PathValue("arn"), "::")
	if !ok {
		return nil
	}
	var object map[string]any
	if err := x.Emulator.Rest(x.Request.Context(), "apigateway", http.MethodGet, resource, nil, &object); err != nil {
		return fmt.Errorf("read the tags of %s: %w", resource, err)
	}
	tags := map[string]any{}
	if current, ok := object["tags"].(map[string]any); ok {
		maps.Copy(tags, current)
	}
	if stored, ok := x.Fields.Get(resource)["tags"].(map[string]any); ok {
		tags = maps.Clone(stored)
	}
	change(tags)
	x.Fields.Set(resource, map[string]any{"tags": tags})
	return nil
}

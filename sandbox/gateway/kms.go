package gateway

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// namedKMS is an alias with the key that it is for: whoever sets one must be allowed on both.
func (g *Gateway) namedKMS(ctx context.Context, _ string, x *exchange) ([]iampolicy.Resource, error) {
	var call struct{ AliasName, TargetKeyID string }
	if err := decodeCall(x.body, &call); err != nil || call.AliasName == "" {
		return nil, nil //nolint:nilerr // what cannot be read names nothing
	}
	all := []iampolicy.Resource{{ARN: g.arn("kms", call.AliasName)}}
	if call.TargetKeyID == "" {
		return all, nil
	}
	key := call.TargetKeyID[strings.LastIndex(call.TargetKeyID, "/")+1:]
	keys, err := g.keyTags(ctx, key)
	return append(all, iampolicy.Resource{ARN: g.arn("kms", "key/"+key), Keys: keys}), err
}

// keyTags are those of a key; one that is not there has none.
func (g *Gateway) keyTags(ctx context.Context, key string) (map[string][]string, error) {
	var answer struct {
		Tags []struct{ TagKey, TagValue string }
	}
	err := g.admin.target(ctx, "kms", "TrentService.ListResourceTags", map[string]string{"KeyId": key}, &answer)
	var missing *callError
	if err != nil && !errors.As(err, &missing) {
		return nil, err
	}
	keys := map[string][]string{}
	for _, tag := range answer.Tags {
		keys["aws:resourcetag/"+strings.ToLower(tag.TagKey)] = []string{tag.TagValue}
	}
	return keys, nil
}

// kmsBounds are those of the calls that give something its physical name, of the API reference.
var kmsBounds = map[string]boundedCall{
	"CreateAlias": boundOf("ValidationException", "AliasName", 256, aliasName),
}

var aliasName = regexp.MustCompile(`^alias/[A-Za-z0-9:/_-]+$`)

func (g *Gateway) kmsCalls() service {
	return service{name: "kms", target: "TrentService.", other: reading((*exchange).forward), bounds: kmsBounds, resources: g.namedKMS}
}

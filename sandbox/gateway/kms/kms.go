// Package kms corrects KMS.
package kms

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// resources is an alias with the key that it is for: whoever sets one must be allowed on both.
func (s *service) resources(ctx context.Context, _ string, x *call.Exchange) ([]iampolicy.Resource, error) {
	var request struct{ AliasName, TargetKeyID string }
	if err := call.Decode(x.Body, &request); err != nil || request.AliasName == "" {
		return nil, nil //nolint:nilerr // what cannot be read names nothing
	}
	all := []iampolicy.Resource{{ARN: s.ARN("kms", request.AliasName)}}
	if request.TargetKeyID == "" {
		return all, nil
	}
	key := request.TargetKeyID[strings.LastIndex(request.TargetKeyID, "/")+1:]
	keys, err := s.keyTags(ctx, key)
	return append(all, iampolicy.Resource{ARN: s.ARN("kms", "key/"+key), Keys: keys}), err
}

// keyTags are those of a key; one that is not there has none.
func (s *service) keyTags(ctx context.Context, key string) (map[string][]string, error) {
	var response struct {
		Tags []struct{ TagKey, TagValue string }
	}
	err := s.Emulator.Target(ctx, "kms", "TrentService.ListResourceTags", map[string]string{"KeyId": key}, &response)
	var missing *emulator.Error
	if err != nil && !errors.As(err, &missing) {
		return nil, err
	}
	keys := map[string][]string{}
	for _, tag := range response.Tags {
		keys["aws:resourcetag/"+strings.ToLower(tag.TagKey)] = []string{tag.TagValue}
	}
	return keys, nil
}

// bounds are those of the calls that give something its physical name, of the API reference.
var bounds = map[string]call.BoundedCall{
	"CreateAlias": call.BoundOf("ValidationException", "AliasName", 256, aliasName),
}

var aliasName = regexp.MustCompile(`^alias/[A-Za-z0-9:/_-]+$`)

// service is KMS as the gateway corrects it.
type service struct {
	*call.Account
}

// New describes the service for an account.
func New(a *call.Account) call.Service {
	return (&service{Account: a}).calls()
}

func (s *service) calls() call.Service {
	return call.Service{Name: "kms", Target: "TrentService.", Other: call.WithBody((*call.Exchange).Forward), Bounds: bounds, Resources: s.resources}
}

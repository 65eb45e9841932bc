// Package kms corrects the emulator's KMS API.
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

// service corrects KMS.
type service struct {
	*call.Account
}

// New returns the corrected calls of KMS.
func New(a *call.Account) call.Service {
	s := &service{Account: a}
	return call.Service{Name: "kms", Target: "TrentService.", Other: call.WithBody((*call.Exchange).Forward), Bounds: bounds, Resources: s.resources}
}

// resources returns an alias and its key: CreateAlias requires the permission on both.
func (s *service) resources(ctx context.Context, _ string, x *call.Exchange) ([]iampolicy.Resource, error) {
	var request struct{ AliasName, TargetKeyID string }
	if err := x.DecodeRequest(&request); err != nil || request.AliasName == "" {
		return nil, nil //nolint:nilerr // an invalid request has no resources
	}
	all := []iampolicy.Resource{{ARN: s.ARN("kms", request.AliasName)}}
	if request.TargetKeyID == "" {
		return all, nil
	}
	key := request.TargetKeyID[strings.LastIndex(request.TargetKeyID, "/")+1:]
	keys, err := s.keyTags(ctx, key)
	return append(all, iampolicy.Resource{ARN: s.ARN("kms", "key/"+key), Keys: keys}), err
}

// keyTags returns the tags of a key, which are none if it does not exist.
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

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	"CreateAlias": call.BoundOf("ValidationException", "AliasName", 256, aliasName),
}

var aliasName = regexp.MustCompile(`^alias/[A-Za-z0-9:/_-]+$`)

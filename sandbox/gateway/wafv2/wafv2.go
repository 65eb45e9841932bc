// Package wafv2 corrects the emulator's WAF API.
package wafv2

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

const target = "AWSWAF_20190729."

// firewalls hold what the emulator drops of web ACLs: logging by ARN and data protection by ID.
type firewalls struct {
	mu        sync.Mutex
	logging   map[string]map[string]any
	protected map[string]any
}

func newFirewalls() *firewalls {
	return &firewalls{logging: map[string]map[string]any{}, protected: map[string]any{}}
}

// service corrects WAF.
type service struct {
	*call.Account
	firewalls *firewalls
}

// New returns the corrected calls of WAF: those for logging, which the emulator does not support, and those that
// return the data protection of web ACLs, which the emulator drops.
func New(a *call.Account) call.Service {
	s := &service{Account: a, firewalls: newFirewalls()}
	return call.Service{
		Name: "wafv2", Target: target, Other: call.WithBody((*call.Exchange).Forward), Bounds: bounds, Resources: s.resources,
		Operations: map[string]call.Handler{
			"CreateWebACL":               call.WithBody(call.After(s.storeDataProtection)),
			"UpdateWebACL":               call.WithBody(call.After(s.storeDataProtection)),
			"GetWebACL":                  call.WithBody(call.After(s.fillDataProtection)),
			"GetWebACLForResource":       call.WithBody(call.After(s.fillDataProtection)),
			"AssociateWebACL":            call.WithBody(call.After(associateWebACL)),
			"DisassociateWebACL":         call.WithBody(call.After(associateWebACL)),
			"DeleteWebACL":               call.WithBody(call.After(s.webACLDeleted)),
			"PutLoggingConfiguration":    call.Instead(s.putLogging),
			"GetLoggingConfiguration":    call.Instead(s.getLogging),
			"DeleteLoggingConfiguration": call.Instead(s.deleteLogging),
			"ListLoggingConfigurations":  call.Instead(s.listLogging),
		},
	}
}

// destination matches a log group, delivery stream or bucket whose name has the prefix that WAF requires.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_LoggingConfiguration.html
var destination = regexp.MustCompile(`^arn:aws:(logs:[^:]+:\d+:log-group:|firehose:[^:]+:\d+:deliverystream/|s3:::)aws-waf-logs-[^:*]*$`)

// redactable are the fields that can be redacted from a log.
var redactable = []string{"Method", "QueryString", "SingleHeader", "UriPath"}

// putLogging stores a configuration, which replaces the one before.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_PutLoggingConfiguration.html
func (s *service) putLogging(x *call.Exchange) error {
	var request struct{ LoggingConfiguration map[string]any }
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	config := request.LoggingConfiguration
	destinations, _ := config["LogDestinationConfigs"].([]any)
	if len(destinations) != 1 || !destination.MatchString(fmt.Sprint(destinations[0])) {
		return x.Reject(http.StatusBadRequest, "WAFInvalidParameterException",
			"Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes., field: LOG_DESTINATION, parameter: "+fmt.Sprint(destinations...))
	}
	fields, _ := config["RedactedFields"].([]any)
	for _, field := range fields {
		if !hasOne(field, redactable) {
			return x.Reject(http.StatusBadRequest, "WAFInvalidParameterException", "Error reason: a field of this kind cannot be redacted, field: REDACTED_FIELDS")
		}
	}
	acls, err := webACLs(x)
	if err != nil {
		return err
	}
	if !acls[call.StringMember(config, "ResourceArn")] {
		return x.Reject(http.StatusBadRequest, "WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist.")
	}
	f := s.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logging[call.StringMember(config, "ResourceArn")] = config
	return x.RespondJSON(http.StatusOK, map[string]any{"LoggingConfiguration": config})
}

// hasOne reports whether the object has one of the members.
func hasOne(object any, members []string) bool {
	of, _ := object.(map[string]any)
	for _, member := range members {
		if of[member] != nil {
			return true
		}
	}
	return false
}

// webACLs returns the ARNs of the existing web ACLs.
func webACLs(x *call.Exchange) (map[string]bool, error) {
	var list struct{ WebACLs []struct{ ARN string } }
	if err := x.Emulator.Target(x.Request.Context(), "wafv2", target+"ListWebACLs", map[string]any{"Scope": "REGIONAL"}, &list); err != nil {
		return nil, fmt.Errorf("list the web ACLs: %w", err)
	}
	existing := map[string]bool{}
	for _, acl := range list.WebACLs {
		existing[acl.ARN] = true
	}
	return existing, nil
}

func (s *service) getLogging(x *call.Exchange) error    { return s.logging(x, false) }
func (s *service) deleteLogging(x *call.Exchange) error { return s.logging(x, true) }

// logging returns or deletes the configuration of a web ACL.
func (s *service) logging(x *call.Exchange, remove bool) error {
	var request struct{ ResourceArn string }
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	f := s.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	config, ok := f.logging[request.ResourceArn]
	if !ok {
		return x.Reject(http.StatusBadRequest, "WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist.")
	}
	if remove {
		delete(f.logging, request.ResourceArn)
		return x.RespondJSON(http.StatusOK, map[string]any{})
	}
	return x.RespondJSON(http.StatusOK, map[string]any{"LoggingConfiguration": config})
}

func (s *service) listLogging(x *call.Exchange) error {
	f := s.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]any, 0, len(f.logging))
	for _, config := range f.logging {
		all = append(all, config)
	}
	return x.RespondJSON(http.StatusOK, map[string]any{"LoggingConfigurations": all})
}

// storeDataProtection stores the data protection, which the emulator drops. The ID is the end of the ARN.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_DataProtectionConfig.html
func (s *service) storeDataProtection(x *call.Exchange) error {
	var request map[string]any
	var response struct{ Summary struct{ ID string } }
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	if err := x.DecodeResponse(&response); err != nil {
		return err
	}
	id := response.Summary.ID
	if id == "" {
		id = call.StringMember(request, "Id")
	}
	f := s.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.protected[id] = request["DataProtectionConfig"]; request["DataProtectionConfig"] == nil {
		delete(f.protected, id)
	}
	return nil
}

func (s *service) fillDataProtection(x *call.Exchange) error {
	var response map[string]any
	if err := x.DecodeResponse(&response); err != nil {
		return err
	}
	acl, _ := response["WebACL"].(map[string]any)
	f := s.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	config, ok := f.protected[call.StringMember(acl, "Id")]
	if !ok {
		return nil
	}
	acl["DataProtectionConfig"] = config
	return x.RespondJSON(http.StatusOK, response)
}

// associateWebACL stores a stage's web ACL, which API Gateway returns with the stage.
// https://docs.aws.amazon.com/apigateway/latest/api/API_Stage.html
func associateWebACL(x *call.Exchange) error {
	var request struct{ ResourceArn, WebACLArn string }
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	var acl any = emulator.Removed{}
	if request.WebACLArn != "" {
		acl = request.WebACLArn
	}
	if _, stage, ok := strings.Cut(request.ResourceArn, "::"); ok {
		x.Fields.Set(stage, map[string]any{"webAclArn": acl})
	}
	return nil
}

// webACLDeleted deletes the data protection and the logging of a web ACL.
func (s *service) webACLDeleted(x *call.Exchange) error {
	var request struct{ ID string }
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	f := s.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.protected, request.ID)
	for arn := range f.logging {
		if strings.HasSuffix(arn, "/"+request.ID) {
			delete(f.logging, arn)
		}
	}
	return nil
}

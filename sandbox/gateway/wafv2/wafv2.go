// Package wafv2 corrects WAF.
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

// firewalls hold what the emulator forgets of web ACLs, by ARN: logging and data protection.
type firewalls struct {
	mu        sync.Mutex
	logging   map[string]map[string]any
	protected map[string]any
}

func newFirewalls() *firewalls {
	return &firewalls{logging: map[string]map[string]any{}, protected: map[string]any{}}
}

// service is WAF as the gateway corrects it.
type service struct {
	*call.Account
	firewalls *firewalls
}

// New describes the service for an account.
func New(a *call.Account) call.Service {
	return (&service{Account: a, firewalls: newFirewalls()}).calls()
}

// calls answer the calls about logging, which the emulator lacks, and put the data protection back into web ACLs.
func (s *service) calls() call.Service {
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

// destination is a log group, delivery stream or bucket whose name has the prefix that WAF wants.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_LoggingConfiguration.html
var destination = regexp.MustCompile(`^arn:aws:(logs:[^:]+:\d+:log-group:|firehose:[^:]+:\d+:deliverystream/|s3:::)aws-waf-logs-[^:*]*$`)

// redactable are the fields that a log can leave out.
var redactable = []string{"Method", "QueryString", "SingleHeader", "UriPath"}

// putLogging keeps a configuration as AWS does: the whole of it replaces the one before.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_PutLoggingConfiguration.html
func (s *service) putLogging(x *call.Exchange) error {
	var request struct{ LoggingConfiguration map[string]any }
	if err := call.Decode(x.Body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
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
	if protected, err := webACLs(x); err != nil || !protected[call.StringMember(config, "ResourceArn")] {
		if err != nil {
			return err
		}
		return x.Reject(http.StatusBadRequest, "WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist.")
	}
	f := s.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logging[call.StringMember(config, "ResourceArn")] = config
	return x.RespondJSON(http.StatusOK, map[string]any{"LoggingConfiguration": config})
}

// hasOne says whether the object has one of the members.
func hasOne(object any, members []string) bool {
	of, _ := object.(map[string]any)
	for _, member := range members {
		if of[member] != nil {
			return true
		}
	}
	return false
}

// webACLs are the ARNs of those that there are.
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

// logging answers about the configuration of one web ACL, which is gone where it was deleted.
func (s *service) logging(x *call.Exchange, remove bool) error {
	var request struct{ ResourceArn string }
	if err := call.Decode(x.Body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
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

// protectWebACL remembers the data protection that the emulator drops. The id is the end of the ARN.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_DataProtectionConfig.html
func (s *service) storeDataProtection(x *call.Exchange) error {
	var request map[string]any
	var response struct{ Summary struct{ ID string } }
	if err := call.Decode(x.Body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	if err := call.Decode(x.Response, &response); err != nil {
		return fmt.Errorf("decode the emulator's answer: %w", err)
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
	if err := call.Decode(x.Response, &response); err != nil {
		return fmt.Errorf("decode the emulator's answer: %w", err)
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

// associateWebACL puts a stage's web ACL into what API Gateway shows of the stage.
// https://docs.aws.amazon.com/apigateway/latest/api/API_Stage.html
func associateWebACL(x *call.Exchange) error {
	var request struct{ ResourceArn, WebACLArn string }
	if err := call.Decode(x.Body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	var shown any = emulator.Removed{}
	if request.WebACLArn != "" {
		shown = request.WebACLArn
	}
	if _, stage, ok := strings.Cut(request.ResourceArn, "::"); ok {
		x.Fields.Set(stage, map[string]any{"webAclArn": shown})
	}
	return nil
}

// forgetWebACL ends the logging with the web ACL.
func (s *service) webACLDeleted(x *call.Exchange) error {
	var request struct{ ID string }
	if err := call.Decode(x.Body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
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

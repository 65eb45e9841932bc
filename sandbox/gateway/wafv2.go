package gateway

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
)

const wafTarget = "AWSWAF_20190729."

// firewalls hold what the emulator forgets of web ACLs, by ARN: logging and data protection.
type firewalls struct {
	mu        sync.Mutex
	logging   map[string]map[string]any
	protected map[string]any
}

func newFirewalls() *firewalls {
	return &firewalls{logging: map[string]map[string]any{}, protected: map[string]any{}}
}

// wafCalls answer the calls about logging, which the emulator lacks, and put the data protection back into web ACLs.
func (g *Gateway) wafCalls() service {
	return service{
		name: "wafv2", target: wafTarget, other: reading((*exchange).forward), bounds: wafv2Bounds, resources: g.namedWAF,
		operations: map[string]handler{
			"CreateWebACL":               reading(after(protectWebACL)),
			"UpdateWebACL":               reading(after(protectWebACL)),
			"GetWebACL":                  reading(after(showProtection)),
			"GetWebACLForResource":       reading(after(showProtection)),
			"AssociateWebACL":            reading(after(associateWebACL)),
			"DisassociateWebACL":         reading(after(associateWebACL)),
			"DeleteWebACL":               reading(after(forgetWebACL)),
			"PutLoggingConfiguration":    instead(putLogging),
			"GetLoggingConfiguration":    instead(getLogging),
			"DeleteLoggingConfiguration": instead(deleteLogging),
			"ListLoggingConfigurations":  instead(listLogging),
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
func putLogging(x *exchange) error {
	var call struct{ LoggingConfiguration map[string]any }
	if err := decodeCall(x.body, &call); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	config := call.LoggingConfiguration
	destinations, _ := config["LogDestinationConfigs"].([]any)
	if len(destinations) != 1 || !destination.MatchString(fmt.Sprint(destinations[0])) {
		return x.answerError(http.StatusBadRequest, "WAFInvalidParameterException",
			"Error reason: The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes., field: LOG_DESTINATION, parameter: "+fmt.Sprint(destinations...))
	}
	fields, _ := config["RedactedFields"].([]any)
	for _, field := range fields {
		if !hasOne(field, redactable) {
			return x.answerError(http.StatusBadRequest, "WAFInvalidParameterException", "Error reason: a field of this kind cannot be redacted, field: REDACTED_FIELDS")
		}
	}
	if protected, err := x.webACLs(); err != nil || !protected[text(config, "ResourceArn")] {
		if err != nil {
			return err
		}
		return x.answerError(http.StatusBadRequest, "WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist.")
	}
	f := x.g.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logging[text(config, "ResourceArn")] = config
	return x.answerJSON(http.StatusOK, map[string]any{"LoggingConfiguration": config})
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
func (x *exchange) webACLs() (map[string]bool, error) {
	var list struct{ WebACLs []struct{ ARN string } }
	if err := x.g.admin.target(x.r.Context(), "wafv2", wafTarget+"ListWebACLs", map[string]any{"Scope": "REGIONAL"}, &list); err != nil {
		return nil, fmt.Errorf("list the web ACLs: %w", err)
	}
	there := map[string]bool{}
	for _, acl := range list.WebACLs {
		there[acl.ARN] = true
	}
	return there, nil
}

func getLogging(x *exchange) error    { return x.logging(false) }
func deleteLogging(x *exchange) error { return x.logging(true) }

// logging answers about the configuration of one web ACL, which is gone where it was deleted.
func (x *exchange) logging(remove bool) error {
	var call struct{ ResourceArn string }
	if err := decodeCall(x.body, &call); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	f := x.g.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	config, ok := f.logging[call.ResourceArn]
	if !ok {
		return x.answerError(http.StatusBadRequest, "WAFNonexistentItemException", "AWS WAF couldn't perform the operation because your resource doesn't exist.")
	}
	if remove {
		delete(f.logging, call.ResourceArn)
		return x.answerJSON(http.StatusOK, map[string]any{})
	}
	return x.answerJSON(http.StatusOK, map[string]any{"LoggingConfiguration": config})
}

func listLogging(x *exchange) error {
	f := x.g.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]any, 0, len(f.logging))
	for _, config := range f.logging {
		all = append(all, config)
	}
	return x.answerJSON(http.StatusOK, map[string]any{"LoggingConfigurations": all})
}

// protectWebACL remembers the data protection that the emulator drops. The id is the end of the ARN.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_DataProtectionConfig.html
func protectWebACL(x *exchange) error {
	var call map[string]any
	var answer struct{ Summary struct{ ID string } }
	if err := decodeCall(x.body, &call); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	if err := decodeCall(x.answer, &answer); err != nil {
		return fmt.Errorf("decode the emulator's answer: %w", err)
	}
	id := answer.Summary.ID
	if id == "" {
		id = text(call, "Id")
	}
	f := x.g.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.protected[id] = call["DataProtectionConfig"]; call["DataProtectionConfig"] == nil {
		delete(f.protected, id)
	}
	return nil
}

func showProtection(x *exchange) error {
	var answer map[string]any
	if err := decodeCall(x.answer, &answer); err != nil {
		return fmt.Errorf("decode the emulator's answer: %w", err)
	}
	acl, _ := answer["WebACL"].(map[string]any)
	f := x.g.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	config, ok := f.protected[text(acl, "Id")]
	if !ok {
		return nil
	}
	acl["DataProtectionConfig"] = config
	return x.answerJSON(http.StatusOK, answer)
}

// associateWebACL puts a stage's web ACL into what API Gateway shows of the stage.
// https://docs.aws.amazon.com/apigateway/latest/api/API_Stage.html
func associateWebACL(x *exchange) error {
	var call struct{ ResourceArn, WebACLArn string }
	if err := decodeCall(x.body, &call); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	var shown any = removed{}
	if call.WebACLArn != "" {
		shown = call.WebACLArn
	}
	if _, stage, ok := strings.Cut(call.ResourceArn, "::"); ok {
		x.g.fields.set(stage, map[string]any{"webAclArn": shown})
	}
	return nil
}

// forgetWebACL ends the logging with the web ACL.
func forgetWebACL(x *exchange) error {
	var call struct{ ID string }
	if err := decodeCall(x.body, &call); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	f := x.g.firewalls
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.protected, call.ID)
	for arn := range f.logging {
		if strings.HasSuffix(arn, "/"+call.ID) {
			delete(f.logging, arn)
		}
	}
	return nil
}

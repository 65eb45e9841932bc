package acm

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

const certificatePending = "PENDING_VALIDATION"

// setValidationStatus leaves a certificate pending until a public hosted zone of
// the account has the validation record of each of its domain names. The
// emulator issues certificates immediately. An issued certificate stays issued.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func (s *service) setValidationStatus(x *call.Exchange, certificate map[string]any) error {
	key := CertificateKey(call.StringMember(certificate, "CertificateArn"))
	if x.Fields.StringMember(key, "issued") != "" {
		return nil
	}
	issued := true
	options, _ := certificate["DomainValidationOptions"].([]any)
	for _, item := range options {
		option, _ := item.(map[string]any)
		record, _ := option["ResourceRecord"].(map[string]any)
		if record == nil {
			continue // validated by mail
		}
		found, err := s.inPublicZone(x.Request.Context(), call.StringMember(record, "Name"), call.StringMember(record, "Type"), call.StringMember(record, "Value"))
		if err != nil {
			return fmt.Errorf("find the validation record of %s: %w", call.StringMember(option, "DomainName"), err)
		}
		if !found {
			option["ValidationStatus"], issued = certificatePending, false
		}
	}
	if !issued {
		certificate["Status"] = certificatePending
		delete(certificate, "IssuedAt")
		return nil
	}
	x.Fields.Set(key, map[string]any{"issued": "yes"})
	return nil
}

// inPublicZone reports whether a public hosted zone of the account has the record.
func (s *service) inPublicZone(ctx context.Context, name, kind, value string) (bool, error) {
	zones, err := s.route53(ctx, "hostedzone")
	if err != nil {
		return false, err
	}
	for _, zone := range zones.First("HostedZones").Items() {
		if zone.Child("Config").Value("PrivateZone") == "true" || !strings.HasSuffix("."+dotted(name), "."+dotted(zone.Value("Name"))) {
			continue
		}
		query := url.Values{"name": {name}, "type": {kind}, "maxitems": {"1"}}
		records, err := s.route53(ctx, strings.TrimPrefix(zone.Value("Id"), "/")+"/rrset?"+query.Encode())
		if err != nil {
			return false, err
		}
		for _, record := range records.First("ResourceRecordSets").Items() {
			if dotted(record.Value("Name")) == dotted(name) && record.Value("Type") == kind && dotted(record.First("Value").Text) == dotted(value) {
				return true, nil
			}
		}
	}
	return false, nil
}

// route53 reads a path of Route 53's API.
func (s *service) route53(ctx context.Context, path string) (*xmltree.Node, error) {
	response, err := s.Emulator.Do(ctx, "route53", http.MethodGet, "/2013-04-01/"+path, http.Header{}, nil)
	if err != nil {
		return nil, err
	}
	return xmltree.Parse(response)
}

// dotted returns a domain name with a final dot.
func dotted(name string) string { return strings.TrimSuffix(strings.TrimSpace(name), ".") + "." }

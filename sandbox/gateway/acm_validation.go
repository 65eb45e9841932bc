package gateway

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const certificatePending = "PENDING_VALIDATION"

// showValidation leaves a certificate pending until a public hosted zone of the
// account has the record that validates each of its names: the emulator issues
// at once. What has been issued stays issued.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func (x *exchange) showValidation(certificate map[string]any) error {
	key := certificateKey(text(certificate, "CertificateArn"))
	if x.g.fields.text(key, "issued") != "" {
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
		found, err := x.g.inPublicZone(x.r.Context(), text(record, "Name"), text(record, "Type"), text(record, "Value"))
		if err != nil {
			return fmt.Errorf("look for the validation record of %s: %w", text(option, "DomainName"), err)
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
	x.g.fields.set(key, map[string]any{"issued": "yes"})
	return nil
}

// inPublicZone says whether a public zone of the account has the record.
func (g *Gateway) inPublicZone(ctx context.Context, name, kind, value string) (bool, error) {
	zones, err := g.route53(ctx, "hostedzone")
	if err != nil {
		return false, err
	}
	for _, zone := range zones.first("HostedZones").items() {
		if zone.child("Config").value("PrivateZone") == "true" || !strings.HasSuffix("."+dotted(name), "."+dotted(zone.value("Name"))) {
			continue
		}
		query := url.Values{"name": {name}, "type": {kind}, "maxitems": {"1"}}
		records, err := g.route53(ctx, strings.TrimPrefix(zone.value("Id"), "/")+"/rrset?"+query.Encode())
		if err != nil {
			return false, err
		}
		for _, record := range records.first("ResourceRecordSets").items() {
			if dotted(record.value("Name")) == dotted(name) && record.value("Type") == kind && dotted(record.first("Value").text) == dotted(value) {
				return true, nil
			}
		}
	}
	return false, nil
}

// route53 reads a path of Route 53's API.
func (g *Gateway) route53(ctx context.Context, path string) (*node, error) {
	answer, err := g.admin.do(ctx, "route53", http.MethodGet, "/2013-04-01/"+path, http.Header{}, nil)
	if err != nil {
		return nil, err
	}
	return parseXML(answer)
}

// dotted is a domain name in the one form that ends with a dot.
func dotted(name string) string { return strings.TrimSuffix(strings.TrimSpace(name), ".") + "." }

package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
)

func (g *Gateway) acmCalls() service {
	return service{
		name: "acm", target: "CertificateManager.", bounds: acmBounds,
		operations: map[string]handler{
			"RequestCertificate":  reading(after(rememberOptions)),
			"DescribeCertificate": after(showOptions),
			"DeleteCertificate":   reading(after(forgetOptions)),
		},
	}
}

// certificateRequest is the part of ACM's requests that the gateway reads.
type certificateRequest struct {
	CertificateArn string
	Options        map[string]any
}

func certificateKey(arn string) string { return "acm:" + arn }

// certificateDefaults are a certificate's options where the request says
// nothing else.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateOptions.html
var certificateDefaults = map[string]any{"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"}

// rememberOptions keeps the options of a new certificate, which the emulator
// drops.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
func rememberOptions(x *exchange) error {
	var request, answer certificateRequest
	if err := decodeCall(x.body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	if err := json.Unmarshal(x.answer, &answer); err != nil {
		return fmt.Errorf("decode the certificate: %w", err)
	}
	x.g.fields.set(certificateKey(answer.CertificateArn), request.Options)
	return nil
}

// showOptions answers a certificate's options, defaults included: a logging
// preference that reads back as none shows as a change.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html
func showOptions(x *exchange) error {
	var answer map[string]any
	if err := json.Unmarshal(x.answer, &answer); err != nil {
		return fmt.Errorf("decode the certificate: %w", err)
	}
	certificate, ok := answer["Certificate"].(map[string]any)
	if !ok {
		return nil
	}
	options, _ := certificate["Options"].(map[string]any)
	if options == nil {
		options = map[string]any{}
	}
	remembered := x.g.fields.get(certificateKey(text(certificate, "CertificateArn")))
	for name, value := range certificateDefaults {
		if own, ok := remembered[name]; ok {
			value = own
		}
		if options[name] == nil {
			options[name] = value
		}
	}
	certificate["Options"] = options
	if err := x.showValidation(certificate); err != nil {
		return err
	}
	header := x.header
	err := x.answerJSON(http.StatusOK, answer)
	x.header = header
	return err
}

func forgetOptions(x *exchange) error {
	var request certificateRequest
	if err := decodeCall(x.body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	x.g.fields.forget(certificateKey(request.CertificateArn))
	return nil
}

// acmBounds are those of the calls that give something its physical name, of the API reference.
var acmBounds = map[string]boundedCall{
	"RequestCertificate": boundOf("ValidationException", "DomainName", 64, nil),
}

// Package acm corrects AWS Certificate Manager.
package acm

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// service is AWS Certificate Manager as the gateway corrects it.
type service struct {
	*call.Account
}

// New describes the service for an account.
func New(a *call.Account) call.Service {
	return (&service{Account: a}).calls()
}

func (s *service) calls() call.Service {
	return call.Service{
		Name: "acm", Target: "CertificateManager.", Bounds: bounds,
		Operations: map[string]call.Handler{
			"RequestCertificate":  call.WithBody(call.After(certificateRequested)),
			"DescribeCertificate": call.After(s.describeCertificate),
			"DeleteCertificate":   call.WithBody(call.After(certificateDeleted)),
		},
	}
}

// certificateRequest is the part of ACM's requests that the gateway reads.
type certificateRequest struct {
	CertificateArn string
	Options        map[string]any
}

// CertificateKey is the name of a certificate in the overlay.
func CertificateKey(arn string) string { return "acm:" + arn }

// certificateDefaults are a certificate's options where the request says
// nothing else.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateOptions.html
var certificateDefaults = map[string]any{"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"}

// rememberOptions keeps the options of a new certificate, which the emulator
// drops.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
func certificateRequested(x *call.Exchange) error {
	var request, response certificateRequest
	if err := call.Decode(x.Body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	if err := json.Unmarshal(x.Response, &response); err != nil {
		return fmt.Errorf("decode the certificate: %w", err)
	}
	x.Fields.Set(CertificateKey(response.CertificateArn), request.Options)
	return nil
}

// showOptions answers a certificate's options, defaults included: a logging
// preference that reads back as none shows as a change.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html
func (s *service) describeCertificate(x *call.Exchange) error {
	var response map[string]any
	if err := json.Unmarshal(x.Response, &response); err != nil {
		return fmt.Errorf("decode the certificate: %w", err)
	}
	certificate, ok := response["Certificate"].(map[string]any)
	if !ok {
		return nil
	}
	options, _ := certificate["Options"].(map[string]any)
	if options == nil {
		options = map[string]any{}
	}
	remembered := x.Fields.Get(CertificateKey(call.StringMember(certificate, "CertificateArn")))
	for name, value := range certificateDefaults {
		if own, ok := remembered[name]; ok {
			value = own
		}
		if options[name] == nil {
			options[name] = value
		}
	}
	certificate["Options"] = options
	if err := s.setValidationStatus(x, certificate); err != nil {
		return err
	}
	header := x.Header
	err := x.RespondJSON(http.StatusOK, response)
	x.Header = header
	return err
}

func certificateDeleted(x *call.Exchange) error {
	var request certificateRequest
	if err := call.Decode(x.Body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	x.Fields.Delete(CertificateKey(request.CertificateArn))
	return nil
}

// bounds are those of the calls that give something its physical name, of the API reference.
var bounds = map[string]call.BoundedCall{
	"RequestCertificate": call.BoundOf("ValidationException", "DomainName", 64, nil),
}

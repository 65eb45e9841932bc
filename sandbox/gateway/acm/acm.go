// Package acm corrects the emulator's AWS Certificate Manager API.
package acm

import (
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// service corrects AWS Certificate Manager.
type service struct {
	*call.Account
}

// New returns the corrected calls of ACM.
func New(a *call.Account) call.Service {
	s := &service{Account: a}
	return call.Service{
		Name: "acm", Target: "CertificateManager.", Bounds: bounds,
		Operations: map[string]call.Handler{
			"RequestCertificate":  call.WithBody(call.After(certificateRequested)),
			"DescribeCertificate": call.After(s.describeCertificate),
			"DeleteCertificate":   call.WithBody(call.After(certificateDeleted)),
		},
	}
}

// certificateRequest has the members of requests and responses that the gateway reads.
type certificateRequest struct {
	CertificateArn string
	Options        map[string]any
}

// CertificateKey is the key of a certificate in the overlay.
func CertificateKey(arn string) string { return "acm:" + arn }

// certificateDefaults are the default options of a certificate.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateOptions.html
var certificateDefaults = map[string]any{"CertificateTransparencyLoggingPreference": "ENABLED", "Export": "DISABLED"}

// certificateRequested stores the options of a new certificate, which the
// emulator drops.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
func certificateRequested(x *call.Exchange) error {
	var request, response certificateRequest
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	if err := x.DecodeResponse(&response); err != nil {
		return err
	}
	x.Fields.Set(CertificateKey(response.CertificateArn), request.Options)
	return nil
}

// describeCertificate adds a certificate's options and their defaults: without
// a logging preference in the response the provider plans a change.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html
func (s *service) describeCertificate(x *call.Exchange) error {
	var response map[string]any
	if err := x.DecodeResponse(&response); err != nil {
		return err
	}
	certificate, ok := response["Certificate"].(map[string]any)
	if !ok {
		return nil
	}
	options, _ := certificate["Options"].(map[string]any)
	if options == nil {
		options = map[string]any{}
	}
	stored := x.Fields.Get(CertificateKey(call.StringMember(certificate, "CertificateArn")))
	for name, value := range certificateDefaults {
		if set, ok := stored[name]; ok {
			value = set
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
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	x.Fields.Delete(CertificateKey(request.CertificateArn))
	return nil
}

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	"RequestCertificate": call.BoundOf("ValidationException", "DomainName", 64, nil),
}

// Package servicequotas corrects the emulator's Service Quotas API.
package servicequotas

import (
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// New returns the calls of Service Quotas, which the emulator does not have. The emulator still verifies signatures.
// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_Operations.html
func New(a *call.Account) call.Service {
	return call.Service{
		Name: "servicequotas", Target: "ServiceQuotasV20190624.",
		Operations: map[string]call.Handler{
			"GetServiceQuota":           call.Instead(getQuota(a.Limits.Applied)),
			"GetAWSDefaultServiceQuota": call.Instead(getQuota(a.Limits.Default)),
		},
	}
}

func getQuota(value func(key string) (float64, bool)) call.Handler {
	return func(x *call.Exchange) error {
		var request struct{ ServiceCode, QuotaCode string }
		if err := x.DecodeRequest(&request); err != nil {
			return err
		}
		v, ok := value(request.ServiceCode + "/" + request.QuotaCode)
		if !ok {
			return x.Reject(http.StatusBadRequest, "NoSuchResourceException", "The request failed because the specified service quota does not exist.")
		}
		return x.RespondJSON(http.StatusOK, map[string]any{"Quota": map[string]any{
			"ServiceCode": request.ServiceCode, "QuotaCode": request.QuotaCode, "Value": v,
			"QuotaArn": x.ARN("servicequotas", request.ServiceCode+"/"+request.QuotaCode),
		}})
	}
}

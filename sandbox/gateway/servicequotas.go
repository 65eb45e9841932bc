package gateway

import (
	"fmt"
	"net/http"
)

// quotaCalls answer Service Quotas, which the emulator lacks; it still verifies the signature.
// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_Operations.html
func (g *Gateway) quotaCalls() service {
	return service{
		name: "servicequotas", target: "ServiceQuotasV20190624.",
		operations: map[string]handler{
			"GetServiceQuota":           instead(quotaAnswer(g.limits.applied)),
			"GetAWSDefaultServiceQuota": instead(quotaAnswer(g.limits.byDefault)),
		},
	}
}

func quotaAnswer(value func(key string) (float64, bool)) handler {
	return func(x *exchange) error {
		var request struct{ ServiceCode, QuotaCode string }
		if err := decodeCall(x.body, &request); err != nil {
			return fmt.Errorf("decode the request: %w", err)
		}
		v, ok := value(request.ServiceCode + "/" + request.QuotaCode)
		if !ok {
			return x.answerError(http.StatusBadRequest, "NoSuchResourceException", "The request failed because the specified service quota does not exist.")
		}
		return x.answerJSON(http.StatusOK, map[string]any{"Quota": map[string]any{
			"ServiceCode": request.ServiceCode, "QuotaCode": request.QuotaCode, "Value": v,
			"QuotaArn": x.g.arn("servicequotas", request.ServiceCode+"/"+request.QuotaCode),
		}})
	}
}

package gateway

import (
	"fmt"
	"net/http"
)

// quotaCalls answer Service Quotas, which the emulator lacks; it still verifies the signature.
// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_Operations.html
func (g *Gateway) quotaCalls() map[string]handler {
	return map[string]handler{
		"ServiceQuotasV20190624.GetServiceQuota":           instead(quotaAnswer(g.limits.applied)),
		"ServiceQuotasV20190624.GetAWSDefaultServiceQuota": instead(quotaAnswer(func(key string) (float64, bool) { v, ok := defaultQuotas[key]; return v, ok })),
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

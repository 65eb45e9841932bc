package cloudwatch

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// The limits of a dashboard's widgets.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
const (
	maxWidgetAlarms  = 100
	maxWidgetMetrics = 500
)

// limitWidgets rejects a dashboard with a widget of too many alarms or metrics.
func limitWidgets(next call.Handler) call.Handler {
	return call.WithBody(func(x *call.Exchange) error {
		get, err := x.Parameters()
		if err != nil {
			return err
		}
		var body struct {
			Widgets []struct {
				Properties struct{ Alarms, Metrics []any }
			}
		}
		if err := json.Unmarshal([]byte(get("DashboardBody")), &body); err != nil {
			return x.Reject(http.StatusBadRequest, "InvalidParameterInput", "The field DashboardBody must be a valid JSON object")
		}
		for i, w := range body.Widgets {
			if len(w.Properties.Alarms) > maxWidgetAlarms || len(w.Properties.Metrics) > maxWidgetMetrics {
				return x.Reject(http.StatusBadRequest, "InvalidParameterInput", fmt.Sprintf(
					"The dashboard body is invalid: /widgets/%d/properties should NOT have more than %d alarms or %d metrics", i, maxWidgetAlarms, maxWidgetMetrics))
			}
		}
		return next(x)
	})
}

// listDashboards corrects the times in CBOR, for which the emulator returns text: they are seconds with the tag 1.
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
func listDashboards(x *call.Exchange) error {
	if !call.IsCBOR(x.Header) {
		return nil
	}
	response, err := call.DecodeCBOR(x.Response)
	if err != nil {
		return err
	}
	entries, _ := response["DashboardEntries"].(cbor.List)
	for _, entry := range entries {
		members, _ := entry.(cbor.Map)
		text, isText := members["LastModified"].(cbor.String)
		if !isText {
			continue
		}
		at, err := time.Parse(time.RFC3339, string(text))
		if err != nil {
			return fmt.Errorf("the time of a dashboard: %w", err)
		}
		members["LastModified"] = timestamp(at)
	}
	x.Response = cbor.Encode(response)
	return nil
}

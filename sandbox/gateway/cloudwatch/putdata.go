package cloudwatch

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/metrics"
)

// metricData is a call of PutMetricData.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
type metricData struct {
	Namespace  string
	MetricData []struct {
		MetricName, Unit  string
		Dimensions        dimensions
		Timestamp         *float64 // seconds since 1970
		Value             *float64
		Values, Counts    []float64
		StatisticValues   any
		StorageResolution int
	}
}

// putMetricData stores metrics once the emulator has authorized the caller. The namespaces of AWS are rejected:
// https://github.com/boto/boto3/issues/1847.
func (s *service) putMetricData(x *call.Exchange) error {
	var put metricData
	if err := decode(x, &put); err != nil {
		return x.Reject(http.StatusBadRequest, "InvalidParameterValue", err.Error())
	}
	if strings.HasPrefix(put.Namespace, "AWS/") {
		return x.Reject(http.StatusBadRequest, "InvalidParameterValue", "The value AWS/ for parameter Namespace is invalid.")
	}
	data, err := put.data(s.Now())
	if err != nil {
		return x.Reject(http.StatusBadRequest, "InvalidParameterCombination", err.Error())
	}
	if err := x.Forward(); err != nil || !x.Succeeded() {
		return err
	}
	s.measured(data)
	return nil
}

// data returns the values. A set of statistics has no values, and is not supported.
func (p metricData) data(now time.Time) (data []metrics.Datum, err error) {
	for i, d := range p.MetricData {
		if d.StatisticValues != nil {
			return nil, fmt.Errorf("MetricData.member.%d.StatisticValues is not supported by the sandbox: send Values and Counts", i+1)
		}
		values := d.Values
		if d.Value != nil {
			values = append(values, *d.Value)
		}
		if len(values) == 0 || len(d.Counts) > 0 && len(d.Counts) != len(d.Values) {
			return nil, fmt.Errorf("MetricData.member.%d requires Value, or Values and as many Counts", i+1)
		}
		datum := metrics.Datum{Metric: metrics.Metric{Namespace: p.Namespace, Name: d.MetricName, Dimensions: d.Dimensions.byName()}, Unit: d.Unit, Time: now, Fine: d.StorageResolution == 1}
		if d.Timestamp != nil {
			datum.Time = time.UnixMilli(int64(*d.Timestamp * 1000))
		}
		for j, value := range values {
			datum.Value, datum.Count = value, 1
			if len(d.Counts) > 0 {
				datum.Count = d.Counts[j]
			}
			data = append(data, datum)
		}
	}
	return data, nil
}

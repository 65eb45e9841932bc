package cloudwatch

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

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

// putMetricData stores metrics for the evaluation of alarms, and has the emulator store them for those who read them. The
// namespaces of AWS are rejected: https://github.com/boto/boto3/issues/1847.
func (s *service) putMetricData(x *call.Exchange) error {
	put, err := decodeMetricData(x)
	if err != nil {
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

func decodeMetricData(x *call.Exchange) (put metricData, err error) {
	body := x.Body
	if x.Request.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return put, fmt.Errorf("the body is not gzip: %w", err)
		}
		if body, err = io.ReadAll(io.LimitReader(unpacked, maxMetricData+1)); err != nil || len(body) > maxMetricData {
			return put, fmt.Errorf("the body is no gzip of at most %d bytes", maxMetricData)
		}
	}
	if call.IsCBOR(x.Request.Header) {
		value, err := cbor.Decode(body)
		if err != nil {
			return put, fmt.Errorf("the body is not CBOR: %w", err)
		}
		if body, err = json.Marshal(plain(value)); err != nil {
			return put, fmt.Errorf("the body has no JSON: %w", err)
		}
	}
	if err := json.Unmarshal(body, &put); err != nil {
		return put, fmt.Errorf("the body is invalid: %w", err)
	}
	return put, nil
}

// maxMetricData is the largest request of PutMetricData, uncompressed.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
const maxMetricData = 1 << 20

// plain converts CBOR to what encoding/json encodes. A timestamp is a number.
func plain(value cbor.Value) any {
	switch v := value.(type) {
	case cbor.Map:
		object := map[string]any{}
		for name, member := range v {
			object[name] = plain(member)
		}
		return object
	case cbor.List:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = plain(element)
		}
		return list
	case *cbor.Tag:
		return plain(v.Value)
	case *cbor.Nil, *cbor.Undefined:
		return nil
	case cbor.NegInt:
		return -float64(v)
	}
	return value // a type whose underlying one encoding/json knows
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

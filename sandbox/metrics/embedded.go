package metrics

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The limits of the embedded metric format.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const (
	maxDefinitions = 100
	maxDimensions  = 30
	maxMembers     = 100 // of an array of numbers
)

// directive is a MetricDirective.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []struct {
		Name, Unit        string
		StorageResolution int
	}
}

// Embedded returns the metrics in a log event in CloudWatch's embedded metric format; none of another event. An error
// means that CloudWatch would extract no metric of this event.
func Embedded(message string) ([]Datum, error) {
	var root map[string]json.RawMessage
	if json.Unmarshal([]byte(message), &root) != nil || root["_aws"] == nil {
		return nil, nil // no JSON object, or one without metrics
	}
	var metadata struct {
		Timestamp         *int64
		CloudWatchMetrics []directive
	}
	if err := json.Unmarshal(root["_aws"], &metadata); err != nil {
		return nil, fmt.Errorf("embedded metrics: _aws: %w", err)
	}
	if metadata.Timestamp == nil {
		return nil, errors.New("embedded metrics: _aws has no Timestamp")
	}
	var all []Datum
	for _, d := range metadata.CloudWatchMetrics {
		data, err := d.data(root, time.UnixMilli(*metadata.Timestamp))
		if err != nil {
			return nil, fmt.Errorf("embedded metrics of the namespace %q: %w", d.Namespace, err)
		}
		all = append(all, data...)
	}
	return all, nil
}

// data returns each metric once for each set of dimensions.
func (d directive) data(root map[string]json.RawMessage, at time.Time) ([]Datum, error) {
	if d.Namespace == "" || len(d.Dimensions) == 0 {
		return nil, errors.New("the member Namespace or Dimensions is missing")
	}
	if len(d.Metrics) > maxDefinitions {
		return nil, fmt.Errorf("%d metrics, more than %d", len(d.Metrics), maxDefinitions)
	}
	var all []Datum
	for _, names := range d.Dimensions {
		dimensions, err := dimensionsOf(root, names)
		if err != nil {
			return nil, err
		}
		for _, metric := range d.Metrics {
			values, err := numbers(root[metric.Name])
			if err != nil {
				return nil, fmt.Errorf("the metric %q: %w", metric.Name, err)
			}
			for _, value := range values {
				all = append(all, Datum{Metric: Metric{d.Namespace, metric.Name, dimensions}, Unit: metric.Unit, Time: at, Value: value, Fine: metric.StorageResolution == 1})
			}
		}
	}
	return all, nil
}

func dimensionsOf(root map[string]json.RawMessage, names []string) (map[string]string, error) {
	if len(names) > maxDimensions {
		return nil, fmt.Errorf("%d dimensions, more than %d", len(names), maxDimensions)
	}
	dimensions := map[string]string{}
	for _, name := range names {
		var value string
		if err := json.Unmarshal(root[name], &value); err != nil || value == "" {
			return nil, fmt.Errorf("the dimension %q has no string", name)
		}
		dimensions[name] = value
	}
	return dimensions, nil
}

// numbers decodes a number or an array of numbers.
func numbers(value json.RawMessage) ([]float64, error) {
	var one *float64
	if err := json.Unmarshal(value, &one); err == nil && one != nil {
		return []float64{*one}, nil
	}
	var list []float64
	if err := json.Unmarshal(value, &list); err != nil || list == nil {
		return nil, errors.New("its value is no number and no array of numbers")
	}
	if len(list) > maxMembers {
		return nil, fmt.Errorf("%d values, more than %d", len(list), maxMembers)
	}
	return list, nil
}

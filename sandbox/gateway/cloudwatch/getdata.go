package cloudwatch

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/metrics"
)

// The limits of GetMetricData.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const (
	maxQueries    = 500
	maxDatapoints = 100_800
)

// getData is a call of GetMetricData.
type getData struct {
	StartTime, EndTime *float64
	MetricDataQueries  []metricDataQuery
	MaxDatapoints      int
	NextToken, ScanBy  string
}

// metricDataQuery is a MetricDataQuery.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
type metricDataQuery struct {
	ID                string `json:"Id"`
	Expression, Label string
	Period            int
	ReturnData        *bool
	MetricStat        struct {
		Metric struct {
			Namespace, MetricName string
			Dimensions            dimensions
		}
		Period     int
		Stat, Unit string
	}
}

func queries(decoded []metricDataQuery) []metrics.Query {
	list := make([]metrics.Query, len(decoded))
	for i, q := range decoded {
		of := q.MetricStat
		list[i] = metrics.Query{
			ID: q.ID, Label: q.Label, Expression: q.Expression, Hidden: q.ReturnData != nil && !*q.ReturnData,
			Metric: metrics.Metric{Namespace: of.Metric.Namespace, Name: of.Metric.MetricName, Dimensions: of.Metric.Dimensions.byName()},
			Unit:   of.Unit, Statistic: of.Stat, Period: time.Duration(cmp.Or(of.Period, q.Period)) * time.Second,
		}
	}
	return list
}

// getMetricData serves GetMetricData from the store.
func (s *service) getMetricData(x *call.Exchange) error {
	var get getData
	if err := decode(x, &get); err != nil {
		return x.Reject(http.StatusBadRequest, "ValidationError", err.Error())
	}
	if err := get.check(); err != nil {
		return x.Reject(http.StatusBadRequest, "ValidationError", err.Error())
	}
	offset, err := position(get.NextToken)
	if err != nil {
		return x.Reject(http.StatusBadRequest, "InvalidNextToken", err.Error())
	}
	results, err := s.store.Query(queries(get.MetricDataQueries), seconds(get.StartTime), seconds(get.EndTime))
	if err != nil {
		return x.Reject(http.StatusBadRequest, "ValidationError", err.Error())
	}
	page, more := paginate(results, get.ScanBy != "TimestampAscending", offset, cmp.Or(get.MaxDatapoints, maxDatapoints))
	response := cbor.Map{"MetricDataResults": page, "Messages": cbor.List{}}
	// "NextToken is not returned if you are performing a math expression":
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataResult.html
	expression := slices.ContainsFunc(get.MetricDataQueries, func(q metricDataQuery) bool { return q.Expression != "" })
	if more && !expression {
		response["NextToken"] = token(offset + cmp.Or(get.MaxDatapoints, maxDatapoints))
	}
	return respond(x, response)
}

func (g getData) check() error {
	var problems []error
	if g.StartTime == nil || g.EndTime == nil || len(g.MetricDataQueries) == 0 {
		problems = append(problems, errors.New("the parameters StartTime, EndTime and MetricDataQueries are required"))
	} else if *g.StartTime >= *g.EndTime {
		problems = append(problems, errors.New("the parameter StartTime must be less than the parameter EndTime"))
	}
	if len(g.MetricDataQueries) > maxQueries {
		problems = append(problems, fmt.Errorf("MetricDataQueries has %d queries, more than %d", len(g.MetricDataQueries), maxQueries))
	}
	if g.MaxDatapoints < 0 || g.MaxDatapoints > maxDatapoints {
		problems = append(problems, fmt.Errorf("MaxDatapoints is %d; must be 1 to %d", g.MaxDatapoints, maxDatapoints))
	}
	if !slices.Contains([]string{"", "TimestampDescending", "TimestampAscending"}, g.ScanBy) {
		problems = append(problems, fmt.Errorf("ScanBy is %s; must be TimestampDescending or TimestampAscending", g.ScanBy))
	}
	return errors.Join(problems...)
}

// paginate returns the data points of all results from a position on, at most so many, and whether there are more.
func paginate(results []metrics.Result, descending bool, offset, most int) (page cbor.List, more bool) {
	page, begin := cbor.List{}, 0
	for _, r := range results {
		timestamps, values := points(r, descending)
		end := begin + len(values)
		from, to := max(begin, offset), min(end, offset+most)
		if from < to || begin == end && begin >= offset && begin <= offset+most {
			status := "Complete"
			if end > to {
				status = "PartialData"
			}
			page = append(page, cbor.Map{
				"Id": cbor.String(r.ID), "Label": cbor.String(r.Label), "StatusCode": cbor.String(status),
				"Timestamps": timestamps[from-begin : to-begin], "Values": values[from-begin : to-begin],
			})
		}
		begin = end
	}
	return page, begin > offset+most
}

// points returns the periods with a value.
func points(r metrics.Result, descending bool) (timestamps, values cbor.List) {
	timestamps, values = cbor.List{}, cbor.List{}
	for i, value := range r.Values {
		if !math.IsNaN(value) {
			timestamps, values = append(timestamps, timestamp(r.Time(i))), append(values, cbor.Float64(value))
		}
	}
	if descending {
		slices.Reverse(timestamps)
		slices.Reverse(values)
	}
	return timestamps, values
}

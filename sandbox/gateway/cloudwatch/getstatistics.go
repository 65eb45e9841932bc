package cloudwatch

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/metrics"
)

// maxStatistics is how many data points GetMetricStatistics returns.
const maxStatistics = 1440

// getStatistics is a call of GetMetricStatistics.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
type getStatistics struct {
	StartTime, EndTime             *float64
	Namespace, MetricName, Unit    string
	Dimensions                     dimensions
	Period                         int
	Statistics, ExtendedStatistics []string
}

// getMetricStatistics serves GetMetricStatistics from the store. Values of two units are two data points.
func (s *service) getMetricStatistics(x *call.Exchange) error {
	var get getStatistics
	if err := decode(x, &get); err != nil {
		return x.Reject(http.StatusBadRequest, "InvalidParameterValue", err.Error())
	}
	statistics, err := get.check()
	if err != nil {
		return x.Reject(http.StatusBadRequest, "InvalidParameterCombination", err.Error())
	}
	metric := metrics.Metric{Namespace: get.Namespace, Name: get.MetricName, Dimensions: get.Dimensions.byName()}
	units := []string{get.Unit}
	if get.Unit == "" {
		units = s.store.Units(metric)
	}
	datapoints := cbor.List{}
	for _, unit := range units {
		period, start := get.period(), seconds(get.StartTime)
		for i, d := range s.store.Range(metric, unit, period, start, seconds(get.EndTime)) {
			if d != nil {
				datapoints = append(datapoints, datapoint(metrics.PeriodStart(start, period, i), unit, d, statistics))
			}
		}
	}
	return respond(x, cbor.Map{"Label": cbor.String(get.MetricName), "Datapoints": datapoints})
}

func (g getStatistics) period() time.Duration { return time.Duration(g.Period) * time.Second }

// check returns the statistics that the call asks for.
func (g getStatistics) check() ([]metrics.Statistic, error) {
	var problems []error
	if g.Namespace == "" || g.MetricName == "" || g.StartTime == nil || g.EndTime == nil {
		problems = append(problems, errors.New("the parameters Namespace, MetricName, StartTime, EndTime and Period are required"))
	}
	if !metrics.ValidPeriod(g.period()) {
		problems = append(problems, fmt.Errorf("the parameter Period is %d; must be 1, 5, 10, 20, 30 or a multiple of 60", g.Period))
	}
	if (len(g.Statistics) == 0) == (len(g.ExtendedStatistics) == 0) {
		problems = append(problems, errors.New("one of the parameters Statistics and ExtendedStatistics must be specified"))
	}
	var statistics []metrics.Statistic
	for _, name := range append(append([]string{}, g.Statistics...), g.ExtendedStatistics...) {
		statistic, err := metrics.ParseStatistic(name)
		statistics, problems = append(statistics, statistic), append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if *g.StartTime >= *g.EndTime {
		return nil, errors.New("The parameter StartTime must be less than the parameter EndTime.") //nolint:revive,staticcheck // AWS's message
	}
	if n := (*g.EndTime - *g.StartTime) / float64(g.Period); n > maxStatistics {
		return nil, fmt.Errorf("You have requested up to %.0f datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.", n) //nolint:revive,staticcheck // AWS's message
	}
	return statistics, nil
}

func datapoint(at time.Time, unit string, d *metrics.Distribution, statistics []metrics.Statistic) cbor.Map {
	point, extended := cbor.Map{"Timestamp": timestamp(at), "Unit": cbor.String(unit)}, cbor.Map{}
	for _, statistic := range statistics {
		value, ok := statistic.Of(d)
		if !ok {
			continue
		}
		if strings.HasPrefix(statistic.Name, "p") {
			extended[statistic.Name] = cbor.Float64(value)
			continue
		}
		point[statistic.Name] = cbor.Float64(value)
	}
	if len(extended) > 0 {
		point["ExtendedStatistics"] = extended
	}
	return point
}

package cloudwatch

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/metrics"
)

// maxListed is how many metrics ListMetrics returns at once.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
const maxListed = 500

// listMetrics serves ListMetrics from the store.
func (s *service) listMetrics(x *call.Exchange) error {
	var list struct {
		Namespace, MetricName, NextToken, RecentlyActive string
		Dimensions                                       dimensions // the value of a filter may be empty
	}
	if err := decode(x, &list); err != nil {
		return x.Reject(http.StatusBadRequest, "InvalidParameterValue", err.Error())
	}
	offset, err := position(list.NextToken)
	if err != nil {
		return x.Reject(http.StatusBadRequest, "InvalidParameterValue", err.Error())
	}
	var since time.Time
	switch list.RecentlyActive {
	case "":
	case "PT3H":
		since = s.Now().Add(-3 * time.Hour)
	default:
		return x.Reject(http.StatusBadRequest, "InvalidParameterValue", "RecentlyActive is "+list.RecentlyActive+"; must be PT3H")
	}
	found := slices.DeleteFunc(s.store.Metrics(list.Namespace, since), func(m metrics.Metric) bool {
		return list.MetricName != "" && m.Name != list.MetricName || !list.Dimensions.match(m)
	})
	response, page := cbor.Map{}, cbor.List{}
	for _, m := range found[min(offset, len(found)):min(offset+maxListed, len(found))] {
		page = append(page, cbor.Map{"Namespace": cbor.String(m.Namespace), "MetricName": cbor.String(m.Name), "Dimensions": encoded(m.Dimensions)})
	}
	if len(found) > offset+maxListed {
		response["NextToken"] = token(offset + maxListed)
	}
	response["Metrics"] = page
	return respond(x, response)
}

// match is whether a metric has the dimensions, and others or not.
func (d dimensions) match(m metrics.Metric) bool {
	for _, filter := range d {
		if value, ok := m.Dimensions[filter.Name]; !ok || filter.Value != "" && filter.Value != value {
			return false
		}
	}
	return true
}

func encoded(dimensions map[string]string) cbor.List {
	list := cbor.List{}
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		list = append(list, cbor.Map{"Name": cbor.String(name), "Value": cbor.String(dimensions[name])})
	}
	return list
}

package awsmetrics

import (
	"slices"
	"strings"
	"testing"
)

func TestAMetricThatAWSDoesNotPublishIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		namespace, name, dimensions, unit string
		want                              string // empty: it is published
	}{
		"a function's errors":                     {"AWS/Lambda", "Errors", "FunctionName", "", ""},
		"in their unit":                           {"AWS/Lambda", "Errors", "FunctionName", "Count", ""},
		"of a version, in any order":              {"AWS/Lambda", "Errors", "Resource FunctionName ExecutedVersion", "", ""},
		"of the account":                          {"AWS/Lambda", "Errors", "", "", ""},
		"a proxy's latency":                       {"AWS/RDS", "DatabaseConnectionsBorrowLatency", "ProxyName", "Microseconds", ""},
		"a wrong unit":                            {"AWS/RDS", "DatabaseConnectionsBorrowLatency", "ProxyName", "Milliseconds", "in Milliseconds: AWS publishes it in Microseconds"},
		"a wrong dimension":                       {"AWS/Lambda", "Errors", "Function", "", `AWS/Lambda Errors by "Function"`},
		"a dimension too few":                     {"AWS/ApiGateway", "Latency", "Stage", "", `by "Stage"`},
		"a dimension too many":                    {"AWS/RDS", "ACUUtilization", "DBClusterIdentifier DBInstanceIdentifier Role", "", "AWS publishes it by"},
		"a wrong namespace":                       {"AWS/APIGateway", "Latency", "ApiName Stage", "", "no such metric"},
		"a wrong name":                            {"AWS/Lambda", "Error", "FunctionName", "", "no such metric"},
		"the utilization of a function's aliases": {"AWS/Lambda", "ProvisionedConcurrencyUtilization", "FunctionName", "", `by "FunctionName"`},
	} {
		err := Check(c.namespace, c.name, strings.Fields(c.dimensions), c.unit)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestTheUnitOfAMetric(t *testing.T) {
	for metric, want := range map[string]string{"Errors": "Count", "Duration": "Milliseconds", "Unknown": ""} {
		if got := Unit("AWS/Lambda", metric); got != want {
			t.Errorf("%s: %q, want %q", metric, got, want)
		}
	}
}

// A set of dimensions by a page is for a metric that the catalog does not have.
func TestOnlyWhatTheCatalogLacksIsTakenFromPages(t *testing.T) {
	known, err := readCatalog()
	if err != nil {
		t.Fatal(err)
	}
	for metric, of := range documented {
		namespace, name, _ := strings.Cut(metric, " ")
		sets := known[namespace][name]
		if len(sets) == 0 && len(of.sets) == 0 {
			t.Errorf("%s has no dimensions", metric)
		}
		if (len(of.sets) > 0) != (of.page != "") || of.unit == "" {
			t.Errorf("%s: %+v", metric, of)
		}
		for _, set := range of.sets {
			if slices.Contains(sets, set) {
				t.Errorf("%s by %q is in the catalog", metric, set)
			}
			if names := strings.Fields(set); !slices.IsSorted(names) {
				t.Errorf("%s: %q is not sorted", metric, set)
			}
		}
	}
}

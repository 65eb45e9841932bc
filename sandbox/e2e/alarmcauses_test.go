package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/didomi/serverless-api/sandbox/metrics"
)

// alarmCause is a cause with the alarms that it raises.
type alarmCause struct {
	name string
	// first is the alarm whose mistakes the cause shows.
	first string
	// alarms are the metric alarms and the minutes until each is in ALARM.
	alarms map[string]int
	// mistaken is a statistic with which the first alarm would not enter ALARM; empty: the cause does not tell.
	mistaken string
	// begin and end are called once, and minute before each minute; all may be nil.
	begin, minute, end func(t *testing.T, w *watched)
}

// alarmCauses are those of every alarm that a stack may have, but the authorizer's.
func alarmCauses() []alarmCause {
	return slices.Concat(requestCauses(), functionCauses(), logCauses(), figureCauses(), silenceCauses())
}

// symptoms are the alarms that page through customer-impact.
var symptoms = []string{"5xx", "throttles", "latency-getItem"}

func (c alarmCause) symptom() bool {
	return slices.ContainsFunc(symptoms, func(name string) bool { return c.alarms[name] > 0 })
}

// silentLogs are the alarms that act through logs-are-silent.
var silentLogs = []string{"no-access-log", "no-function-log"}

// ringing lists the alarms in ALARM after so many minutes, with the composite ones.
func (c alarmCause) ringing(minute int) []string {
	set := map[string]bool{}
	for name, minutes := range c.alarms {
		if minutes > minute {
			continue
		}
		set[name] = true
		if slices.Contains(symptoms, name) {
			set["customer-impact"] = true
		}
		if slices.Contains(silentLogs, name) {
			set["logs-are-silent"] = true
		}
	}
	return slices.AppendSeq([]string{}, sorted(maps.Keys(set)))
}

func sorted(names func(func(string) bool)) func(func(string) bool) {
	return slices.Values(slices.Sorted(names))
}

// messages are those that people get: of each alarm that is no symptom a warning, of all symptoms one page.
func (c alarmCause) messages() []string {
	set := map[string]bool{}
	for name := range c.alarms {
		switch {
		case slices.Contains(symptoms, name):
			set["pages: customer-impact ALARM"] = true
		case slices.Contains(silentLogs, name):
			set["warnings: logs-are-silent ALARM"] = true
		default:
			set["warnings: "+name+" ALARM"] = true
		}
	}
	return slices.AppendSeq([]string{}, sorted(maps.Keys(set)))
}

// deployed reports whether the stack has every alarm of a cause.
func (w *watched) deployed(c alarmCause) bool {
	names := slices.Collect(maps.Values(w.names))
	for alarm := range c.alarms {
		if !slices.Contains(names, alarm) {
			return false
		}
	}
	return true
}

// requestCauses are those of alarms on requests, with real requests and faults.
func requestCauses() []alarmCause {
	down := func(t *testing.T, w *watched) { failPart(t, w.out, "database", "down") }
	ok := func(t *testing.T, w *watched) {
		endFault(t, w.out, "database")
		recovers(t, "the database", func() bool { return request(t, w.out, http.MethodGet, newItem(), "").status == http.StatusNotFound })
	}
	return []alarmCause{
		{
			name: "the database is down, and one request a minute fails", first: "5xx", alarms: map[string]int{"5xx": 3}, mistaken: "Minimum",
			begin: down, end: ok,
			minute: func(t *testing.T, w *watched) {
				expect(t, w.out, http.MethodGet, newItem(), "", http.StatusServiceUnavailable)
				expect(t, w.out, http.MethodGet, "/health", "", http.StatusOK)
			},
		},
		{
			name: "the database is down, and six requests a minute fail", first: "error-lines", alarms: map[string]int{"5xx": 3, "error-lines": 3}, mistaken: "Average",
			begin: down, end: ok,
			minute: func(t *testing.T, w *watched) {
				for range 6 {
					expect(t, w.out, http.MethodGet, newItem(), "", http.StatusServiceUnavailable)
				}
			},
		},
		{
			name: "the database is slow, and items that are not cached take over a second", first: "latency-getItem", alarms: map[string]int{"latency-getItem": 5}, mistaken: "Average",
			begin: func(t *testing.T, w *watched) { failPart(t, w.out, "database", "slow", "--latency", "1100ms") },
			end:   ok,
			minute: func(t *testing.T, w *watched) {
				path := newItem()
				for range 5 { // the first fills the cache
					expect(t, w.out, http.MethodGet, path, "", http.StatusNotFound)
				}
			},
		},
		{
			name: "a second request in each second exceeds the stage's limit", first: "throttled-requests", alarms: map[string]int{"throttled-requests": 15}, mistaken: "Average",
			begin: func(t *testing.T, w *watched) {
				w.patchStage(t, "0.001", "1")
				expect(t, w.out, http.MethodGet, "/items/e2e-limit", "", http.StatusNotFound)
			},
			minute: func(t *testing.T, w *watched) {
				for range 61 {
					expect(t, w.out, http.MethodGet, "/items/e2e-limit", "", http.StatusTooManyRequests)
				}
			},
			end: func(t *testing.T, w *watched) { w.patchStage(t, w.stack.rate, w.stack.burst) },
		},
	}
}

// functionCauses are those of alarms on invocations.
func functionCauses() []alarmCause {
	return []alarmCause{
		{
			name: "the function has no concurrency left", first: "throttles", alarms: map[string]int{"throttles": 2, "5xx": 3},
			begin: func(t *testing.T, w *watched) { w.reserve(t, aws.Int32(0)) },
			minute: func(t *testing.T, w *watched) {
				expect(t, w.out, http.MethodGet, "/health", "", http.StatusInternalServerError)
			},
			end: func(t *testing.T, w *watched) { w.reserve(t, w.stack.reserved) },
		},
		{
			name: "invocations end without a response", first: "function-errors", alarms: map[string]int{"function-errors": 2}, mistaken: "Minimum",
			begin: func(t *testing.T, w *watched) {
				w.setEnvironment(t, func(v map[string]string) { delete(v, "DB_HOST") })
			},
			minute: func(t *testing.T, w *watched) {
				expect(t, w.out, http.MethodGet, "/health", "", http.StatusOK)
				w.invoke(t, w.stack.function)
			},
			end: func(t *testing.T, w *watched) {
				w.setEnvironment(t, func(v map[string]string) { v["DB_HOST"] = w.stack.databaseHost })
			},
		},
		{
			name: "a rotation of the database's password fails", first: "rotation", alarms: map[string]int{"rotation": 1},
			minute: func(t *testing.T, w *watched) { w.invokeFailing(t, "-api-rotate") },
		},
		{
			name: "a rotation of the cache's password fails", first: "cache-rotation", alarms: map[string]int{"cache-rotation": 1},
			minute: func(t *testing.T, w *watched) { w.invokeFailing(t, "-api-cache-user") },
		},
	}
}

// logCauses are those of alarms on log lines that the sandbox's requests do not produce in a test's time, or at all: the
// lines are written to the deployed log groups.
func logCauses() []alarmCause {
	return []alarmCause{
		{
			name: "sixty-one stale responses a minute", first: "stale", alarms: map[string]int{"stale": 5}, mistaken: "Average",
			minute: func(t *testing.T, w *watched) {
				w.write(t, "CacheAnswers", 61, `{"level":"INFO","msg":"request","method":"GET","resource":"/items/{id}","status":200,"cache":"stale"}`)
			},
		},
		{
			name: "the firewall blocks eleven requests a minute", first: "waf-blocked", alarms: map[string]int{"waf-blocked": 10}, mistaken: "Average",
			minute: func(t *testing.T, w *watched) {
				w.write(t, "Refusals-WAF_FILTERED", 11, `{"status":"403","errorType":"WAF_FILTERED"}`)
			},
		},
	}
}

// figure is a cause whose metric is injected, because the sandbox does not measure it, or not as high.
func figure(name, alarm, mistaken string, minutes int, metric func(w *watched) metrics.Metric, values ...float64) alarmCause {
	return alarmCause{
		name: name, first: alarm, alarms: map[string]int{alarm: minutes}, mistaken: mistaken,
		minute: func(t *testing.T, w *watched) { w.put(t, metric(w), values...) },
	}
}

// figureCauses are those of alarms on what AWS publishes of its servers.
func figureCauses() []alarmCause {
	role := func(name, role string) func(*watched) metrics.Metric {
		return func(w *watched) metrics.Metric {
			return metrics.Metric{Namespace: "AWS/RDS", Name: name, Dimensions: map[string]string{"DBClusterIdentifier": w.stack.cluster, "Role": role}}
		}
	}
	function := func(name string, further ...string) func(*watched) metrics.Metric {
		return func(w *watched) metrics.Metric {
			dimensions := map[string]string{"FunctionName": w.stack.function}
			if len(further) > 0 {
				dimensions["Resource"], dimensions["ExecutedVersion"] = w.stack.function+":live", w.stack.version
			}
			return metrics.Metric{Namespace: "AWS/Lambda", Name: name, Dimensions: dimensions}
		}
	}
	list := []alarmCause{
		figure("the firewall blocks an address for its rate", "waf-rate", "", 5, func(w *watched) metrics.Metric {
			name := "didomi-" + w.out.Stack + "-api-waf"
			return metrics.Metric{Namespace: "AWS/WAFV2", Name: "BlockedRequests", Dimensions: map[string]string{"WebACL": name, "Rule": "rate", "Region": w.out.Region}}
		}, 1),
		figure("the writer is at its maximum capacity", "cluster-capacity", "Minimum", 15, role("ACUUtilization", "WRITER"), 91),
		figure("a reader is at its maximum capacity", "reader-capacity", "Minimum", 15, role("ACUUtilization", "READER"), 91),
		figure("a reader is over a second behind the writer", "replica-lag", "Minimum", 5, role("AuroraReplicaLag", "READER"), 1001),
		figure("requests wait for a connection of the proxy", "proxy-connections", "Minimum", 3, func(w *watched) metrics.Metric {
			return metrics.Metric{Namespace: "AWS/RDS", Name: "DatabaseConnectionsBorrowLatency", Dimensions: map[string]string{"ProxyName": w.stack.proxy}}
		}, 50, 300_000),
		figure("requests exceed the provisioned concurrency", "provisioned-spillover", "", 15, function("ProvisionedConcurrencySpilloverInvocations"), 1),
		figure("the newest version's invocations crash", "version-errors", "Minimum", 2, function("Errors", "version"), 0, 1),
	}
	for node := range 6 {
		cache := func(name string) func(*watched) metrics.Metric {
			return func(w *watched) metrics.Metric {
				return metrics.Metric{Namespace: "AWS/ElastiCache", Name: name, Dimensions: map[string]string{"CacheClusterId": w.stack.cacheNodes[node], "CacheNodeId": "0001"}}
			}
		}
		list = append(list,
			figure(fmt.Sprintf("the memory of cache node %d is full", node+1), fmt.Sprintf("cache-memory-%d", node+1), "Average", 5, cache("DatabaseMemoryUsagePercentage"), 81),
			figure(fmt.Sprintf("cache node %d evicts entries", node+1), fmt.Sprintf("cache-evictions-%d", node+1), "Average", 3, cache("Evictions"), 60, 60))
	}
	return list
}

// silenceCauses are those of the alarms on silence. The last request was settled minutes before: an alarm looks back at its
// periods and two more, and as long as one of them has a request, it is not silent.
func silenceCauses() []alarmCause {
	return []alarmCause{
		{name: "no request arrives for an hour", first: "no-requests", alarms: map[string]int{"no-requests": 60 + 3 - settled}},
		{
			name: "requests arrive, and the logs stay empty for an hour and a quarter", first: "no-access-log",
			alarms: map[string]int{"no-access-log": 75 + 3 - settled, "no-function-log": 75 + 3 - settled},
			minute: func(t *testing.T, w *watched) {
				w.put(t, metrics.Metric{Namespace: "AWS/Lambda", Name: "Invocations", Dimensions: map[string]string{"FunctionName": w.stack.function}}, 1)
			},
		},
	}
}

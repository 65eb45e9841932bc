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
	return slices.Concat(requestCauses(), objectiveCauses(), functionCauses(), logCauses(), figureCauses(), silenceCauses(), copyCauses())
}

// composite is a composite alarm: of any of its parts, or of all.
type composite struct {
	name  string
	parts []string
	all   bool
}

// composites are those of a stack, each after its parts.
var composites = []composite{
	{"availability-fast", []string{"availability-fast-1h", "availability-fast-5m"}, true},
	{"availability-slow", []string{"availability-slow-6h", "availability-slow-30m"}, true},
	{"customer-impact", []string{"availability-fast", "availability-slow", "throttles", "latency-getItem"}, false},
	{"logs-are-silent", silentLogs, false},
}

// silentLogs are the alarms on logs without lines.
var silentLogs = []string{"no-access-log", "no-function-log"}

// actions are what composite alarms without others above them notify.
var actions = map[string]string{"customer-impact": "pages", "logs-are-silent": "warnings"}

// rings reports whether it is in ALARM with these alarms.
func (c composite) rings(set map[string]bool) bool {
	ringing := 0
	for _, part := range c.parts {
		if set[part] {
			ringing++
		}
	}
	return ringing == len(c.parts) || ringing > 0 && !c.all
}

// ringing lists the alarms in ALARM after so many minutes, with the composite ones.
func (c alarmCause) ringing(minute int) []string {
	set := map[string]bool{}
	for name, minutes := range c.alarms {
		if minutes <= minute {
			set[name] = true
		}
	}
	for _, above := range composites {
		if above.rings(set) {
			set[above.name] = true
		}
	}
	return slices.AppendSeq([]string{}, sorted(maps.Keys(set)))
}

func sorted(names func(func(string) bool)) func(func(string) bool) {
	return slices.Values(slices.Sorted(names))
}

// last is the minute in which the last alarm enters ALARM.
func (c alarmCause) last() int { return slices.Max(slices.Collect(maps.Values(c.alarms))) }

// pages reports whether it raises customer-impact.
func (c alarmCause) pages() bool { return slices.Contains(c.ringing(c.last()), "customer-impact") }

// remembered reports whether windows of hours would show its requests to the next cause: they failed, or were many.
func (c alarmCause) remembered() bool {
	return c.alarms["availability-fast-5m"]+c.alarms["availability-slow-30m"]+c.alarms["throttled-requests"] > 0
}

// messages are those that people get: one of each alarm with actions.
func (c alarmCause) messages() []string {
	set := map[string]bool{}
	for _, name := range c.ringing(c.last()) {
		part := slices.ContainsFunc(composites, func(above composite) bool { return name == above.name || slices.Contains(above.parts, name) })
		switch topic := actions[name]; {
		case topic != "":
			set[topic+": "+name+" ALARM"] = true
		case !part:
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
			name: "the database is down, and one request a minute fails", first: "availability-fast-1h", alarms: burning(1, 5), mistaken: "Minimum",
			begin: down, end: ok,
			minute: func(t *testing.T, w *watched) {
				expect(t, w.out, http.MethodGet, newItem(), "", http.StatusServiceUnavailable)
				expect(t, w.out, http.MethodGet, healthy, "", http.StatusOK)
			},
		},
		{
			name: "the database is down, and six requests a minute fail", first: "error-lines", alarms: with(burning(1, 1), "error-lines", 3), mistaken: "Average",
			begin: down, end: ok,
			minute: func(t *testing.T, w *watched) {
				for range 6 {
					expect(t, w.out, http.MethodGet, newItem(), "", http.StatusServiceUnavailable)
				}
			},
		},
		{
			name: "the database is slow, and items that are not cached take over a second", first: "latency-getItem", alarms: map[string]int{"latency-getItem": 5}, mistaken: "Average",
			begin: func(t *testing.T, w *watched) {
				// A new connection would take several times the latency, and the request would fail.
				expect(t, w.out, http.MethodGet, newItem(), "", http.StatusNotFound)
				failPart(t, w.out, "database", "slow", "--latency", "1100ms")
			},
			end: ok,
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

// burning are the windows of both burn rates, with the minutes until each is in ALARM: the short ones, and the long ones, in
// which five requests must have failed.
func burning(short, long int) map[string]int {
	return map[string]int{"availability-fast-5m": short, "availability-slow-30m": short, "availability-fast-1h": long, "availability-slow-6h": long}
}

func with(alarms map[string]int, name string, minutes int) map[string]int {
	alarms[name] = minutes
	return alarms
}

// objectiveCauses are those of a single window or burn rate. The results of requests are injected, as they are of hours.
func objectiveCauses() []alarmCause {
	requests := func(t *testing.T, w *watched, succeeded, failed float64) {
		m := metrics.Metric{Namespace: "AWS/ApiGateway", Name: "5XXError", Dimensions: map[string]string{"ApiName": w.stack.apiName, "Stage": w.out.Stack}}
		w.store(t, metrics.Datum{Metric: m, Value: 0, Count: succeeded}, metrics.Datum{Metric: m, Value: 1, Count: failed})
	}
	return []alarmCause{
		{
			name: "one of three requests fails at night, and no one is paged", first: "availability-fast-5m", mistaken: "Minimum",
			alarms: map[string]int{"availability-fast-5m": 1, "availability-slow-30m": 1},
			begin:  func(t *testing.T, w *watched) { requests(t, w, 2, 1) },
		},
		{
			name: "one of a hundred requests fails for minutes", first: "availability-slow-6h", mistaken: "Minimum",
			alarms: map[string]int{"availability-slow-30m": 1, "availability-slow-6h": 5},
			minute: func(t *testing.T, w *watched) { requests(t, w, 99, 1) },
		},
		{
			name: "two of a hundred requests fail, after hours with many", first: "availability-slow-30m", mistaken: "Minimum",
			alarms: map[string]int{"availability-fast-5m": 1, "availability-slow-30m": 1, "availability-fast-1h": 3},
			begin: func(t *testing.T, w *watched) {
				requests(t, w, 20_000, 0)
				w.pass(t, 61)
			},
			minute: func(t *testing.T, w *watched) { requests(t, w, 98, 2) },
		},
	}
}

// functionCauses are those of alarms on invocations.
func functionCauses() []alarmCause {
	return []alarmCause{
		{
			name: "the function has no concurrency left", first: "throttles", alarms: with(burning(1, 5), "throttles", 2),
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
				expect(t, w.out, http.MethodGet, healthy, "", http.StatusOK)
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

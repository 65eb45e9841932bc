package cost

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/ops/types"
)

// round is a table of prices that are easy to multiply by hand.
func round() Prices {
	rows := map[string]Price{}
	for name, usd := range map[string]float64{
		"natGateway.hour": 0.05, "natGateway.gb": 0.05, "publicAddress.hour": 0.01,
		"endpoint.hour": 0.01, "endpoint.gb": 0.02,
		"aurora.acuHour": 0.10, "aurora.gbMonth": 0.10, "aurora.millionIO": 0.20, "rdsProxy.acuHour": 0.02,
		"aurora.backupGbMonth": 0.03, "interRegion.gb": 0.05,
		"elasticache.redis.cache.t4g.micro": 0.02, "elasticache.valkey.cache.t4g.micro": 0.01,
		"s3.gbMonth": 0.02, "s3.thousandGet": 0.001, "s3.thousandPut": 0.01,
		"apiGateway.million": 4, "lambda.million": 0.2, "lambda.streamedGB": 0.01,
		"lambda.arm64.gbSecond": 0.00001, "lambda.arm64.warmGBSecond": 0.000001, "lambda.arm64.gbSecondWhileWarm": 0.000005,
		"lambda.x86_64.gbSecond": 0.00002, "lambda.x86_64.warmGBSecond": 0.000002, "lambda.x86_64.gbSecondWhileWarm": 0.00001,
		"waf.aclMonth": 5, "waf.ruleMonth": 1, "waf.million": 0.6,
		"secret.month": 0.4, "key.month": 1, "logs.gb": 0.5, "logs.gbMonth": 0.1,
		"metric.month": 0.3, "alarm.month": 0.1, "compositeAlarm.month": 0.5, "dashboard.month": 3,
		"xray.millionTraces": 5, "zone.month": 0.5, "internet.gb": 0.1,
	} {
		rows[name] = Price{USD: usd}
	}
	return Prices{Region: "eu-west-1", Currency: "USD", Date: "2026-01-01", Rows: rows}
}

// month is ten million requests, of them 100 thousand files of 16 MB.
func month() Traffic {
	return Traffic{
		Requests: 10e6, FileRequests: 0.1e6, Writes: 0.9e6, Uploads: 1000, CacheHits: 0.9,
		ItemKB: 10, FileMB: 16, ItemMillis: 10, FileMillis: 1000, WarmShare: 0.5,
		DatabaseACU: 3, DatabaseGB: 100, IOPerMiss: 2, IOPerWrite: 4, FilesGB: 1000,
		NATGB: 10, EndpointGB: 20, FunctionLogKB: 1, AccessLogKB: 1, FlowLogGB: 30,
	}
}

func TestEachPartOfTheEstimateEqualsItsSumByHand(t *testing.T) {
	for name, c := range map[string]struct {
		facts         Facts
		part          string
		fixed, perUse float64
	}{
		"one NAT gateway with its address and 10 GB": {
			// 730 h x (0.05 + 0.01); 10 GB x 0.05
			Facts{NATGateways: 1, Addresses: 1}, "NAT", 43.80, 0.50,
		},
		"three NAT gateways": {
			Facts{NATGateways: 3, Addresses: 3}, "NAT", 131.40, 0.50,
		},
		"four endpoints in three zones": {
			// 12 x 730 h x 0.01; 20 GB x 0.02
			Facts{Endpoints: 12}, "endpoints", 87.60, 0.40,
		},
		"a writer and two readers under load": {
			// 3 x 1 ACU x 730 h x 0.10 + 100 GB x 0.10; 3 x 2 ACU more x 730 h x 0.10
			// + (9 M reads x 0.1 missed x 2 + 0.9 M writes x 4) x 0.20 per million
			Facts{Instances: 3, MinACU: 1, MaxACU: 32}, "database", 229.00, 439.08,
		},
		"load beyond the largest capacity": {
			// 0.5 ACU x 730 h x 0.10 + 10; 1.5 ACU more x 730 h x 0.10 + 1.08
			Facts{Instances: 1, MinACU: 0.5, MaxACU: 2}, "database", 46.50, 110.58,
		},
		"a proxy before little": {
			// 8 ACU at the least x 730 h x 0.02
			Facts{Instances: 1, MinACU: 0.5, MaxACU: 4, Proxies: 1}, "proxy", 116.80, 0,
		},
		"a proxy before much": {
			// 8 ACU x 730 h x 0.02; 3 x 3 ACU are 1 more x 730 h x 0.02
			Facts{Instances: 3, MinACU: 1, MaxACU: 32, Proxies: 1}, "proxy", 116.80, 14.60,
		},
		"three shards with a replica each": {
			// 6 x 730 h x 0.02
			Facts{CacheEngine: "redis", CacheNode: "cache.t4g.micro", Shards: 3, Replicas: 1}, "cache", 87.60, 0,
		},
		"a bucket": {
			// 1000 GB x 0.02; 100 thousand x 0.001 + 1 thousand x 0.01
			Facts{Buckets: 1}, "files", 20.00, 0.11,
		},
		"copies in another region": {
			// 1000 GB x 0.02 + 7 days x 100 GB x 0.03 + 30 days x 100 GB x 0.05; 1 thousand x 0.01 + 16 GB x 0.05
			Facts{Replications: 1, CopyDays: 7}, "copies", 191.00, 0.81,
		},
		"API Gateway": {
			// 9.9 M items + 100 thousand files of 16 MB, 2 each: 10.1 M x 4 a million
			Facts{Gateways: 1}, "API Gateway", 0, 40.40,
		},
		"the transfer to clients": {
			// 9.9 M x 10 KB are 99 GB, 100 thousand x 16 MB are 1600 GB, x 0.1
			Facts{Gateways: 1}, "data out", 0, 169.90,
		},
		"a function of 512 MB, cold": {
			// 0.5 GB x (9.9 M x 0.01 s + 0.1 M x 1 s) are 99 500 GB-s x 0.00001,
			// 10 M x 0.2 a million, 100 thousand x 10 MB beyond 6 MB are 1000 GB x 0.01
			Facts{MemoryMB: 512, Architecture: "arm64"}, "function", 0, 12.995,
		},
		"the same with provisioned concurrency": {
			// 2 x 0.5 GB x 730 h x 3600 s x 0.000001; half of 99 500 GB-s at 0.00001, half at 0.000005
			Facts{MemoryMB: 512, Architecture: "arm64", Provisioned: 2}, "function", 2.628, 12.74625,
		},
		"a web ACL of three rules": {
			Facts{WebACLs: 1, WebACLRules: 3}, "WAF", 8, 6,
		},
		"secrets and keys": {
			Facts{Monthly: map[string]int{types.Secret: 3, types.Key: 2}}, "secrets and keys", 3.20, 0,
		},
		"alarms, a composite one, a dashboard and a metric": {
			Facts{Monthly: map[string]int{types.MetricAlarm: 10, types.CompositeAlarm: 1, types.Dashboard: 1, types.LogMetricFilter: 1}}, "logs and alarms", 4.80, 0,
		},
		"logs, traces and metrics of methods": {
			// 10 M x 2 KB are 20 GB and 30 GB of flows: 50 x 0.5, kept 60 days: 100 GB x 0.1; traces:
			// 2.628 M + 5 % of the other 7.372 M are 2.9966 M x 5 a million; 5 x 0.3
			Facts{Gateways: 1, FlowLogs: 1, LogDays: 60, MethodMetrics: 5}, "logs and alarms", 0, 51.483,
		},
		"a web ACL's log of every request": {
			// 10 M x 2 KB are 20 GB x 0.5, kept 30 days x 0.1
			Facts{WebACLLogs: 1, LogDays: 30}, "logs and alarms", 0, 12,
		},
		"a zone": {Facts{Monthly: map[string]int{types.Zone: 1}}, "DNS", 0.50, 0},
	} {
		t.Run(name, func(t *testing.T) {
			lines, missing := estimate(c.facts, month(), round())
			if len(missing) != 0 {
				t.Fatalf("not priced: %v", missing)
			}
			var fixed, perUse float64
			for _, l := range lines {
				switch {
				case l.Part != c.part:
				case l.Fixed:
					fixed += l.USD
				default:
					perUse += l.USD
				}
			}
			if math.Abs(fixed-c.fixed) > 1e-6 || math.Abs(perUse-c.perUse) > 1e-6 {
				t.Errorf("got %v fixed and %v by traffic, want %v and %v\n%+v", fixed, perUse, c.fixed, c.perUse, lines)
			}
		})
	}
}

func TestAnEmptyStackCostsNothing(t *testing.T) {
	if lines, missing := estimate(Facts{}, month(), round()); len(lines)+len(missing) != 0 {
		t.Errorf("an empty stack has the lines %+v and misses %v", lines, missing)
	}
}

func TestANodeTypeWithoutAPriceRowIsNamed(t *testing.T) {
	f := Facts{CacheEngine: "redis", CacheNode: "cache.x9.huge", Shards: 1}
	_, missing := estimate(f, month(), round())
	want := []string{`cache, node hours: no price row "elasticache.redis.cache.x9.huge"`}
	if !slices.Equal(missing, want) {
		t.Errorf("got %v, want %v", missing, want)
	}
}

func TestSwitchesListTheEffectOfEachOtherValue(t *testing.T) {
	f := Facts{
		Zones: 3, NATGateways: 3, Addresses: 3, Instances: 3, MinACU: 1, MaxACU: 32, Proxies: 1,
		CacheEngine: "redis", CacheNode: "cache.t4g.micro", Shards: 3, Replicas: 1,
		MemoryMB: 512, Architecture: "arm64", Provisioned: 2, WebACLs: 1, WebACLRules: 3,
	}
	want := map[string][]Option{
		// A gateway and its address are 43.80 a month; without any, 10 GB x 0.05 go too.
		"network.nat": {{"none", -131.90}, {"single", -87.60}},
		// The proxy counts 9 ACU x 730 h x 0.02.
		"data.proxy.enabled": {{"false", -131.40}},
		// A reader is 3 ACU x 730 h x 0.10 in the cluster. The proxy counts 9 ACU with two, 8 with
		// fewer, 12 with three, x 730 h x 0.02.
		"data.database.readers": {{"0", -438 - 14.60}, {"1", -219 - 14.60}, {"3", 219 + 43.80}},
		// The mean of 3 ACU stays above the least: what was load becomes fixed, the sum stays.
		"data.database.minCapacity":  {{"0.5", 0}, {"2", 0}},
		"data.cache.shards":          {{"1", -58.40}, {"2", -29.20}, {"4", 29.20}},
		"data.cache.replicas":        {{"0", -43.80}, {"2", 43.80}},
		"data.cache.engine":          {{"valkey", -43.80}},
		"api.provisionedConcurrency": {{"0", cents(-2.628 + 0.24875)}, {"1", -1.31}, {"3", 1.31}},
		// Twice the price of 2.628 provisioned and 0.74625 used GB-seconds.
		"api.architecture": {{"x86_64", 3.37}},
		"api.waf":          {{"false", -14}},
	}
	got := switches(f, month(), round())
	if len(got) != len(want) {
		t.Errorf("got %d switches, want %d", len(got), len(want))
	}
	for _, s := range got {
		t.Run(s.Key, func(t *testing.T) {
			if !slices.EqualFunc(s.Options, want[s.Key], func(a, b Option) bool {
				return a.Value == b.Value && math.Abs(a.Change-b.Change) < 0.0051
			}) {
				t.Errorf("got %v, want %v", s.Options, want[s.Key])
			}
		})
	}
}

func TestASwitchThatIsOffListsTheCostOfTurningItOn(t *testing.T) {
	f := Facts{Zones: 3, CacheEngine: "redis", CacheNode: "cache.t4g.micro", Shards: 1, MemoryMB: 512, Architecture: "x86_64"}
	got := map[string]string{}
	for _, s := range switches(f, month(), round()) {
		var options []string
		for _, o := range s.Options {
			options = append(options, o.Value+" "+signed(o.Change))
		}
		got[s.Key] = s.Now + ": " + strings.Join(options, ", ")
	}
	for key, want := range map[string]string{
		"network.nat":       "none: single +44.30, perAz +131.90",
		"data.cache.shards": "1: 2 +14.60",
		"api.waf":           "false: true +14.00",
		"api.architecture":  "x86_64: arm64 -1.00",
	} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
	if _, listed := got["data.database.readers"]; listed {
		t.Error("readers are listed although there is no database")
	}
}

func TestAPriceTableWithAnUndescribedSourceIsRejected(t *testing.T) {
	const row = "prices:\n  zone.month: {usd: 0.5, page: p, seen: list}\n"
	for name, c := range map[string]struct {
		table string
		want  string // of the error, empty for none
	}{
		"a row that was seen in a source":              {"sources: {list: AWS's price list}\n" + row, ""},
		"a row from memory needs none":                 {"prices:\n  zone.month: {usd: 0.5, page: p}\n", ""},
		"a source that is not there":                   {row, `zone.month was seen in "list", which sources does not describe`},
		"a source without a description":               {"sources: {list: ''}\n" + row, `zone.month was seen in "list", which sources does not describe`},
		"a source in which no row was seen":            {"sources: {list: a, page: b}\n" + row, `no row was seen in the source "page"`},
		"a field that the table does not have, strict": {"prices:\n  zone.month: {usd: 0.5, sean: list}\n", "field sean not found"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readPrices([]byte(c.table))
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAnEstimateReportsItsShareOfPricesFromMemory(t *testing.T) {
	prices := round()
	for _, seen := range []string{"natGateway.hour", "natGateway.gb"} {
		prices.Rows[seen] = Price{USD: prices.Rows[seen].USD, Seen: "list"}
	}
	for name, c := range map[string]struct {
		facts Facts
		want  Memory
		line  string
	}{
		"nothing is priced": {Facts{}, Memory{Rows: []string{}}, ""},
		"all rows were seen": {
			Facts{NATGateways: 1}, Memory{Rows: []string{}, Of: 2},
			"The 2 price rows used were all compared with a source.\n",
		},
		"a row from memory is counted once, however many lines use it": {
			// 15 x 0.3, next to the gateway's 36.50 and 0.50
			Facts{NATGateways: 1, Monthly: map[string]int{types.LogMetricFilter: 10}, MethodMetrics: 5},
			Memory{Rows: []string{"metric.month"}, Of: 3, USD: 4.5},
			"FROM MEMORY 1 of the 3 price rows used, 11 % of the sum: metric.month\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			lines, _ := estimate(c.facts, month(), prices)
			got := prices.memory(lines)
			if !slices.Equal(got.Rows, c.want.Rows) || got.Of != c.want.Of || got.USD != c.want.USD {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			sum, _ := total(lines, nil)
			if line := got.line(sum); line != c.line {
				t.Errorf("got %q, want %q", line, c.line)
			}
		})
	}
}

func TestManyRowsFromMemoryAreCountedAndNotListed(t *testing.T) {
	m := Memory{Rows: strings.Fields("a b c d e f g h i"), Of: 20, USD: 5}
	want := "FROM MEMORY 9 of the 20 price rows used, 50 % of the sum: those without seen in ops/cost/prices.yaml\n"
	if got := m.line(10); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEveryRowOfThePriceTableHasItsPageAndIsUsed(t *testing.T) {
	prices, err := loadPrices()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse(time.DateOnly, prices.Date); err != nil || prices.Region != "eu-west-1" || prices.Currency != "USD" {
		t.Errorf("the table is of %q, %q, in %q", prices.Date, prices.Region, prices.Currency)
	}
	used := map[string]bool{}
	f := Facts{
		Zones: 3, NATGateways: 1, Addresses: 1, Endpoints: 1, Instances: 3, MinACU: 1, MaxACU: 32, Proxies: 1,
		Buckets: 1, Gateways: 1, MethodMetrics: 1, MemoryMB: 512, Provisioned: 1, WebACLs: 1, WebACLRules: 1,
		LogDays: 30, FlowLogs: 1, Replications: 1, CopyDays: 30, Monthly: map[string]int{},
	}
	for _, row := range types.All() {
		if row.Cost.Price != "" {
			f.Monthly[row.Token] = 1
		}
	}
	for _, f.Architecture = range []string{"arm64", "x86_64"} {
		lines, missing := estimate(f, month(), prices)
		if len(missing) != 0 {
			t.Errorf("rows are missing: %v", missing)
		}
		for _, l := range lines {
			used[l.Price] = true
		}
	}
	for name, row := range prices.Rows {
		if row.USD <= 0 || !strings.HasPrefix(row.Page, "https://aws.amazon.com/") {
			t.Errorf("%s costs %v, its page is %q", name, row.USD, row.Page)
		}
		if !used[name] && !strings.HasPrefix(name, "elasticache.") {
			t.Errorf("%s is not used", name)
		}
	}
}

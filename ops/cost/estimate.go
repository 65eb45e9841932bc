package cost

import (
	"fmt"
	"math"
	"slices"

	"github.com/didomi/serverless-api/ops/types"
)

// hours is a month in hours, as AWS counts it.
const hours = 730

// Line is one cost.
type Line struct {
	// Part is the part of the stack, Item what is counted.
	Part string `json:"part"`
	Item string `json:"item"`
	// Fixed: the cost does not depend on the traffic.
	Fixed bool `json:"fixed"`
	// USD is Quantity times the price row Price, for a month.
	Quantity float64 `json:"quantity"`
	Price    string  `json:"price"`
	USD      float64 `json:"usd"`
}

// estimator collects the lines.
type estimator struct {
	Facts
	t      Traffic
	prices Prices
	lines  []Line
	// missing are price rows that the table lacks.
	missing []string
	// listed are the parts whose monthly prices are among the lines.
	listed []string
}

// estimate returns the costs of a month with that traffic, part by part along the request path, and what has no price
// row.
func estimate(f Facts, t Traffic, p Prices) ([]Line, []string) {
	e := estimator{Facts: f, t: t, prices: p}
	e.apiGateway()
	e.function()
	e.cache()
	e.database()
	e.files()
	e.copies()
	e.network()
	e.operations()
	e.remaining()
	return e.lines, e.missing
}

func (e *estimator) add(fixed bool, part, item string, quantity float64, price string) {
	if quantity == 0 {
		return
	}
	row, ok := e.prices.Rows[price]
	if !ok {
		e.missing = append(e.missing, fmt.Sprintf("%s, %s: no price row %q", part, item, price))
		return
	}
	e.lines = append(e.lines, Line{part, item, fixed, quantity, price, quantity * row.USD})
}

func (e *estimator) fixed(part, item string, quantity float64, price string) {
	e.add(true, part, item, quantity, price)
}

func (e *estimator) traffic(part, item string, quantity float64, price string) {
	e.add(false, part, item, quantity, price)
}

// monthly adds the types with a monthly price in a part, by ops/types.
func (e *estimator) monthly(part string) {
	e.listed = append(e.listed, part)
	for _, row := range types.All() {
		if row.Cost.Part == part {
			e.fixed(part, row.Cost.Item, float64(e.Monthly[row.Token]), row.Cost.Price)
		}
	}
}

// remaining adds the parts that only rows of ops/types name.
func (e *estimator) remaining() {
	for _, row := range types.All() {
		if part := row.Cost.Part; part != "" && !slices.Contains(e.listed, part) {
			e.monthly(part)
		}
	}
}

const (
	million  = 1e6
	kbPerGB  = 1e6
	mbPerGB  = 1e3
	thousand = 1e3
	// API Gateway counts one request for each streamUnitMB of a streamed response. Lambda streams the first
	// streamFreeMB of each response for free.
	streamUnitMB = 10
	streamFreeMB = 6
)

// apiGateway adds DNS, web ACL, API Gateway and data transfer to the clients.
func (e *estimator) apiGateway() {
	e.monthly("DNS")
	e.fixed("WAF", "web ACLs", float64(e.WebACLs), "waf.aclMonth")
	e.fixed("WAF", "rules", float64(e.WebACLRules), "waf.ruleMonth")
	e.traffic("WAF", "requests, millions", float64(e.WebACLs)*e.t.Requests/million, "waf.million")
	if e.Gateways == 0 {
		return
	}
	billed := e.t.items() + e.t.FileRequests*max(1, math.Ceil(e.t.FileMB/streamUnitMB))
	e.traffic("API Gateway", "requests, millions; a file counts one per 10 MB", billed/million, "apiGateway.million")
	out := e.t.items()*e.t.ItemKB/kbPerGB + e.t.FileRequests*e.t.FileMB/mbPerGB
	e.traffic("data out", "GB to the internet", out, "internet.gb")
}

// function adds Lambda: provisioned concurrency, and the memory and time of requests.
func (e *estimator) function() {
	if e.MemoryMB == 0 {
		return
	}
	const part = "function"
	gb := e.MemoryMB / 1024
	price := "lambda." + e.Architecture
	e.fixed(part, "GB-seconds provisioned", float64(e.Provisioned)*hours*3600*gb, price+".warmGBSecond")
	used := gb * (e.t.items()*e.t.ItemMillis + e.t.FileRequests*e.t.FileMillis) / thousand
	provisioned := 0.0
	if e.Provisioned > 0 {
		provisioned = e.t.WarmShare
	}
	e.traffic(part, "GB-seconds", used*(1-provisioned), price+".gbSecond")
	e.traffic(part, "GB-seconds in provisioned concurrency", used*provisioned, price+".gbSecondWhileWarm")
	e.traffic(part, "requests, millions", e.t.Requests/million, "lambda.million")
	e.traffic(part, "GB streamed beyond 6 MB a response",
		e.t.FileRequests*max(0, e.t.FileMB-streamFreeMB)/mbPerGB, "lambda.streamedGB")
}

func (e *estimator) cache() {
	nodes := float64(e.Shards * (1 + e.Replicas))
	e.fixed("cache", "node hours", nodes*hours, "elasticache."+e.CacheEngine+"."+e.CacheNode)
}

// minProxyACU is the least that RDS Proxy charges for Aurora Serverless v2, taken once for a cluster.
const minProxyACU = 8

// database adds Aurora and its proxy. The cluster's minimum capacity is fixed; the rest depends on the traffic.
func (e *estimator) database() {
	instances := float64(e.Instances)
	least := instances * e.MinACU
	mean := instances * min(max(e.t.DatabaseACU, e.MinACU), e.MaxACU)
	e.fixed("database", "ACU hours at least", least*hours, "aurora.acuHour")
	e.traffic("database", "ACU hours beyond", (mean-least)*hours, "aurora.acuHour")
	if e.Instances > 0 {
		e.fixed("database", "GB stored", e.t.DatabaseGB, "aurora.gbMonth")
		io := e.t.misses()*e.t.IOPerMiss + e.t.Writes*e.t.IOPerWrite
		e.traffic("database", "storage reads and writes, millions", io/million, "aurora.millionIO")
	}
	proxies := float64(e.Proxies)
	atLeast := max(least, minProxyACU)
	e.fixed("proxy", "ACU hours, 8 ACU at least", proxies*atLeast*hours, "rdsProxy.acuHour")
	e.traffic("proxy", "ACU hours beyond", proxies*max(0, mean-atLeast)*hours, "rdsProxy.acuHour")
}

func (e *estimator) files() {
	if e.Buckets == 0 {
		return
	}
	e.fixed("files", "GB stored", e.t.FilesGB, "s3.gbMonth")
	e.traffic("files", "reads, thousands", e.t.FileRequests/thousand, "s3.thousandGet")
	e.traffic("files", "writes, thousands", e.t.Uploads/thousand, "s3.thousandPut")
}

// copies adds what is kept in another region, by the prices of the stack's own, and the transfer to it. A copy of an
// Aurora snapshot is a full one.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-copy-snapshot.html
func (e *estimator) copies() {
	if e.Replications > 0 {
		e.fixed("copies", "GB of files stored", e.t.FilesGB, "s3.gbMonth")
		e.traffic("copies", "writes, thousands", e.t.Uploads/thousand, "s3.thousandPut")
		e.traffic("copies", "GB of files to another region", e.t.Uploads*e.t.FileMB/thousand, "interRegion.gb")
	}
	if e.CopyDays > 0 {
		e.fixed("copies", "GB of snapshots stored", e.CopyDays*e.t.DatabaseGB, "aurora.backupGbMonth")
		e.fixed("copies", "GB of snapshots to another region", daysPerMonth*e.t.DatabaseGB, "interRegion.gb")
	}
}

// network adds NAT and endpoints.
func (e *estimator) network() {
	e.fixed("NAT", "gateway hours", float64(e.NATGateways)*hours, "natGateway.hour")
	e.fixed("NAT", "public address hours", float64(e.Addresses)*hours, "publicAddress.hour")
	if e.NATGateways > 0 {
		e.traffic("NAT", "GB", e.t.NATGB, "natGateway.gb")
	}
	e.fixed("endpoints", "interface hours", float64(e.Endpoints)*hours, "endpoint.hour")
	if e.Endpoints > 0 {
		e.traffic("endpoints", "GB", e.t.EndpointGB, "endpoint.gb")
	}
}

const daysPerMonth = 30

// webACLLogKB is about the size of WAF's log of a request: its headers, the rules that matched and their labels.
// https://docs.aws.amazon.com/waf/latest/developerguide/logging-fields.html
const webACLLogKB = 2

// X-Ray's default sampling rule: the first request of every second and a twentieth of the others.
const (
	tracedPerMonth = hours * 3600
	tracedShare    = 0.05
)

// operations adds secrets, keys, logs and monitoring.
func (e *estimator) operations() {
	e.monthly("secrets and keys")
	const part = "logs and alarms"
	e.monthly(part)
	e.traffic(part, "metrics of single methods", float64(e.MethodMetrics), "metric.month")
	gb := 0.0
	if e.Gateways > 0 {
		gb += e.t.Requests * (e.t.FunctionLogKB + e.t.AccessLogKB) / kbPerGB
		traced := min(e.t.Requests, tracedPerMonth+tracedShare*max(0, e.t.Requests-tracedPerMonth))
		e.traffic(part, "traces, millions", traced/million, "xray.millionTraces")
	}
	gb += float64(e.WebACLLogs) * e.t.Requests * webACLLogKB / kbPerGB
	if e.FlowLogs > 0 {
		gb += e.t.FlowLogGB
	}
	e.traffic(part, "GB of logs written", gb, "logs.gb")
	e.traffic(part, "GB of logs stored", gb*e.LogDays/daysPerMonth, "logs.gbMonth")
}

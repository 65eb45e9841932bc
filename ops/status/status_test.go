package status

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
)

func reportOf(t *testing.T, s *stack) report {
	t.Helper()
	r, err := s.report(t.Context(), parts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// needing are the items that need the operator, one a line.
func (r report) needing() string {
	var lines []string
	for _, item := range r.Items {
		if item.State == Warning || item.State == NotRead {
			lines = append(lines, fmt.Sprintf("%s %s: %s -> %s", item.Part, item.Name, item.What, item.Do))
		}
	}
	return strings.Join(lines, "\n")
}

func TestAHealthyStackNeedsNothingOfItsOperator(t *testing.T) {
	r := reportOf(t, of(healthy()))
	if !r.OK {
		t.Errorf("got\n%s", r.needing())
	}
	for _, want := range []Item{
		{Part: "alarms", Name: "2 alarms", State: OK, What: "none is in ALARM, 1 have insufficient data"},
		{Part: "versions", Name: "contract", State: OK, What: "1.4.0"},
		{Part: "versions", Name: "schema", State: OK, What: "migration 3, by the last update"},
		{Part: "versions", Name: "plugin aws", State: OK, What: "6.83.4"},
		{Part: "versions", Name: "function", State: OK, What: "version 7"},
		{Part: "capacity", Name: "database cluster", State: OK, What: "16.11, instances: 2, 0.5 to 4 ACU each"},
		{Part: "capacity", Name: "cache", State: OK, What: "redis 7.1, shards: 1, nodes: 2 of cache.t4g.micro"},
		{Part: "capacity", Name: "function", State: OK, What: "the account's 900 unreserved executions"},
		{Part: "certificates", Name: "dev.didomi.example", State: OK, What: "valid until 2027-03-12, 100 days"},
		{Part: "secrets", Name: "app", State: OK, What: "10 days old, rotates every 30 days"},
	} {
		if !slices.Contains(r.Items, want) {
			t.Errorf("no %+v in %+v", want, r.Items)
		}
	}
}

func TestWhatNeedsTheOperatorIsAWarningThatSaysWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*account)
		want   string
	}{
		"an alarm": {func(a *account) {
			a.alarms[0].StateValue, a.alarms[0].StateReason, a.alarms[0].StateUpdatedTimestamp = cloudwatchtypes.StateValueAlarm, aws.String("it throttles"), &now
		}, "alarms didomi-dev-api-throttles: ALARM since 2026-12-02T12:00:00Z: it throttles -> docs/how-to/runbook.md"},
		"a composite alarm": {func(a *account) { a.composite[0].StateValue = cloudwatchtypes.StateValueAlarm }, "alarms didomi-dev-api-customer-impact: ALARM"},
		"a deleted alarm":   {func(a *account) { a.alarms = nil }, "alarms didomi-dev-api-throttles: it is gone"},
		"a silenced alarm":  {func(a *account) { a.composite[0].ActionsEnabled = aws.Bool(false) }, "customer-impact: its actions are off: it notifies nobody -> aws cloudwatch enable-alarm-actions"},
		"a pending certificate": {func(a *account) { a.certificate.Status = acmtypes.CertificateStatusPendingValidation },
			"certificates dev.didomi.example: it is PENDING_VALIDATION"},
		"a certificate that was not renewed": {func(a *account) { a.certificate.NotAfter = aws.Time(now.Add(29 * day)) }, "29 days -> ACM has not renewed it"},
		"an expired certificate":             {func(a *account) { a.certificate.NotAfter = aws.Time(now.Add(-3 * day)) }, "-3 days -> ACM"},
		"a certificate of the database":      {func(a *account) { a.instance.CertificateDetails.ValidTill = aws.Time(now.Add(5 * day)) }, "database instance-1: valid until 2026-12-07, 5 days -> RDS"},
		"a database that is not available":   {func(a *account) { a.cluster.Status = aws.String("failing-over") }, "capacity database cluster: it is failing-over; 16.11"},
		"a cache that is not available":      {func(a *account) { a.cache.Status = aws.String("modifying") }, "capacity cache: it is modifying"},
		"a rotation that fails":              {func(a *account) { a.secret.LastRotatedDate = aws.Time(now.Add(-33 * day)) }, "secrets app: 33 days old, and rotates every 30 days: its rotation fails"},
		"a rotation that is off":             {func(a *account) { a.secret.RotationEnabled = nil }, "secrets app: 10 days old: its rotation is off"},
	} {
		t.Run(name, func(t *testing.T) {
			a := healthy()
			c.change(a)
			if r := reportOf(t, of(a)); r.OK || !strings.Contains(r.needing(), c.want) || strings.Contains(r.needing(), "\n") {
				t.Errorf("got\n%s\nwant %s", r.needing(), c.want)
			}
		})
	}
}

// A window of a burn rate stays in ALARM for hours after the failures.
func TestAnAlarmThatCountsOnlyWithAnotherOneIsNoWarningAlone(t *testing.T) {
	for name, c := range map[string]struct {
		rule      string
		composite cloudwatchtypes.StateValue
		actions   []string
		want      bool
	}{
		"alone":                         {`ALARM("didomi-dev-api-throttles") AND ALARM("other")`, cloudwatchtypes.StateValueOk, nil, true},
		"with the other":                {`ALARM("didomi-dev-api-throttles") AND ALARM("other")`, cloudwatchtypes.StateValueAlarm, nil, false},
		"with an action of its own":     {`ALARM("didomi-dev-api-throttles") AND ALARM("other")`, cloudwatchtypes.StateValueOk, []string{"arn:topic"}, false},
		"in no rule of a composite one": {`ALARM("didomi-dev-api-throttles-2")`, cloudwatchtypes.StateValueOk, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := healthy()
			a.alarms[0].StateValue, a.alarms[0].AlarmActions = cloudwatchtypes.StateValueAlarm, c.actions
			a.composite[0].StateValue, a.composite[0].AlarmRule = c.composite, &c.rule
			if r := reportOf(t, of(a)); r.OK != c.want {
				t.Errorf("OK is %v:\n%s", r.OK, r.needing())
			}
		})
	}
}

func TestARolloutIsShownByItsShares(t *testing.T) {
	a := healthy()
	a.reserved = aws.Int32(400)
	a.alias.FunctionVersion = aws.String("6")
	a.alias.RoutingConfig = &lambdatypes.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"7": 0.1}}
	r := reportOf(t, of(a))
	want := "version 6, and 10 % of the requests version 7, of 7 published: a rollout is under way, or was rolled back"
	if !slices.Contains(r.Items, Item{Part: "versions", Name: "function", State: OK, What: want}) || !slices.Contains(r.Items, Item{Part: "capacity", Name: "function", State: OK, What: "400 reserved executions"}) {
		t.Errorf("got %+v", r.Items)
	}
}

func TestAPartThatCannotBeReadIsSaidWithThePermissionAndTheOthersAreRead(t *testing.T) {
	for call, permission := range map[string]string{
		"DescribeAlarms": "cloudwatch:DescribeAlarms", "DescribeCertificate": "acm:DescribeCertificate", "GetAlias": "lambda:GetAlias",
		"DescribeDBClusters": "rds:DescribeDBClusters", "DescribeSecret": "secretsmanager:DescribeSecret",
	} {
		t.Run(call, func(t *testing.T) {
			a := healthy()
			a.denied = map[string]error{call: &smithy.GenericAPIError{Code: "AccessDenied", Message: "no"}}
			r := reportOf(t, of(a))
			if r.OK || !strings.Contains(r.needing(), "lack the permission "+permission) {
				t.Errorf("got\n%s", r.needing())
			}
			if last := r.Items[len(r.Items)-1]; last.Part != "calendar" {
				t.Errorf("it ends with %+v", last)
			}
		})
	}
}

func TestDriftIsComparedOnlyWhenTheCommandIsToldTo(t *testing.T) {
	differs := errors.New("exit status 255")
	for name, c := range map[string]struct {
		drift   bool
		printed string
		err     error
		want    State
	}{
		"not told":         {false, "", errors.New("it ran"), NotChecked},
		"no difference":    {true, "", nil, OK},
		"a difference":     {true, "error: no changes were expected but changes were proposed", differs, Warning},
		"a failed refresh": {true, "error: no credentials", differs, NotRead},
	} {
		t.Run(name, func(t *testing.T) {
			s := of(healthy())
			s.drift = c.drift
			s.pulumi = func(_ context.Context, args ...string) (string, error) {
				if !slices.Contains(args, "--preview-only") {
					t.Errorf("pulumi %v changes the state", args)
				}
				return c.printed, c.err
			}
			for _, item := range reportOf(t, s).Items {
				if item.Part == "drift" && item.State != c.want {
					t.Errorf("got %+v, want %s", item, c.want)
				}
			}
		})
	}
}

func TestTheReportIsPrintedAsATableAndAsJSON(t *testing.T) {
	a := healthy()
	a.cluster.Status = aws.String("failing-over")
	r := reportOf(t, of(a))
	var table, object bytes.Buffer
	if err := errors.Join(r.print(&table, false), r.print(&object, true)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(table.String(), "-> see its events") || !strings.Contains(table.String(), "warning") {
		t.Errorf("got\n%s", &table)
	}
	var back report
	if err := json.Unmarshal(object.Bytes(), &back); err != nil || back.OK || back.Stack != "dev" || len(back.Items) != len(r.Items) || !strings.Contains(object.String(), `"state": "warning"`) {
		t.Errorf("%v\n%s", err, &object)
	}
}

func TestBothClustersOfARestoreAreListedByTheirPart(t *testing.T) {
	for name, c := range map[string]struct {
		tags map[string]any
		want string
	}{
		"kept":     {nil, "16.11, instances: 2, 0.5 to 4 ACU each, cluster is kept by a restore"},
		"retiring": {map[string]any{"retiring": "true"}, "16.11, instances: 2, 0.5 to 4 ACU each, cluster is retiring: the restore's last step deletes it"},
	} {
		t.Run(name, func(t *testing.T) {
			a := healthy()
			s := of(a)
			for i, r := range s.graph.Resources {
				if r.ID == "cluster" {
					r.Inputs["tags"] = c.tags
				}
				if r.Type == "aws:lambda/function:Function" {
					s.graph.Resources[i].Dependencies = []string{"cluster-2"}
				}
			}
			s.graph.Resources = append(s.graph.Resources, graph.Resource{URN: "cluster-2", ID: "cluster-2", Type: "aws:rds/cluster:Cluster", Inputs: map[string]any{"engine": "aurora-postgresql", "engineVersion": "16.11"}})
			r := reportOf(t, s)
			for _, want := range []Item{
				{Part: "capacity", Name: "former database cluster", State: OK, What: c.want},
				{Part: "capacity", Name: "database cluster-2", State: OK, What: "16.11, instances: 2, 0.5 to 4 ACU each"},
			} {
				if !slices.Contains(r.Items, want) {
					t.Errorf("no %+v in %+v", want, r.Items)
				}
			}
			if !slices.Equal(a.described, []string{"cluster", "cluster-2"}) {
				t.Errorf("the clusters are described as %v, want each once", a.described)
			}
		})
	}
}

func TestMistakesOfTheCommandLine(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no stack": {nil, "set --stack"},
		"no days":  {[]string{"--stack", "dev", "--warn-days", "0"}, "--warn-days 0"},
		"no part":  {[]string{"--stack", "dev", "--only", "calendar,alarm"}, "--only calendar,alarm: must be names of parts: alarms, versions"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Run(t.Context(), command.IO{}, c.args); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWhatEndsSoonIsAWarning(t *testing.T) {
	for name, c := range map[string]struct {
		now  time.Time
		want string // in the items that need the operator; empty: none may
	}{
		"more than warn-days before the end of the minor version": {now, ""},
		"warn-days before it":              {time.Date(2027, 1, 3, 0, 0, 0, 0, time.UTC), "Aurora PostgreSQL 16.11: ends on 2027-07-01, in 179 days"},
		"after it":                         {time.Date(2027, 7, 3, 0, 0, 0, 0, time.UTC), "in -2 days"},
		"a year after the dates were read": {now.Add(366 * day), "Redis OSS 7 of ElastiCache: no end is announced, https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html -> the date was checked on 2026-12-02: read"},
	} {
		t.Run(name, func(t *testing.T) {
			s := of(healthy())
			s.now = c.now
			r, err := s.report(t.Context(), []part{{"calendar", calendar}})
			if err != nil || (c.want == "") != r.OK || !strings.Contains(r.needing(), c.want) {
				t.Errorf("%v\n%s", err, r.needing())
			}
		})
	}
}

// A minor version of Aurora ends long before its major one.
func TestAVersionThatTheCalendarLacksIsAWarning(t *testing.T) {
	for _, version := range []string{"99.1", "16.99"} {
		s := of(healthy())
		for i, r := range s.graph.Resources {
			if r.ID == "cluster" {
				s.graph.Resources[i].Inputs["engineVersion"] = version
			}
		}
		only, err := chooseParts("calendar")
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.report(t.Context(), only)
		if err != nil || !strings.Contains(r.needing(), "aurora-postgresql "+version+": the calendar has no row for it -> add one to ops/status/calendar.yaml") {
			t.Errorf("%v\n%s", err, r.needing())
		}
	}
}

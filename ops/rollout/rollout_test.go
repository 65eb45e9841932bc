package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/didomi/serverless-api/lambda/openapi"
)

// account is a Lambda with one function and its alias.
type account struct {
	version, description string
	shares               map[string]float64
	health               string
	// moves are what the alias was set to, in order: "7 8:0.1".
	moves                 []string
	provisioned, released []string
	// fail is the error of the move of that number, from 1 on.
	fail    map[int]error
	release error
	// missing: there is no such alias.
	missing bool
}

func (a *account) GetAlias(context.Context, *lambda.GetAliasInput, ...func(*lambda.Options)) (*lambda.GetAliasOutput, error) {
	if a.missing {
		return nil, &types.ResourceNotFoundException{}
	}
	revision := fmt.Sprint(len(a.moves))
	return &lambda.GetAliasOutput{
		FunctionVersion: &a.version, Description: &a.description, RevisionId: &revision,
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: a.shares},
	}, nil
}

func (a *account) UpdateAlias(_ context.Context, in *lambda.UpdateAliasInput, _ ...func(*lambda.Options)) (*lambda.UpdateAliasOutput, error) {
	before := fmt.Sprint(len(a.moves))
	move := *in.FunctionVersion
	for version, share := range in.RoutingConfig.AdditionalVersionWeights {
		move += fmt.Sprintf(" %s:%g", version, share)
	}
	a.moves = append(a.moves, move)
	if err := a.fail[len(a.moves)]; err != nil {
		return nil, err
	}
	if in.RevisionId != nil && *in.RevisionId != before {
		return nil, errors.New("the revision is another one")
	}
	a.version, a.description, a.shares = *in.FunctionVersion, *in.Description, in.RoutingConfig.AdditionalVersionWeights
	revision := fmt.Sprint(len(a.moves))
	return &lambda.UpdateAliasOutput{RevisionId: &revision}, nil
}

func (a *account) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	if *in.Qualifier != "8" {
		return nil, fmt.Errorf("version %s was invoked", *in.Qualifier)
	}
	if want := `{"httpMethod":"GET","path":"/ready","requestContext":{"requestId":"rollout","stage":"rollout"},"resource":"/ready"}`; string(in.Payload) != want {
		return nil, fmt.Errorf("it was sent %s", in.Payload)
	}
	if a.health == "crash" {
		unhandled := "Unhandled"
		return &lambda.InvokeOutput{FunctionError: &unhandled, Payload: []byte(`{"errorType":"Runtime.ExitError"}`)}, nil
	}
	return &lambda.InvokeOutput{Payload: []byte(a.health)}, nil
}

func (a *account) ListProvisionedConcurrencyConfigs(context.Context, *lambda.ListProvisionedConcurrencyConfigsInput, ...func(*lambda.Options)) (*lambda.ListProvisionedConcurrencyConfigsOutput, error) {
	var out lambda.ListProvisionedConcurrencyConfigsOutput
	for _, qualifier := range a.provisioned {
		out.ProvisionedConcurrencyConfigs = append(out.ProvisionedConcurrencyConfigs, types.ProvisionedConcurrencyConfigListItem{
			FunctionArn: aws.String("arn:aws:lambda:eu-west-1:123456789012:function:f:" + qualifier),
		})
	}
	return &out, nil
}

func (a *account) DeleteProvisionedConcurrencyConfig(_ context.Context, in *lambda.DeleteProvisionedConcurrencyConfigInput, _ ...func(*lambda.Options)) (*lambda.DeleteProvisionedConcurrencyConfigOutput, error) {
	a.released = append(a.released, *in.Qualifier)
	return nil, a.release
}

const healthy = `{"statusCode":200,"body":"{}"}`

// serving is an account whose alias points at version 7.
func serving() *account {
	return &account{version: "7", description: "Version 7, after 6", health: healthy, provisioned: []string{"5", "7", "8"}}
}

// start returns a rollout of version 8 that reads the alarms every 15 seconds, for one minute.
func start(a *account, looks ...func() ([]string, error)) (*Rollout, *strings.Builder) {
	var log strings.Builder
	return &Rollout{
		Lambda: a, Readiness: []openapi.Request{{Route: "GET /ready", Status: 200}}, Log: &log, Function: "f", Alias: "live", Version: "8",
		Share: 0.1, Watch: time.Minute, Every: 15 * time.Second, AlarmTimeout: 20 * time.Second,
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		InAlarm: func(context.Context) ([]string, error) {
			if len(looks) == 0 {
				return nil, nil
			}
			look := looks[0]
			looks = looks[1:]
			return look()
		},
	}, &log
}

func allOK() ([]string, error)      { return nil, nil }
func inAlarm() ([]string, error)    { return []string{"customer-impact"}, nil }
func unreadable() ([]string, error) { return nil, errors.New("read the alarms: denied") }

func TestAShiftEndsWithTheNewVersionOrTheOneBefore(t *testing.T) {
	for _, c := range []struct {
		name     string
		change   func(*account)
		looks    []func() ([]string, error)
		moves    []string
		serves   string // version and description at the end
		released []string
		err      string
	}{
		{
			name:  "a rollout without an alarm ends with the new version, and releases the provisioned concurrency of all others",
			moves: []string{"7 8:0.1", "8"}, serves: "8, Version 8, after 7", released: []string{"5", "7"},
		},
		{
			name:  "an alarm rolls back",
			looks: []func() ([]string, error){allOK, allOK, inAlarm},
			moves: []string{"7 8:0.1", "7"}, serves: "7, Version 7, after 6",
			err: "version 8: in ALARM: customer-impact",
		},
		{
			name:  "alarms that cannot be read roll back",
			looks: []func() ([]string, error){allOK, unreadable},
			moves: []string{"7 8:0.1", "7"}, serves: "7, Version 7, after 6",
			err: "version 8: read the alarms: denied",
		},
		{
			name:   "an alarm that stays in ALARM prevents it",
			looks:  []func() ([]string, error){inAlarm, inAlarm, inAlarm},
			serves: "7, Version 7, after 6",
			err:    "version 7 still receives all requests, nothing was changed: already in ALARM: customer-impact",
		},
		{
			name:  "an alarm that returns to OK in time lets it start",
			looks: []func() ([]string, error){inAlarm, inAlarm},
			moves: []string{"7 8:0.1", "8"}, serves: "8, Version 8, after 7", released: []string{"5", "7"},
		},
		{
			name:   "alarms that cannot be read prevent it",
			looks:  []func() ([]string, error){inAlarm, unreadable},
			serves: "7, Version 7, after 6",
			err:    "version 7 still receives all requests, nothing was changed: read the alarms: denied",
		},
		{
			name:   "a version that crashes receives no request of a client",
			change: func(a *account) { a.health = "crash" },
			serves: "7, Version 7, after 6",
			err:    `nothing was changed: version 8: its health check fails: Unhandled: {"errorType":"Runtime.ExitError"}`,
		},
		{
			name:   "a version without one of its dependencies receives no request of a client",
			change: func(a *account) { a.health = `{"statusCode":503,"body":"no database"}` },
			serves: "7, Version 7, after 6",
			err:    "nothing was changed: version 8: its health check returns Service Unavailable: no database",
		},
		{
			name:   "the version that serves is left alone",
			change: func(a *account) { a.version = "8" },
			serves: "8, Version 7, after 6",
		},
		{
			name:   "a rollout in progress is left alone",
			change: func(a *account) { a.shares = map[string]float64{"8": 0.1} },
			serves: "7, Version 7, after 6",
			err:    "another rollout is in progress, or one was killed; end it with --rollback",
		},
		{
			name:   "a last step that fails rolls back",
			change: func(a *account) { a.fail = map[int]error{2: errors.New("throttled")} },
			moves:  []string{"7 8:0.1", "8", "7"}, serves: "7, Version 7, after 6",
			err: "send all requests to version 8: throttled",
		},
		{
			name:   "a rollback that fails is reported too",
			change: func(a *account) { a.fail = map[int]error{2: errors.New("throttled")} },
			looks:  []func() ([]string, error){allOK, inAlarm},
			moves:  []string{"7 8:0.1", "7"}, serves: "7, Version 7, after 6",
			err: "rollback to version 7 failed too, traffic is still split; try --rollback: throttled",
		},
		{
			name:   "nothing is released where only the alias has provisioned concurrency",
			change: func(a *account) { a.provisioned = []string{"live"} },
			moves:  []string{"7 8:0.1", "8"}, serves: "8, Version 8, after 7",
		},
		{
			name:   "provisioned concurrency that stays is reported",
			change: func(a *account) { a.release = errors.New("denied") },
			moves:  []string{"7 8:0.1", "8"}, serves: "8, Version 8, after 7", released: []string{"5"},
			err: "version 5 receives no requests and still has provisioned concurrency: denied",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := serving()
			if c.change != nil {
				c.change(a)
			}
			r, log := start(a, c.looks...)
			checkError(t, r.Shift(t.Context()), c.err)
			if !slices.Equal(a.moves, c.moves) || !slices.Equal(a.released, c.released) || a.version+", "+a.description != c.serves {
				t.Errorf("moves %q, released %q, serves %s, %s; want %q, %q, %s\n%s", a.moves, a.released, a.version, a.description, c.moves, c.released, c.serves, log)
			}
		})
	}
}

func TestATerminatedRolloutRollsBack(t *testing.T) {
	a := serving()
	r, _ := start(a)
	ctx, stop := context.WithCancel(t.Context())
	r.Wait = func(ctx context.Context, _ time.Duration) error {
		stop()
		return ctx.Err()
	}
	checkError(t, r.Shift(ctx), "version 8: stopped: context canceled")
	if want := []string{"7 8:0.1", "7"}; !slices.Equal(a.moves, want) {
		t.Errorf("moves %q, want %q", a.moves, want)
	}
}

func TestTheAlarmsAreReadUntilTheTimeIsOver(t *testing.T) {
	r, _ := start(serving())
	var waited []time.Duration
	r.Watch, r.Every = 70*time.Second, 30*time.Second
	r.Wait = func(_ context.Context, d time.Duration) error {
		waited = append(waited, d)
		return nil
	}
	checkError(t, r.Shift(t.Context()), "")
	if want := []time.Duration{30 * time.Second, 30 * time.Second, 10 * time.Second}; !slices.Equal(waited, want) {
		t.Errorf("waited %v, want %v", waited, want)
	}
}

func TestARollbackSendsAllRequestsToOneVersion(t *testing.T) {
	moved := func(a *account) { a.description = "The version that serves" } // set by an update
	for _, c := range []struct {
		name   string
		change func(*account)
		to     string
		serves string
		err    string
	}{
		{"the previous version", nil, "", "6, Version 6, back from 7", ""},
		{"the version of --to", nil, "3", "3, Version 3, back from 7", ""},
		{"a rollout in progress is ended", func(a *account) { a.shares = map[string]float64{"8": 0.1} }, "", "7, Version 7, after 6", ""},
		{"after an update that moved the alias, the version of --to", moved, "5", "5, The version that serves", ""},
		{"an update that did not move the alias is not rolled back", moved, "7", "7, The version that serves", ""},
		{"after an update moved the alias --to is required", moved, "", "7, The version that serves", "the alias does not name the previous version; set --to"},
		{"a rollout in progress is ended for the version of --to", func(a *account) { a.shares = map[string]float64{"8": 0.1} }, "7", "7, Version 7, after 6", ""},
		{"after a rollback, another one needs --to", func(a *account) { a.description = "Version 7, back from 8" }, "",
			"7, Version 7, back from 8", "the alias does not name the previous version; set --to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := serving()
			if c.change != nil {
				c.change(a)
			}
			r, _ := start(a)
			checkError(t, r.Rollback(t.Context(), c.to), c.err)
			if got := a.version + ", " + a.description; got != c.serves || len(a.shares) != 0 && c.err == "" {
				t.Errorf("serves %s, shared with %v; want %s", got, a.shares, c.serves)
			}
		})
	}
}

func TestABadVersionIsRolledBackToWhatServed(t *testing.T) {
	a := serving()
	r, _ := start(a)
	for _, published := range []string{"8", "9"} { // both bad, the second one after the rollback
		before, err := r.Serving(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a.version, a.description = published, "The version that serves"
		checkError(t, r.Rollback(t.Context(), before), "")
		if a.version != "7" {
			t.Errorf("version %s serves after version %s has failed, want 7", a.version, published)
		}
	}
}

func TestNoVersionServesBeforeTheFirstDeployment(t *testing.T) {
	a := serving()
	a.missing = true
	r, _ := start(a)
	if version, err := r.Serving(t.Context()); version != "" || err != nil {
		t.Errorf("version %q, %v; want none", version, err)
	}
}

func checkError(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("error %v, want %q in it", err, want)
	}
}

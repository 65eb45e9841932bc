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

// account is a Lambda with one function, whose alias it keeps.
type account struct {
	version, description string
	shares               map[string]float64
	health               string
	// moves are what the alias was set to, in order: "7 8:0.1".
	moves        []string
	warm, cooled []string
	// refuse is what the move of that number, from 1 on, fails with.
	refuse map[int]error
	cool   error
	// none says that there is no such alias.
	none bool
}

func (a *account) GetAlias(context.Context, *lambda.GetAliasInput, ...func(*lambda.Options)) (*lambda.GetAliasOutput, error) {
	if a.none {
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
	if err := a.refuse[len(a.moves)]; err != nil {
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
		return nil, fmt.Errorf("version %s was asked", *in.Qualifier)
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
	for _, qualifier := range a.warm {
		out.ProvisionedConcurrencyConfigs = append(out.ProvisionedConcurrencyConfigs, types.ProvisionedConcurrencyConfigListItem{
			FunctionArn: aws.String("arn:aws:lambda:eu-west-1:123456789012:function:f:" + qualifier),
		})
	}
	return &out, nil
}

func (a *account) DeleteProvisionedConcurrencyConfig(_ context.Context, in *lambda.DeleteProvisionedConcurrencyConfigInput, _ ...func(*lambda.Options)) (*lambda.DeleteProvisionedConcurrencyConfigOutput, error) {
	a.cooled = append(a.cooled, *in.Qualifier)
	return nil, a.cool
}

const healthy = `{"statusCode":200,"body":"{}"}`

// serving is an account whose alias leads to version 7.
func serving() *account {
	return &account{version: "7", description: "Version 7, after 6", health: healthy, warm: []string{"5", "7", "8"}}
}

// start makes a rollout of version 8 with a look every quarter of a minute, for one minute.
func start(a *account, looks ...func() ([]string, error)) (*Rollout, *strings.Builder) {
	var log strings.Builder
	return &Rollout{
		Lambda: a, Readiness: []openapi.Request{{Route: "GET /ready", Status: 200}}, Log: &log, Function: "f", Alias: "live", Version: "8",
		Share: 0.1, Watch: time.Minute, Every: 15 * time.Second, Settle: 20 * time.Second,
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Ringing: func(context.Context) ([]string, error) {
			if len(looks) == 0 {
				return nil, nil
			}
			look := looks[0]
			looks = looks[1:]
			return look()
		},
	}, &log
}

func quiet() ([]string, error)   { return nil, nil }
func ringing() ([]string, error) { return []string{"customers-are-hurt"}, nil }
func blind() ([]string, error)   { return nil, errors.New("look at the alarms: denied") }

func TestForward(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*account)
		looks  []func() ([]string, error)
		moves  []string
		serves string // version and description at the end
		cooled []string
		err    string
	}{
		{
			name:  "a quiet rollout ends with the new version, and gives up what is warm of all others",
			moves: []string{"7 8:0.1", "8"}, serves: "8, Version 8, after 7", cooled: []string{"5", "7"},
		},
		{
			name:  "an alarm sends all requests back",
			looks: []func() ([]string, error){quiet, quiet, ringing},
			moves: []string{"7 8:0.1", "7"}, serves: "7, Version 7, after 6",
			err: "version 8: in alarm: customers-are-hurt",
		},
		{
			name:  "alarms that cannot be looked at send all requests back",
			looks: []func() ([]string, error){quiet, blind},
			moves: []string{"7 8:0.1", "7"}, serves: "7, Version 7, after 6",
			err: "version 8: look at the alarms: denied",
		},
		{
			name:   "customers that are hurt already keep it from beginning",
			looks:  []func() ([]string, error){ringing, ringing, ringing},
			serves: "7, Version 7, after 6",
			err:    "version 7 still serves, nothing was moved: already in alarm: customers-are-hurt",
		},
		{
			name:  "an alarm that ends in time lets it begin",
			looks: []func() ([]string, error){ringing, ringing},
			moves: []string{"7 8:0.1", "8"}, serves: "8, Version 8, after 7", cooled: []string{"5", "7"},
		},
		{
			name:   "alarms that cannot be looked at keep it from beginning",
			looks:  []func() ([]string, error){ringing, blind},
			serves: "7, Version 7, after 6",
			err:    "version 7 still serves, nothing was moved: look at the alarms: denied",
		},
		{
			name:   "a version that crashes is not sent a client",
			change: func(a *account) { a.health = "crash" },
			serves: "7, Version 7, after 6",
			err:    `nothing was moved: version 8: its health check fails: Unhandled: {"errorType":"Runtime.ExitError"}`,
		},
		{
			name:   "a version that misses a dependency is not sent a client",
			change: func(a *account) { a.health = `{"statusCode":503,"body":"no database"}` },
			serves: "7, Version 7, after 6",
			err:    "nothing was moved: version 8: its health check answers Service Unavailable: no database",
		},
		{
			name:   "the version that serves is left alone",
			change: func(a *account) { a.version = "8" },
			serves: "8, Version 7, after 6",
		},
		{
			name:   "a rollout under way is left alone",
			change: func(a *account) { a.shares = map[string]float64{"8": 0.1} },
			serves: "7, Version 7, after 6",
			err:    "another rollout is under way, or one was killed; end it with --back",
		},
		{
			name:   "a last step that fails sends all requests back",
			change: func(a *account) { a.refuse = map[int]error{2: errors.New("throttled")} },
			moves:  []string{"7 8:0.1", "8", "7"}, serves: "7, Version 7, after 6",
			err: "send all requests to version 8: throttled",
		},
		{
			name:   "a way back that fails is said too",
			change: func(a *account) { a.refuse = map[int]error{2: errors.New("throttled")} },
			looks:  []func() ([]string, error){quiet, ringing},
			moves:  []string{"7 8:0.1", "7"}, serves: "7, Version 7, after 6",
			err: "going back to version 7 failed too, requests are still shared; try --back: throttled",
		},
		{
			name:   "nothing is given up where nothing is warm but the alias",
			change: func(a *account) { a.warm = []string{"live"} },
			moves:  []string{"7 8:0.1", "8"}, serves: "8, Version 8, after 7",
		},
		{
			name:   "warm executions that stay are said",
			change: func(a *account) { a.cool = errors.New("denied") },
			moves:  []string{"7 8:0.1", "8"}, serves: "8, Version 8, after 7", cooled: []string{"5"},
			err: "version 5 serves nobody and is still kept warm: denied",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := serving()
			if c.change != nil {
				c.change(a)
			}
			r, log := start(a, c.looks...)
			checkError(t, r.Forward(t.Context()), c.err)
			if !slices.Equal(a.moves, c.moves) || !slices.Equal(a.cooled, c.cooled) || a.version+", "+a.description != c.serves {
				t.Errorf("moves %q, cooled %q, serves %s, %s; want %q, %q, %s\n%s", a.moves, a.cooled, a.version, a.description, c.moves, c.cooled, c.serves, log)
			}
		})
	}
}

func TestATerminatedRolloutGoesBack(t *testing.T) {
	a := serving()
	r, _ := start(a)
	ctx, stop := context.WithCancel(t.Context())
	r.Wait = func(ctx context.Context, _ time.Duration) error {
		stop()
		return ctx.Err()
	}
	checkError(t, r.Forward(ctx), "version 8: stopped: context canceled")
	if want := []string{"7 8:0.1", "7"}; !slices.Equal(a.moves, want) {
		t.Errorf("moves %q, want %q", a.moves, want)
	}
}

func TestTheAlarmsAreLookedAtUntilTheTimeIsOver(t *testing.T) {
	r, _ := start(serving())
	var waited []time.Duration
	r.Watch, r.Every = 70*time.Second, 30*time.Second
	r.Wait = func(_ context.Context, d time.Duration) error {
		waited = append(waited, d)
		return nil
	}
	checkError(t, r.Forward(t.Context()), "")
	if want := []time.Duration{30 * time.Second, 30 * time.Second, 10 * time.Second}; !slices.Equal(waited, want) {
		t.Errorf("waited %v, want %v", waited, want)
	}
}

func TestBack(t *testing.T) {
	moved := func(a *account) { a.description = "The version that serves" } // by an update
	for _, c := range []struct {
		name   string
		change func(*account)
		to     string
		serves string
		err    string
	}{
		{"the version before serves again", nil, "", "6, Version 6, back from 7", ""},
		{"a version that is asked for serves", nil, "3", "3, Version 3, back from 7", ""},
		{"a rollout under way is ended", func(a *account) { a.shares = map[string]float64{"8": 0.1} }, "", "7, Version 7, after 6", ""},
		{"after an update that moved it, the version that is asked for serves", moved, "5", "5, The version that serves", ""},
		{"an update that did not move it is not gone back from", moved, "7", "7, The version that serves", ""},
		{"what an update moved it does not know by itself", moved, "", "7, The version that serves", "the alias does not say what served before; name a version with --to"},
		{"a rollout under way is ended for the version that is asked for", func(a *account) { a.shares = map[string]float64{"8": 0.1} }, "7", "7, Version 7, after 6", ""},
		{"once back, it does not go back again by itself", func(a *account) { a.description = "Version 7, back from 8" }, "",
			"7, Version 7, back from 8", "the alias does not say what served before; name a version with --to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := serving()
			if c.change != nil {
				c.change(a)
			}
			r, _ := start(a)
			checkError(t, r.Back(t.Context(), c.to), c.err)
			if got := a.version + ", " + a.description; got != c.serves || len(a.shares) != 0 && c.err == "" {
				t.Errorf("serves %s, shared with %v; want %s", got, a.shares, c.serves)
			}
		})
	}
}

func TestABadVersionIsGoneBackFromToWhatServed(t *testing.T) {
	a := serving()
	r, _ := start(a)
	for _, published := range []string{"8", "9"} { // both bad, the second one on top of the way back
		before, err := r.Serving(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a.version, a.description = published, "The version that serves"
		checkError(t, r.Back(t.Context(), before), "")
		if a.version != "7" {
			t.Errorf("version %s serves after version %s has failed, want 7", a.version, published)
		}
	}
}

func TestNothingServesBeforeTheFirstDeployment(t *testing.T) {
	a := serving()
	a.none = true
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

package steps_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/didomi/serverless-api/lambda/steps"
)

type step struct {
	Calls   int
	StartMS float64 `json:"start_ms"`
	MS      float64 `json:"ms"`
}

// logged returns the steps as the log has them.
func logged(t *testing.T, recorder *steps.Recorder) map[string]step {
	t.Helper()
	var line bytes.Buffer
	slog.New(slog.NewJSONHandler(&line, nil)).Info("request", slog.Group("steps", recorder.Attributes()...))
	var decoded struct{ Steps map[string]step }
	if err := json.Unmarshal(line.Bytes(), &decoded); err != nil {
		t.Fatalf("%v: %s", err, line.String())
	}
	return decoded.Steps
}

func TestTheTimeOfADependencyIsThatWithAtLeastOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, recorder := steps.WithRecorder(t.Context())
		call := func(d steps.Dependency, after, lasts time.Duration) func() {
			return func() {
				time.Sleep(after)
				defer steps.Begin(ctx, d).End()
				time.Sleep(lasts)
			}
		}
		var all sync.WaitGroup
		for _, run := range []func(){
			call(steps.Cache, time.Millisecond, 2*time.Millisecond),
			call(steps.Cache, 10*time.Millisecond, 3*time.Millisecond),
			// Two that overlap, and one that runs within both.
			call(steps.Files, 4*time.Millisecond, 10*time.Millisecond),
			call(steps.Files, 9*time.Millisecond, 10*time.Millisecond),
			call(steps.Files, 10*time.Millisecond, time.Millisecond),
			call(steps.Secrets, 1500*time.Microsecond, 250*time.Microsecond),
		} {
			all.Go(run)
		}
		all.Wait()
		got := logged(t, recorder)
		want := map[string]step{"cache": {2, 1, 5}, "files": {3, 4, 15}, "secrets": {1, 1.5, 0.25}}
		if len(got) != len(want) {
			t.Errorf("%v, want %v", got, want)
		}
		for name := range want {
			if got[name] != want[name] {
				t.Errorf("%s: %+v, want %+v", name, got[name], want[name])
			}
		}
	})
}

func TestACallThatRunsCountsUntilNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, recorder := steps.WithRecorder(t.Context())
		call := steps.Begin(ctx, steps.Database)
		time.Sleep(5 * time.Millisecond)
		if got := logged(t, recorder)["database"]; got != (step{1, 0, 5}) {
			t.Errorf("%+v", got)
		}
		call.End()
	})
}

func TestWithoutARecorderNothingIsRecorded(t *testing.T) {
	steps.Begin(context.Background(), steps.Cache).End()
	_, recorder := steps.WithRecorder(t.Context())
	if got := recorder.Attributes(); got != nil {
		t.Errorf("%v", got)
	}
}

// A hit of the cache takes some 200 microseconds.
func BenchmarkRequest(b *testing.B) {
	for b.Loop() {
		ctx, recorder := steps.WithRecorder(b.Context())
		steps.Begin(ctx, steps.Cache).End()
		_ = recorder.Attributes()
	}
}

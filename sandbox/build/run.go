package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

// concurrency is the number of steps that run concurrently. A Go build uses every core except while it links and while
// it compiles the one huge package that others wait for; a second build uses the idle cores then.
const concurrency = 2

// stale is a step that must be built, with its new key.
type stale struct {
	step Step
	key  string
}

// Run builds the steps that are not up to date, in their order, and prints the progress. It tries all of them and returns
// every failure. inUse, which may be nil, is called before a Serving step is built again; its error ends the build.
func Run(ctx context.Context, l layout.Layout, printer *progress.Printer, steps []Step, inUse func(context.Context, Step) error) error {
	stamps := Stamps(filepath.Join(l.Build(), "stamps"))
	todo, err := staleSteps(ctx, stamps, steps)
	if err != nil || len(todo) == 0 {
		return err
	}
	for _, s := range todo {
		if !s.step.Serving || inUse == nil {
			continue
		}
		if err := inUse(ctx, s.step); err != nil {
			return err
		}
	}
	if err := announce(printer, todo); err != nil {
		return err
	}
	forecast := progress.NewForecast()
	printer.Expect(forecast)
	defer printer.Expect(nil)
	jobs := make([]*progress.Job, len(todo))
	for i, s := range todo {
		jobs[i] = forecast.Add(s.step.Cold)
	}
	slots := make(chan struct{}, concurrency)
	made := map[string]chan struct{}{}
	failures := make([]error, len(todo))
	var wg sync.WaitGroup
	for i, s := range todo {
		if before := made[s.step.After]; before != nil {
			<-before
		}
		slots <- struct{}{}
		ended := make(chan struct{})
		made[s.step.Name] = ended
		wg.Go(func() {
			defer func() { close(ended); <-slots }()
			failures[i] = buildStep(ctx, l, stamps, printer, jobs[i], s)
		})
	}
	wg.Wait()
	return errors.Join(failures...)
}

// staleSteps returns the steps that must be built.
func staleSteps(ctx context.Context, stamps Stamps, steps []Step) ([]stale, error) {
	var todo []stale
	for _, step := range steps {
		key, err := step.Key(ctx)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", step.Title, err)
		}
		fresh, err := stamps.Fresh(step, key)
		if err != nil {
			return nil, err
		}
		if !fresh {
			todo = append(todo, stale{step, key})
		}
	}
	return todo, nil
}

// announce prints why steps are built again, and the expected duration if it is a minute or more.
func announce(printer *progress.Printer, todo []stale) error {
	var cold time.Duration
	for _, s := range todo {
		cold += s.step.Cold
		if s.step.Reason == nil {
			continue
		}
		reason, err := s.step.Reason()
		if err != nil {
			return err
		}
		if reason != "" {
			printer.Printf("%s", reason)
		}
	}
	if cold >= time.Minute {
		printer.Printf("building %d of the sandbox's tools, once: up to %d minutes with empty Go caches on two cores, seconds with warm caches",
			len(todo), int((cold + time.Minute - 1).Minutes()))
	}
	return nil
}

// buildStep builds a step and stamps it.
func buildStep(ctx context.Context, l layout.Layout, stamps Stamps, printer *progress.Printer, job *progress.Job, s stale) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	task := printer.Start(s.step.Title)
	defer func() {
		job.SetDone(1)
		task.Done(err)
	}()
	if err := stamps.Void(s.step); err != nil {
		return err
	}
	logs := filepath.Join(l.Build(), "logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return fmt.Errorf("create the directory of build logs: %w", err)
	}
	file, err := os.Create(filepath.Join(logs, s.step.Name+".log"))
	if err != nil {
		return fmt.Errorf("create the log of %s: %w", s.step.Title, err)
	}
	defer func() { _ = file.Close() }()
	log := &Log{file: file, task: task, job: job}
	if err := errors.Join(s.step.Make(ctx, log), log.Close()); err != nil {
		return fmt.Errorf("build %s: %w\n%s\n(full log: %s)", s.step.Title, err, progress.Tail(file.Name(), 15), file.Name())
	}
	return stamps.Put(s.step, s.key)
}

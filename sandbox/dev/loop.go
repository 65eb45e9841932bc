package dev

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/didomi/serverless-api/ops/project"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// Config is a development loop on a deployed stack.
type Config struct {
	Layout   layout.Layout
	Tree     string // the working tree
	Stack    string
	Out      io.Writer
	Coloured bool
	// Keys has what the user types, byte by byte.
	Keys io.Reader
	// Debugger runs the API's function under it; nil: none.
	Debugger *lambdahost.Debugger
	// Check compiles the program and writes the compiler's report to log. Preview returns the JSON of a preview, also of
	// one that failed. Update deploys the stack.
	Check   func(ctx context.Context, log io.Writer) error
	Preview func(ctx context.Context) ([]byte, error)
	Update  func(ctx context.Context, progress func(string)) error
}

// logInterval is the time between two looks at the logs.
const logInterval = 100 * time.Millisecond

// loop is a running development loop.
type loop struct {
	config  Config
	screen  *screen
	session *daemon.Session
	watcher *watcher
	imports imports
	build   string // directory of built code
	targets targets
	logs    *logs

	running  func()    // cancels the running job; nil: none runs
	updating bool      // the running job is an update, which a save does not cancel
	done     chan done // of the running job
	pending  changes   // saved since the last job that has succeeded
	again    bool      // saved since the last job began
	saved    time.Time // of the last save
	plan     plan      // of the last preview
	warned   bool      // the user was asked to confirm the update
	outdated bool      // the user was told that sandbox/ has changed
}

// done is the outcome of a job.
type done struct {
	left changes // what was not done
	plan *plan   // of the preview; nil: none
	// updated: the stack was deployed.
	updated bool
}

// Run runs the loop until ctx is done. The functions then run their deployed code again.
func Run(ctx context.Context, c Config) error {
	l := &loop{config: c, screen: &screen{out: c.Out, coloured: c.Coloured, now: time.Now}, done: make(chan done, 1), saved: time.Now()}
	var err error
	if l.build, err = emptyDir(c.Layout, c.Stack); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(l.build) }()
	// First, so that no save is lost while the rest is prepared.
	if l.watcher, err = watch(c.Tree); err != nil {
		return err
	}
	defer l.watcher.close()
	if l.session, err = daemon.OpenSession(ctx, c.Layout); err != nil {
		return err
	}
	defer l.session.Close()
	if err := l.readTargets(ctx); err != nil {
		return err
	}
	l.imports = readImports(ctx, c.Tree)
	l.screen.printf(plain, "watching %s for stack %s: saved code is built and served; press u to update the stack, Ctrl-C ends", c.Tree, c.Stack)
	l.pending = changes{function: true, operations: true} // the tree may differ from what is deployed
	l.start(ctx)
	return l.run(ctx)
}

// emptyDir creates the directory of built code. A stack has one loop at a time; one that was killed has left its code.
func emptyDir(l layout.Layout, stack string) (string, error) {
	dir := filepath.Join(l.Run(), "dev-"+stack)
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
		return "", fmt.Errorf("create the directory of built code: %w", err)
	}
	return dir, nil
}

func (l *loop) run(ctx context.Context) error {
	keys := make(chan byte)
	go readKeys(l.config.Keys, keys)
	tick := time.NewTicker(logInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			l.stop()
			l.screen.printf(plain, "ended: the deployed code serves again; make up deploys what is in the tree")
			return nil
		case <-l.session.Ended():
			l.stop()
			if ctx.Err() != nil {
				continue
			}
			return errors.New("the sandbox has stopped: make dev starts it again")
		case err := <-l.watcher.failed:
			l.stop()
			return err
		case files := <-l.watcher.saved:
			l.save(ctx, files)
		case key := <-keys:
			l.press(ctx, key)
		case d := <-l.done:
			l.finish(ctx, d)
		case now := <-tick.C:
			if err := l.logs.read(now); err != nil {
				l.stop()
				return err
			}
		}
	}
}

// save cancels the running job and starts one for everything that is pending. A running update is not cancelled.
func (l *loop) save(ctx context.Context, files []string) {
	if files = l.withoutSandbox(files); len(files) == 0 {
		return
	}
	l.saved, l.again, l.warned = time.Now(), true, false
	if l.needsImports(files) {
		l.imports = readImports(ctx, l.config.Tree)
	}
	l.pending = l.pending.or(l.imports.of(files))
	l.screen.printf(grey, "saved %s", list(files))
	if l.running == nil {
		l.start(ctx)
		return
	}
	if !l.updating {
		l.running()
	}
}

// withoutSandbox returns the files that are not the sandbox's, and prints once that the others take effect after a restart.
func (l *loop) withoutSandbox(files []string) []string {
	own := l.config.Tree == l.config.Layout.Repo // that of another working tree is not in use
	if own && !l.outdated && slices.ContainsFunc(files, isSandbox) {
		l.outdated = true
		l.screen.printf(yellow, "%s/ has changed, and this command and the running sandbox are from before the change. To use it, end this command and run make down and make dev", sandboxDir)
	}
	return slices.DeleteFunc(files, isSandbox)
}

// list names a few files, and the number of the rest.
func list(files []string) string {
	const shown = 3
	if len(files) <= shown+1 {
		return strings.Join(files, " ")
	}
	return fmt.Sprintf("%s and %d more files", strings.Join(files[:shown], " "), len(files)-shown)
}

// needsImports reports whether the saved files may have changed which packages the commands import: a package that no
// command imported, and modules.
func (l *loop) needsImports(files []string) bool {
	for _, file := range files {
		dir := filepath.ToSlash(filepath.Dir(file))
		known := l.imports.function[dir] || l.imports.operations[dir] || l.imports.program[dir]
		if filepath.Ext(file) == ".mod" || filepath.Ext(file) == ".go" && !known {
			return true
		}
	}
	return false
}

// start starts a job for what is pending.
func (l *loop) start(ctx context.Context) {
	ctx, l.running = context.WithCancel(ctx)
	l.again = false
	j := job{loop: l, todo: l.pending, saved: l.saved}
	l.pending = changes{}
	go func() { l.done <- j.run(ctx) }()
}

// finish starts the next job if files were saved meanwhile.
func (l *loop) finish(ctx context.Context, d done) {
	l.running()
	l.running, l.updating = nil, false
	l.pending = l.pending.or(d.left)
	if d.plan != nil {
		l.plan = *d.plan
	}
	if d.updated {
		l.plan = plan{}
		if err := l.readTargets(ctx); err != nil {
			l.screen.printf(red, "%v", err)
		}
		if l.config.Debugger != nil {
			l.pending.function, l.again = true, true // the new version does not run under the debugger yet
		}
	}
	if l.again && ctx.Err() == nil {
		l.start(ctx)
	}
}

// stop cancels the running job and waits for its end.
func (l *loop) stop() {
	if l.running != nil {
		l.running()
		<-l.done
	}
}

// press handles a key.
func (l *loop) press(ctx context.Context, key byte) {
	switch {
	case key != 'u':
	case l.running != nil:
		l.screen.printf(plain, "still busy: press u again when that is done")
	case l.plan.losesData() && !l.warned:
		l.warned = true
		l.screen.printf(red, "the update would lose data, see above: press u again to update")
	case l.failed() && !l.warned:
		l.warned = true
		l.screen.printf(red, "what was saved last has failed, see above: press u again to update all the same")
	default:
		l.warned, l.updating = false, true
		ctx, l.running = context.WithCancel(ctx)
		go func() { l.done <- l.update(ctx) }()
	}
}

// failed reports whether what was saved last does not compile, does not start or has no preview.
func (l *loop) failed() bool { return l.pending != (changes{}) || l.plan.errors != "" }

// update deploys the stack.
func (l *loop) update(ctx context.Context) done {
	began := time.Now()
	l.screen.printf(plain, "updating %s", l.config.Stack)
	err := l.config.Update(ctx, func(progress string) { l.screen.printf(grey, "updating %s: %s", l.config.Stack, progress) })
	if err != nil {
		l.screen.printf(red, "%v", err)
		return done{}
	}
	l.screen.printf(green, "%s is up to date in %s", l.config.Stack, seconds(time.Since(began)))
	return done{updated: true}
}

// readKeys sends the typed bytes until the input ends.
func readKeys(in io.Reader, keys chan<- byte) {
	buffer := make([]byte, 1)
	for {
		n, err := in.Read(buffer)
		if n > 0 {
			keys <- buffer[0]
		}
		if err != nil {
			return
		}
	}
}

// readTargets reads the functions of the deployed stack, and follows their logs.
func (l *loop) readTargets(ctx context.Context) error {
	out, err := deploy.ReadOutputs(l.config.Layout, l.config.Stack)
	if err != nil {
		return err
	}
	if l.targets, err = findTargets(ctx, l.config.Layout, out); err != nil {
		return err
	}
	if l.logs == nil {
		name, err := project.Name(l.config.Tree)
		if err != nil {
			return err
		}
		l.logs = followLogs(l.config.Layout, name+"-"+l.config.Stack+"-", newRequests(l.screen))
	}
	l.logs.functions(l.targets.names)
	return nil
}

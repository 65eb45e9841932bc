package dev

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// quiet is the time without a further event after which saved files are reported: an editor's save and a formatter's
	// after it are one, and a checkout of many files is a few.
	quiet = 60 * time.Millisecond
	// longest bounds the wait for it.
	longest = time.Second
)

// unwatched are the directories of the repository without sources of the program, the function or the sandbox.
var unwatched = []string{"bootstrap", "ci", "docs", "ops"}

// sandboxDir has the sources of this command and of the sandbox.
const sandboxDir = "sandbox"

// watcher reports saved files of the repository. It watches directories, because an editor may write another file and
// rename it to the saved one.
type watcher struct {
	root  string
	notes *fsnotify.Watcher
	// saved receives the saved files, relative to the repository, without duplicates.
	saved chan []string
	// failed receives an error after which nothing is watched.
	failed chan error
}

// watch watches the repository until close.
func watch(root string) (*watcher, error) {
	notes, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", root, err)
	}
	w := &watcher{root: root, notes: notes, saved: make(chan []string), failed: make(chan error, 1)}
	if _, err := w.add(root); err != nil {
		return nil, errors.Join(err, notes.Close())
	}
	go w.run()
	return w, nil
}

func (w *watcher) close() { _ = w.notes.Close() } // ends run

// add watches a directory and those below it, and returns the files in them.
func (w *watcher) add(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // removed meanwhile
		case err != nil:
			return err
		case !entry.IsDir():
			files = append(files, path)
			return nil
		case path != w.root && !w.watches(path):
			return fs.SkipDir
		}
		if err := w.notes.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("watch %s: %w (a system limit is in /proc/sys/fs/inotify/max_user_watches)", path, err)
		}
		return nil
	})
	return files, err
}

// watches reports whether a directory is watched.
func (w *watcher) watches(dir string) bool {
	name := filepath.Base(dir)
	top := filepath.Dir(dir) == w.root && slices.Contains(unwatched, name)
	return !top && name != "testdata" && !strings.HasPrefix(name, ".")
}

// run collects events until there is none for a moment, and then sends the saved files. It continues to collect until they
// are received.
func (w *watcher) run() {
	var pending []string
	var saved chan []string // nil while a batch is collected
	var first time.Time
	timer := time.NewTimer(quiet)
	for {
		var files []string
		var err error
		select {
		case event, ok := <-w.notes.Events:
			if !ok {
				return
			}
			files, err = w.files(event)
		case problem, ok := <-w.notes.Errors:
			if !ok {
				return
			}
			files, err = w.afterError(problem)
		case <-timer.C:
			if len(pending) > 0 {
				slices.Sort(pending)
				pending = slices.Compact(pending)
				saved = w.saved
			}
			continue
		case saved <- pending:
			pending, saved = nil, nil
			continue
		}
		if err != nil {
			w.failed <- err
			return
		}
		if len(files) == 0 {
			continue
		}
		if len(pending) == 0 {
			first = time.Now()
		}
		pending = append(pending, files...)
		saved = nil
		timer.Reset(min(quiet, max(0, longest-time.Since(first))))
	}
}

// afterError returns every file when the kernel has lost events, because any may have been saved.
func (w *watcher) afterError(problem error) ([]string, error) {
	if !errors.Is(problem, fsnotify.ErrEventOverflow) {
		return nil, fmt.Errorf("watch %s: %w", w.root, problem)
	}
	all, err := w.add(w.root)
	// The sandbox's own are only reported if they have changed.
	return slices.DeleteFunc(w.sources(all), isSandbox), err
}

// files returns the files that an event is about. A new directory is watched from now on; the files that are already in
// it have no events.
func (w *watcher) files(event fsnotify.Event) ([]string, error) {
	if event.Op == fsnotify.Chmod {
		return nil, nil
	}
	found := []string{event.Name}
	if info, err := os.Stat(event.Name); err == nil && info.IsDir() {
		if !event.Has(fsnotify.Create) || !w.watches(event.Name) {
			return nil, nil
		}
		if found, err = w.add(event.Name); err != nil {
			return nil, err
		}
	}
	return w.sources(found), nil
}

// sources returns those of the files that something is built from, relative to the repository.
func (w *watcher) sources(paths []string) (files []string) {
	for _, path := range paths {
		if rel, err := filepath.Rel(w.root, path); err == nil && isSource(rel) {
			files = append(files, filepath.ToSlash(rel))
		}
	}
	return files
}

// extensions are those of the files that something is built from, and further those of the sandbox.
var (
	extensions = []string{".go", ".mod", ".pem", ".sql", ".sum", ".yaml"}
	further    = []string{".json", ".py", ".txt"}
)

// isSource reports whether a file is one that something is built from: no test, and no temporary file of an editor.
func isSource(path string) bool {
	name := filepath.Base(path)
	built := slices.Contains(extensions, filepath.Ext(name)) || isSandbox(path) && slices.Contains(further, filepath.Ext(name))
	return built && !strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "#")
}

// isSandbox reports whether a file of the repository is the sandbox's.
func isSandbox(file string) bool { return strings.HasPrefix(filepath.ToSlash(file), sandboxDir+"/") }

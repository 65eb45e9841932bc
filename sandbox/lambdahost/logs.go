package lambdahost

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// logFiles writes all functions' logs: to one file per function, and to the hook of the configuration.
type logFiles struct {
	dir  string
	hook func(LogLine)

	mu    sync.Mutex
	files map[string]*logFile
}

type logFile struct {
	*os.File
	size int64
}

func newLogFiles(dir string, hook func(LogLine)) *logFiles {
	return &logFiles{dir: dir, hook: hook, files: map[string]*logFile{}}
}

// write appends a line. Errors are ignored, because they must not fail an invocation; the daemon's log shows disk errors.
func (l *logFiles) write(line LogLine) {
	if l.hook != nil {
		l.hook(line)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.open(line.Function)
	if f == nil {
		return
	}
	n, err := f.WriteString(line.Text + "\n")
	f.size += int64(n)
	if err != nil || f.size > maxLogFile {
		delete(l.files, line.Function)
		_ = f.Close() // reopened with the next line
		_ = os.Rename(f.Name(), f.Name()+".1")
	}
}

// open returns the function's file, or nil if it cannot be opened. l.mu is held.
func (l *logFiles) open(function string) *logFile {
	if f := l.files[function]; f != nil {
		return f
	}
	path := filepath.Join(l.dir, function+".log")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil
	}
	file := &logFile{File: f}
	if info, err := f.Stat(); err == nil {
		file.size = info.Size()
	}
	l.files[function] = file
	return file
}

func (l *logFiles) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, f := range l.files {
		errs = append(errs, f.Close())
	}
	l.files = map[string]*logFile{}
	return errors.Join(errs...)
}

// syncMark is written to an environment's log pipe after the function's output: when it is read, all of that output has
// been logged.
const syncMark = "\x00lambdahost\x00\n"

// logger is an environment's log stream. It reads the process's stdout and stderr through a pipe.
type logger struct {
	sink   *logFiles
	line   LogLine // group, stream and function of every line
	input  *os.File
	output *os.File
	synced chan struct{}

	mu   sync.Mutex
	tail *tailBuffer // of the current invocation
}

func newLogger(sink *logFiles, f Function, stream string) (*logger, error) {
	var fds [2]int
	if err := syscall.Pipe2(fds[:], syscall.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("log pipe: %w", err)
	}
	// Only the read end may be non-blocking: the function inherits the write end.
	if err := syscall.SetNonblock(fds[0], true); err != nil {
		return nil, errors.Join(fmt.Errorf("log pipe: %w", err), syscall.Close(fds[0]), syscall.Close(fds[1]))
	}
	l := &logger{
		sink:   sink,
		line:   LogLine{Group: f.LogGroup, Stream: stream, Function: f.Name},
		output: os.NewFile(uintptr(fds[0]), "log"),
		input:  os.NewFile(uintptr(fds[1]), "log"),
		synced: make(chan struct{}),
	}
	go l.read()
	return l, nil
}

// printf logs a line of the platform.
func (l *logger) printf(format string, args ...any) { l.emit(fmt.Sprintf(format, args...)) }

func (l *logger) emit(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tail != nil {
		l.tail.add(text)
	}
	line := l.line
	line.Time, line.Text = time.Now(), text
	l.sink.write(line)
}

// follow adds lines to the invocation's tail too; nil stops that.
func (l *logger) follow(t *tailBuffer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = t
}

// sync waits until the process's output so far is logged.
func (l *logger) sync() {
	if _, err := l.input.WriteString(syncMark); err == nil {
		<-l.synced
	}
}

func (l *logger) close() {
	l.sync()
	_ = l.input.Close()  // this process's copy; the function's has been closed by its exit
	_ = l.output.Close() // ends read, even if another process still has the pipe open
}

func (l *logger) read() {
	mark := []byte(syncMark)
	lines := bufio.NewReaderSize(l.output, maxLogLine)
	for {
		line, err := lines.ReadSlice('\n')
		rest, marked := bytes.CutSuffix(line, mark)
		if text := bytes.TrimRight(rest, "\r\n"); len(text) > 0 {
			l.emit(string(text))
		}
		if marked {
			l.synced <- struct{}{}
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

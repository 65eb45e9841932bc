package daemon

import (
	"context"
	"log/slog"
	"time"

	"github.com/didomi/serverless-api/sandbox/gateway/logs"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

const (
	// shipInterval is the time between batches.
	shipInterval = 500 * time.Millisecond
	// shipBuffer is the number of lines that are buffered. Further lines are only in the log files.
	shipBuffer = 10000
)

// shipper sends the lines of functions' logs and access logs to the emulated CloudWatch Logs, without delaying invocations.
type shipper struct {
	put   func(ctx context.Context, group, stream string, events []logs.Event) error
	log   *slog.Logger
	lines chan lambdahost.LogLine
	stop  chan struct{}
	done  chan struct{}
}

func newShipper(put func(context.Context, string, string, []logs.Event) error, log *slog.Logger) *shipper {
	s := &shipper{put: put, log: log, lines: make(chan lambdahost.LogLine, shipBuffer), stop: make(chan struct{}), done: make(chan struct{})}
	go s.run()
	return s
}

// add buffers a line, or drops it if the buffer is full.
func (s *shipper) add(line lambdahost.LogLine) {
	select {
	case s.lines <- line:
	default:
	}
}

// close sends the buffered lines and stops.
func (s *shipper) close() {
	close(s.stop)
	<-s.done
}

func (s *shipper) run() {
	defer close(s.done)
	tick := time.NewTicker(shipInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.ship()
		case <-s.stop:
			s.ship()
			return
		}
	}
}

// ship sends the buffered lines with one call per stream.
func (s *shipper) ship() {
	type address struct{ group, stream string }
	batches := map[address][]logs.Event{}
	for range len(s.lines) {
		line := <-s.lines
		to := address{line.Group, line.Stream}
		batches[to] = append(batches[to], logs.Event{Timestamp: line.Time.UnixMilli(), Message: line.Text})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for to, events := range batches {
		if err := s.put(ctx, to.group, to.stream, events); err != nil {
			s.log.Warn("a log did not reach CloudWatch Logs", "error", err)
		}
	}
}

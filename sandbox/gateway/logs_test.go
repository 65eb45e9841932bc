package gateway

import (
	"fmt"
	"strings"
	"testing"
	"time"

	logsgw "github.com/didomi/serverless-api/sandbox/gateway/logs"
)

func TestPutLogs(t *testing.T) {
	s := newTestEnv(t, nil)
	err := s.gateway.account.Emulator.Target(t.Context(), "logs", logsgw.Target+"CreateLogGroup", map[string]string{"logGroupName": "put-logs"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range []string{"one", "two"} {
		if err := s.gateway.PutLogs(t.Context(), "put-logs", "2026/11/24/[1]abc", []logsgw.Event{{Timestamp: 1795487727000, Message: message}}); err != nil {
			t.Fatal(err)
		}
	}
	var read struct{ Events []logsgw.Event }
	err = s.gateway.account.Emulator.Target(t.Context(), "logs", logsgw.Target+"GetLogEvents", map[string]any{
		"logGroupName": "put-logs", "logStreamName": "2026/11/24/[1]abc", "startFromHead": true,
	}, &read)
	if err != nil || len(read.Events) != 2 || read.Events[0].Message != "one" || read.Events[1].Message != "two" {
		t.Errorf("read %+v, %v", read.Events, err)
	}
	t.Run("a log group that does not exist is an error", func(t *testing.T) {
		if err := s.gateway.PutLogs(t.Context(), "no-such-group", "s", []logsgw.Event{{Message: "x"}}); err == nil {
			t.Error("got no error")
		}
	})
}

// logGroup creates a log group and returns what puts events into it, and what reads its oldest.
func logGroup(t *testing.T, s *testEnv, name string) (put func(events ...logsgw.Event), oldest func() logsgw.Event) {
	t.Helper()
	const stream = "stream"
	call := func(operation string, in, out any) {
		t.Helper()
		if err := s.gateway.account.Emulator.Target(t.Context(), "logs", logsgw.Target+operation, in, out); err != nil {
			t.Fatal(err)
		}
	}
	call("CreateLogGroup", map[string]string{"logGroupName": name}, nil)
	put = func(events ...logsgw.Event) {
		t.Helper()
		if err := s.gateway.PutLogs(t.Context(), name, stream, events); err != nil {
			t.Fatal(err)
		}
	}
	oldest = func() logsgw.Event {
		t.Helper()
		var read struct{ Events []logsgw.Event }
		call("GetLogEvents", map[string]any{"logGroupName": name, "logStreamName": stream, "startFromHead": true, "limit": 1}, &read)
		if len(read.Events) == 0 {
			return logsgw.Event{}
		}
		return read.Events[0]
	}
	return put, oldest
}

func TestTheEmulatorKeepsTheNewestLogEventsOfAllGroups(t *testing.T) {
	s := newTestEnv(t, nil)
	put, oldest := logGroup(t, s, "busy")
	putOld, oldestOld := logGroup(t, s, "old")
	putNew, oldestNew := logGroup(t, s, "new")
	now := time.Now().UnixMilli()
	putOld(logsgw.Event{Timestamp: now - 1, Message: "old"})
	putNew(logsgw.Event{Timestamp: now + 1e6, Message: "new"})
	const batches, events = 20, 10 // of 1 MB
	for batch := range batches {
		var lines []logsgw.Event
		for event := range events {
			number := batch*events + event
			lines = append(lines, logsgw.Event{Timestamp: now + int64(number), Message: fmt.Sprint(number, strings.Repeat(" ", 100_000))})
		}
		put(lines...)
	}
	var groups struct {
		LogGroups []struct {
			LogGroupName string
			StoredBytes  int
		}
	}
	if err := s.gateway.account.Emulator.Target(t.Context(), "logs", logsgw.Target+"DescribeLogGroups", map[string]any{"logGroupNamePrefix": "busy"}, &groups); err != nil {
		t.Fatal(err)
	}
	if stored := groups.LogGroups[0].StoredBytes; stored > 16<<20 || stored < 12<<20 {
		t.Errorf("%d bytes are stored, want at most 16 MiB and not much less", stored)
	}
	if first := oldest(); first.Timestamp <= now+batches {
		t.Errorf("the oldest event is the %.10s. of %d", first.Message, batches*events)
	}
	if oldestOld().Message != "" || oldestNew().Message != "new" {
		t.Errorf("of other groups %q and %q are left, want the new one", oldestOld().Message, oldestNew().Message)
	}
}

func TestTheEmulatorKeepsLogEventsForTheirRetention(t *testing.T) {
	s := newTestEnv(t, nil)
	put, oldest := logGroup(t, s, "retained")
	now := time.Now().UnixMilli()
	const day = 24 * 60 * 60 * 1000
	put(logsgw.Event{Timestamp: now - 3*day/2, Message: "past"}, logsgw.Event{Timestamp: now - day/2, Message: "kept"})
	if got := oldest(); got.Message != "past" {
		t.Fatalf("without a retention, the oldest is %q", got.Message)
	}
	err := s.gateway.account.Emulator.Target(t.Context(), "logs", logsgw.Target+"PutRetentionPolicy", map[string]any{"logGroupName": "retained", "retentionInDays": 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 { // it is searched for once a second
		put(logsgw.Event{Timestamp: now, Message: "new"})
		if oldest().Message == "kept" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("the oldest is %q", oldest().Message)
}

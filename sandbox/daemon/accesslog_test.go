package daemon

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/gateway/logs"
	"github.com/didomi/serverless-api/sandbox/metrics"
)

func TestAnAccessLogReachesItsFileAndItsLogGroup(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "access.log"))
	if err != nil {
		t.Fatal(err)
	}
	var group, message string
	put := func(_ context.Context, to, _ string, events []logs.Event) error {
		group, message = to, events[0].Message
		return nil
	}
	log := slog.New(slog.DiscardHandler)
	a := &account{access: file, shipper: newShipper(put, log), metrics: metrics.New(nil, metrics.NewStore(), metrics.NewClock(time.Now), log)}
	const destination = "arn:aws:logs:eu-west-1:000000000000:log-group:didomi-dev-api-access-log-1a2b3c4"
	a.logAccess(destination, `{"status":"200"}`)
	a.shipper.close()
	if group != "didomi-dev-api-access-log-1a2b3c4" || message != `{"status":"200"}` {
		t.Errorf("the group %s got %s", group, message)
	}
	if text, err := os.ReadFile(file.Name()); err != nil || string(text) != destination+` {"status":"200"}`+"\n" {
		t.Errorf("the file has %s, %v", text, err)
	}
}

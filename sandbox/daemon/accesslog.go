package daemon

import (
	"fmt"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// accessStream is the log stream of access logs. API Gateway's streams have names of its own choice.
const accessStream = "access"

// logAccess receives the lines of access logs.
func (a *account) logAccess(destination, entry string) {
	// One write per line, so that concurrent lines do not mix.
	_, _ = fmt.Fprintf(a.access, "%s %s\n", destination, entry)
	if _, group, ok := strings.Cut(destination, ":log-group:"); ok {
		a.logLine(lambdahost.LogLine{Group: strings.TrimSuffix(group, ":*"), Stream: accessStream, Time: time.Now(), Text: entry})
	}
}

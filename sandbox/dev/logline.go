package dev

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/lambda/contract"
)

// logLine is a line of a function's log.
type logLine struct {
	request string // ID of the API's request; empty outside one
	summary bool   // the line that the function writes of each request
	cache   string // of the summary
	failed  bool
	text    string // readable
}

// shownElsewhere are the members of a line that are shown in another way, or that are for metrics.
var shownElsewhere = []string{
	"_aws", "time", "msg", contract.LogLevel, contract.LogRequestID, contract.LogTraceID,
}

// readLine reads a function's line: a JSON object becomes its message and members on one line.
func readLine(text string) logLine {
	var members map[string]any
	if json.Unmarshal([]byte(text), &members) != nil {
		return logLine{text: text, failed: platformError(text)}
	}
	word := func(name string) string { s, _ := members[name].(string); return s }
	line := logLine{
		request: word(contract.LogRequestID), cache: word(contract.LogCache),
		failed: word(contract.LogLevel) == contract.LevelError,
	}
	_, method := members[contract.LogMethod]
	_, status := members[contract.LogStatus]
	if line.summary = method && status; line.summary {
		line.text = word(contract.LogError)
		line.failed = line.text != ""
		return line
	}
	words := []string{word("msg")}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(shownElsewhere, name) {
			words = append(words, name+"="+value(members[name]))
		}
	}
	line.text = strings.TrimSpace(strings.Join(words, " "))
	return line
}

// value formats a member on one line.
func value(member any) string {
	if text, ok := member.(string); ok && !strings.ContainsAny(text, " \n\t\"") {
		return text
	}
	encoded, err := json.Marshal(member)
	if err != nil {
		return fmt.Sprint(member) // unreachable: it was decoded from JSON
	}
	return string(encoded)
}

// platformLines are the beginnings of the platform's own lines; those of a failure say so.
var platformLines = []string{"INIT_START ", "START ", "END ", "REPORT "}

// platformError reports whether a line that is not JSON reports a failure.
func platformError(text string) bool {
	return strings.HasPrefix(text, "INIT_REPORT ") || strings.HasPrefix(text, "RequestId: ") || strings.HasPrefix(text, "panic: ")
}

// routine reports whether a line says nothing that a developer needs.
func routine(text string) bool {
	return slices.ContainsFunc(platformLines, func(start string) bool { return strings.HasPrefix(text, start) })
}

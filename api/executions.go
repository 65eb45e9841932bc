package api

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/lambda/openapi"
)

// How Lambda streams: the first 6 MB of a response are not throttled, what follows has 2 MB/s, and there
// are at most 200 MB. While it streams, a response holds an execution environment.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
const (
	unthrottledMB = 6
	streamMBps    = 2
	platformMaxMB = 200
)

// streamSpareSeconds is the time of an invocation that is not for streaming: what
// lambda/handler and lambda/files keep of it.
const streamSpareSeconds = 4

// streamSeconds is how long the largest stream holds an execution environment at Lambda's pace. A client
// that reads slowly can hold it until the function's time-out.
func (c Config) streamSeconds() int {
	return max(1, (c.StreamMaxMB-unthrottledMB+streamMBps-1)/streamMBps)
}

// executions is how many execution environments a throttle lets requests of that length hold at once: a
// full burst and what follows it at the rate, until the first ones end.
func (t Throttle) executions(seconds int) int { return t.Burst + t.Rate*seconds }

// defaultStreamShare is how many execution environments all streams may hold by default where nothing is
// reserved: a tenth of the 1,000 that AWS gives an account.
const defaultStreamShare = 100

// streamShare is the number of execution environments that all streams may hold: half of a reservation, so that
// streams leave the other half to items, else defaultStreamShare.
func (c Config) streamShare() int {
	if c.ReservedConcurrency > 0 {
		return c.ReservedConcurrency / 2
	}
	return defaultStreamShare
}

// streamThrottles are those of the routes that stream. Unless the stack sets one, a burst of two seconds'
// requests allows the streams of a route their fraction of the share. One request a second is the least.
func (c Config) streamThrottles() []Throttle {
	var all []Throttle
	routes := c.Document.Routes(openapi.Streamed)
	for _, route := range routes {
		if i := throttleOf(c.Throttles, route); i >= 0 {
			all = append(all, c.Throttles[i])
			continue
		}
		seconds, share := c.streamSeconds(), c.streamShare()/len(routes)
		rate := max(1, share/(2+seconds))
		burst := max(1, min(2*rate, share-rate*seconds))
		all = append(all, Throttle{Route: route, Rate: min(rate, max(1, c.ThrottleRate)), Burst: min(burst, max(1, c.ThrottleBurst))})
	}
	return all
}

// streamProblems checks that a stream of the largest size fits into the invocation's time, and that all
// streams fit into what is reserved.
func (c Config) streamProblems() []config.FieldError {
	problems := config.Between("streamMaxMb", c.StreamMaxMB, 1, platformMaxMB)
	if problems != nil {
		return problems
	}
	if least := c.streamSeconds() + streamSpareSeconds; c.TimeoutSeconds < least && c.TimeoutSeconds >= 30 {
		problems = append(problems, config.FieldError{
			Key: "timeoutSeconds", Value: strconv.Itoa(c.TimeoutSeconds),
			MustBe: fmt.Sprintf("at least %d, which a stream of streamMaxMb (%d) takes at Lambda's pace", least, c.StreamMaxMB),
		})
	}
	var all Throttle
	for _, throttle := range c.streamThrottles() {
		all.Rate, all.Burst = all.Rate+throttle.Rate, all.Burst+throttle.Burst
	}
	if held := all.executions(c.streamSeconds()); c.ReservedConcurrency > 0 && held > c.ReservedConcurrency {
		problems = append(problems, config.FieldError{
			Key: "reservedConcurrency", Value: strconv.Itoa(c.ReservedConcurrency),
			MustBe: fmt.Sprintf("0, or at least %d: with a burst of %d, a rate of %d and %d seconds each (streamMaxMb %d) %s can hold so many executions",
				held, all.Burst, all.Rate, c.streamSeconds(), c.StreamMaxMB, strings.Join(c.Document.Routes(openapi.Streamed), " and ")),
		})
	}
	return problems
}

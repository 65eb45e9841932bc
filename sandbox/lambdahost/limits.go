package lambdahost

import "time"

// Limits of the platform, from the Lambda developer guide's page "Lambda
// quotas" unless said otherwise.
const (
	// DefaultConcurrency is the account's "Concurrent executions".
	DefaultConcurrency = 1000
	// MaxPayload is the largest request of a synchronous invocation, bytes.
	MaxPayload = 6 * 1024 * 1024
	// MaxResponse is the largest buffered answer, bytes: the number that the
	// platform prints when it refuses one.
	MaxResponse = 6*1024*1024 + 100
	// MaxStream is the largest streamed answer, bytes.
	MaxStream = 200 * 1024 * 1024
	// StreamBurst is how much of a stream is not throttled, bytes (page
	// "Response streaming for Lambda functions").
	StreamBurst = 6_000_000
	// StreamRate is what the rest of a stream has, bytes a second (same page).
	StreamRate = 2_000_000
	// InitTimeout bounds the init phase of an on-demand environment (page
	// "Understanding the Lambda execution environment lifecycle").
	InitTimeout = 10 * time.Second
	// logTail is what LogType: Tail returns (API reference, Invoke), bytes.
	logTail = 4 * 1024
	// maxLogLine is the largest CloudWatch Logs event, bytes.
	maxLogLine = 256 * 1024
)

// Choices of this host, where the platform documents no number.
const (
	// DefaultIdle is how long an environment waits for work before it ends.
	DefaultIdle = 10 * time.Minute
	// credentialMargin is how long credentials must be good for beyond the
	// function's timeout; an environment with less is replaced.
	credentialMargin = time.Minute
	// shutdownGrace is how long a function that asked for SIGTERM (by
	// registering an extension) has before SIGKILL (lifecycle page: 500 ms
	// with an internal extension).
	shutdownGrace = 500 * time.Millisecond
	// memoryInterval is how often a running environment's memory is read.
	memoryInterval = 50 * time.Millisecond
	// maxLogFile is the size at which a function's log file is set aside.
	maxLogFile = 64 * 1024 * 1024
)

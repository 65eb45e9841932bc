package lambdahost

import "time"

// Limits of AWS, from the Lambda developer guide's page "Lambda quotas" unless noted otherwise.
const (
	// DefaultConcurrency is the account's "Concurrent executions".
	DefaultConcurrency = 1000
	// MaxPayload is the maximum request of a synchronous invocation in bytes.
	MaxPayload = 6 * 1024 * 1024
	// MaxResponse is the maximum buffered response in bytes: the number in AWS's error message.
	MaxResponse = 6*1024*1024 + 100
	// MaxStream is the maximum streamed response in bytes.
	MaxStream = 200 * 1024 * 1024
	// StreamBurst is the unthrottled part of a stream in bytes (page "Response streaming for Lambda functions").
	StreamBurst = 6_000_000
	// StreamRate is the rate of the rest of a stream in bytes per second (same page).
	StreamRate = 2_000_000
	// InitTimeout bounds the init phase of an on-demand environment (page
	// "Understanding the Lambda execution environment lifecycle").
	InitTimeout = 10 * time.Second
	// logTail is what LogType: Tail returns (API reference, Invoke), bytes.
	logTail = 4 * 1024
	// maxLogLine is the largest CloudWatch Logs event, bytes.
	maxLogLine = 256 * 1024
)

// Settings of this host for which AWS documents no number.
const (
	// DefaultIdle is the time after which an idle environment ends.
	DefaultIdle = 10 * time.Minute
	// credentialMargin is the required validity of credentials beyond the function's timeout; an environment with less
	// is replaced.
	credentialMargin = time.Minute
	// shutdownGrace is the time between SIGTERM and SIGKILL for a function that has registered an extension (lifecycle
	// page: 500 ms with an internal extension).
	shutdownGrace = 500 * time.Millisecond
	// memoryInterval is the interval at which a running environment's memory is measured.
	memoryInterval = 50 * time.Millisecond
	// maxLogFile is the size at which a function's log file is rotated.
	maxLogFile = 64 * 1024 * 1024
)

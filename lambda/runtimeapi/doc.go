// Package runtimeapi is the function's end of the Lambda Runtime API: it takes
// one invocation after the other and sends back what the function answers.
//
// It stands in for aws-lambda-go's loop, which reads every event twice with
// encoding/json before a handler sees it, and passes each of an invocation's
// two HTTP requests through the goroutines of a net/http transport: together a
// third of what a cache hit costs (docs/decisions/runtime-client.md). Here an
// event is handed over as it came, and one goroutine writes to and reads from
// one kept connection. Only streams, whose bodies end in trailers and may be
// cut short from either side, are left to net/http, each on a connection of its
// own.
//
// What it keeps of aws-lambda-go: the context with the invocation's deadline,
// the ids and the trace where the SDKs look for them, the form of errors, and
// the end of the process when the Runtime API fails. Left out is what API
// Gateway never sends (client context, Cognito identity).
package runtimeapi

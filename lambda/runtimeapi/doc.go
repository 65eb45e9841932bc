// Package runtimeapi is a client of the Lambda Runtime API: it receives invocations one by one and sends
// their responses.
//
// It replaces the loop of aws-lambda-go, which parses every event twice with encoding/json before a handler
// sees it, and passes both HTTP requests of an invocation through the goroutines of a net/http transport:
// together a third of the cost of a cache hit (docs/decisions/runtime-client.md). This client passes the
// event on as received, and one goroutine writes to and reads from one keep-alive connection. Only streams,
// whose bodies end in trailers and may be aborted by either side, use net/http, each on its own connection.
//
// It keeps from aws-lambda-go: the context with the invocation's deadline, request id and trace where the
// SDKs look for them, the format of errors, and the end of the process when the Runtime API fails. It omits
// what API Gateway never sends (client context, Cognito identity).
package runtimeapi

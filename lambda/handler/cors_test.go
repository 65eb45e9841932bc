package handler_test

import (
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/handler"
)

func TestCORS(t *testing.T) {
	const page = "https://app.example.com"
	from := map[string]string{"Origin": page}
	one := []string{"https://other.example.com", page}
	preflightResponse := map[string]string{
		"Access-Control-Allow-Origin": page, "Access-Control-Allow-Methods": "DELETE, GET, HEAD, OPTIONS, PUT", "Allow": "DELETE, GET, HEAD, OPTIONS, PUT",
		"Access-Control-Max-Age": "7200", "Vary": "Origin",
		"Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range, X-Amz-Content-Sha256, X-Amz-Date, X-Amz-Security-Token, X-Api-Key",
	}
	read := map[string]string{
		"Access-Control-Allow-Origin": page, "Access-Control-Allow-Credentials": "", "Vary": "Origin",
		"Access-Control-Expose-Headers": "Accept-Ranges, Content-Range, ETag, Location, Retry-After, X-Cache, X-File-Size, X-Request-Id",
	}
	closed := map[string]string{"Access-Control-Allow-Origin": "", "Vary": "Origin"}
	for name, c := range map[string]struct {
		origins []string
		event   events.APIGatewayProxyRequest
		status  int
		want    map[string]string
	}{
		"a page of an allowed origin may do what the resource offers": {one, item("OPTIONS", "a", from, ""), 204, preflightResponse},
		"it may read an answer":                                    {one, item("PATCH", "a", from, ""), 405, read},
		"with all origins allowed any page may":                    {[]string{"*"}, item("PATCH", "a", from, ""), 405, read},
		"another page may not":                                     {one[:1], item("PATCH", "a", from, ""), 405, closed},
		"another page's preflight says nothing of it":              {one[:1], item("OPTIONS", "a", from, ""), 204, closed},
		"who is no page is not told":                               {one, item("PATCH", "a", nil, ""), 405, closed},
		"a preflight for what is not there is told so":             {one, event("OPTIONS", "/{proxy+}", nil, from, ""), 404, read},
		"without origins OPTIONS is a method that an item has not": {nil, item("OPTIONS", "a", from, ""), 405, map[string]string{"Access-Control-Allow-Origin": "", "Vary": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			do(t, &handler.Handler{Origins: c.origins}, c.event).expect(t, c.status, c.want)
		})
	}
}

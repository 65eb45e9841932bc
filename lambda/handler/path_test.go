package handler_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/store"
)

// arrived is the event of a path as API Gateway routes it: slashes at the end
// count for nothing, no parameter has them, and nothing is decoded. That is
// recorded on AWS; TestPathsOfTheEvent of sandbox/restapi names the sources.
func arrived(method, sent string) events.APIGatewayProxyRequest {
	parameters := map[string]string(nil)
	resource := strings.TrimRight(sent, "/")
	name, value, below := strings.Cut(strings.TrimPrefix(resource, "/"), "/")
	switch {
	case below && name == "files":
		resource, parameters = "/files/{key+}", map[string]string{"key": value}
	case below && name == "items" && value != "" && !strings.Contains(value, "/"):
		resource, parameters = "/items/{id}", map[string]string{"id": value}
	case resource != "/items" && resource != "/files" && resource != "/health":
		resource, parameters = "/{proxy+}", map[string]string{"proxy": strings.TrimPrefix(resource, "/")}
	}
	one := event(method, resource, parameters, map[string]string{"Content-Type": "application/json"}, "")
	one.Path = sent
	if method == "PUT" {
		one.Body = `{}`
	}
	return one
}

// addressed is a handler whose dependencies record the calls.
func addressed(asked *string) *handler.Handler {
	return &handler.Handler{
		Items: items{
			get: func(id string) (store.Item, cache.Status, error) {
				*asked = "item " + id
				return stored, cache.Hit, nil
			},
			put: func(id string, _ json.RawMessage, _ store.Condition) (store.Item, bool, error) {
				*asked = "item " + id
				return stored, false, nil
			},
			del: func(id string, _ store.Condition) error {
				*asked = "item " + id
				return nil
			},
			list: func(string, int) (store.Page, error) {
				*asked = "items"
				return store.Page{}, nil
			},
		},
		Files: bucket{
			stat: func(key string) (files.Object, error) {
				*asked = "file " + key
				return files.Object{}, fault.New(fault.NotFound, "there is no such file")
			},
			open: func(key, _, _ string) (files.Object, error) {
				*asked = "file " + key
				return files.Object{}, fault.New(fault.NotFound, "there is no such file")
			},
			upload: func(key string, _ int64, _ string) (files.Upload, error) {
				*asked = "file " + key
				return files.Upload{Key: key}, nil
			},
		},
	}
}

// Every spelling of a path addresses one resource or none: for none, reads and deletions get 404, writes 422.
func TestEverySpellingOfAPathMeansOneResource(t *testing.T) {
	for _, test := range []struct{ name, sent, is string }{
		{"an item", "/items/a", "item a"},
		{"an item with a slash after it", "/items/a/", ""},
		{"an item with two slashes after it", "/items/a//", ""},
		{"an item with a slash before it", "/items//a", ""},
		{"an item with an encoded slash after it", "/items/a%2F", ""},
		{"an item with an encoded slash in it", "/items/a%2Fb", ""},
		{"an item with its letters encoded, which are the same (RFC 3986, 6.2.2.2)", "/items/%61", "item a"},
		{"an item that is a dot", "/items/.", ""},
		{"an item that is two dots, encoded", "/items/%2e%2e", ""},
		{"an item with a dot", "/items/a.b", "item a.b"},
		{"an item with a plus sign, which is no space", "/items/a+b", ""},
		{"an item encoded twice", "/items/%2561", ""},
		{"an item that is not encoded rightly", "/items/a%", ""},
		{"an item of letters with accents", "/items/%C3%A9", ""},
		{"an item with a NUL", "/items/a%00", ""},
		{"an item behind a base path", "/shop/items/a", "item a"},
		{"an item behind a base path with a slash after it", "/shop/items/a/", ""},
		{"the items", "/items", "items"},
		{"the items with a slash after them", "/items/", ""},
		{"the items with two slashes after them", "/items//", ""},
		{"a file", "/files/x", "file x"},
		{"a file with a slash after it", "/files/x/", ""},
		{"a file with two slashes after it", "/files/x//", ""},
		{"a file with an encoded slash after it", "/files/x%2F", ""},
		{"a file with a slash before it", "/files//x", ""},
		{"a file with an encoded slash before it", "/files/%2Fx", ""},
		{"a file in a folder", "/files/a/b", "file a/b"},
		{"a file in a folder with an encoded slash, which is S3's too", "/files/a%2Fb", "file a/b"},
		{"a file with two slashes in it", "/files/a//b", ""},
		{"a file with a slash and an encoded one in it", "/files/a/%2Fb", ""},
		{"a file named as its route", "/files/files/x", "file files/x"},
		{"a file named as its route with a slash after it", "/files/files/x/", ""},
		{"a file behind a dot", "/files/./x", ""},
		{"a file behind two dots", "/files/a/../x", ""},
		{"a file behind two dots, encoded", "/files/%2e%2e/x", ""},
		{"a file behind two dots and an encoded slash", "/files/a%2F..%2Fx", ""},
		{"a file with dots in its name", "/files/..x/y..", "file ..x/y.."},
		{"a file encoded twice", "/files/%252e%252e/x", "file %2e%2e/x"},
		{"a file with a plus sign, which is no space", "/files/a+b", "file a+b"},
		{"a file with an encoded plus sign", "/files/a%2Bb", "file a+b"},
		{"a file with an encoded space", "/files/a%20b", "file a b"},
		{"a file with an encoded percent sign", "/files/100%25", "file 100%"},
		{"a file with a percent sign", "/files/100%", ""},
		{"a file with a percent sign and letters", "/files/a%zz", ""},
		{"a file composed (NFC), which for S3 is not the same as decomposed", "/files/%C3%A9", "file \u00e9"},
		{"a file decomposed (NFD)", "/files/e%CC%81", "file e\u0301"},
		{"a file that is no UTF-8", "/files/%FF", ""},
		{"a file with overlong UTF-8 for a slash", "/files/a%C0%AFb", ""},
		{"a file with a line break", "/files/a%0D%0Ab", ""},
		{"a file with a question mark", "/files/a%3Fb", "file a?b"},
		{"a file with a number sign", "/files/a%23b", "file a#b"},
		{"a file in letters of another case", "/files/X", "file X"},
		{"no file", "/files/", ""},
		{"the health check with a slash after it", "/health/", ""},
		{"a route in letters of another case", "/Items/a", ""},
		{"a route with an encoded letter", "/%69tems/a", ""},
	} {
		for method, nothing := range map[string]int{"GET": 404, "HEAD": 404, "PUT": 422, "POST": 422, "DELETE": 404} {
			t.Run(method+" "+test.name, func(t *testing.T) {
				one, asked := arrived(method, strings.TrimPrefix(test.sent, "/shop")), ""
				one.Path = test.sent
				got := do(t, addressed(&asked), one)
				switch {
				case asked != "" && asked != test.is:
					t.Errorf("asked for %q, want %q", asked, test.is)
				case asked != "" || got.status == 405:
				case test.is != "":
					t.Errorf("responded %d without any call: %s", got.status, got.body)
				case one.PathParameters["id"] == "" && one.PathParameters["key"] == "":
					got.expect(t, 404, nil) // no resource, whatever the method
				default:
					got.expect(t, nothing, nil)
				}
			})
		}
	}
}

// The dependencies get what was sent, decoded once, and nothing else.
func FuzzPath(f *testing.F) {
	for _, sent := range []string{"/items/a", "/items/a/", "/items//a", "/files/a/b", "/files/a%2Fb/", "/files//x", "/files/%2Fx", "/files/%zz", "/items/", "//items", "/files/files/x"} {
		f.Add(sent)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST", "DELETE"} {
			asked := ""
			got := do(t, addressed(&asked), arrived(method, sent))
			if got.status >= 500 || got.status == 400 {
				t.Fatalf("%s %q returns %d: %s", method, sent, got.status, got.body)
			}
			if asked == "" {
				continue
			}
			kind, name, _ := strings.Cut(asked, " ")
			if name != "" {
				kind += "s/"
			}
			if decoded, err := url.PathUnescape(sent); err != nil || decoded != "/"+kind+name {
				t.Fatalf("%s %q asked for %q", method, sent, asked)
			}
		}
	})
}

// What another reader of the same text takes for a line or a label is no trace.
func TestTraceIDsHaveXRaysForm(t *testing.T) {
	for _, test := range []struct{ name, sent, logged string }{
		{"a trace", "Root=1-58406520-a006649127e371903a2de979", "1-58406520-a006649127e371903a2de979"},
		{"a trace among others", "Self=1;Root=1-58406520-a006649127e371903a2de979;Sampled=1", "1-58406520-a006649127e371903a2de979"},
		{"quotes", `Root=","status":"200`, ""},
		{"a trace and quotes", `Root=1-58406520-a006649127e371903a2de979","status":"200`, ""},
		{"capitals", "Root=1-58406520-A006649127E371903A2DE979", ""},
		{"another version", "Root=2-58406520-a006649127e371903a2de979", ""},
		{"hyphens elsewhere", "Root=1-5840652-0a006649127e371903a2de979", ""},
		{"nothing", "Root=", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			log, asked := loggedBy(t, map[string]string{"X-Amzn-Trace-Id": test.sent})
			if asked["trace_id"] != test.logged {
				t.Errorf("logged %v in %s", asked["trace_id"], log)
			}
		})
	}
}

func TestAParameterIsReadWhereverItIsInTheResource(t *testing.T) {
	for name, test := range map[string]struct {
		resource, sent string
		parameters     map[string]string
		want           string
		ok             bool
	}{
		"at the end":                     {"/items/{id}", "/items/a", map[string]string{"id": "a"}, "a", true},
		"before more of the path":        {"/items/{id}/history", "/items/a/history", map[string]string{"id": "a"}, "a", true},
		"before a slash at the end":      {"/items/{id}/history", "/items/a/history/", map[string]string{"id": "a"}, "a", false},
		"behind a base path":             {"/items/{id}/history", "/shop/items/a/history", map[string]string{"id": "a"}, "a", true},
		"next to another parameter":      {"/items/{id}/history/{n}", "/items/a/history/2", map[string]string{"id": "a", "n": "2"}, "a", true},
		"in the path of another request": {"/items/{id}/history", "/items/b/history", map[string]string{"id": "a"}, "a", false},
	} {
		t.Run(name, func(t *testing.T) {
			one := event("GET", test.resource, test.parameters, nil, "")
			one.Path = test.sent
			if got, ok := handler.PathParameter(one, "id"); got != test.want || ok != test.ok {
				t.Errorf("%q, %t; want %q, %t", got, ok, test.want, test.ok)
			}
		})
	}
}

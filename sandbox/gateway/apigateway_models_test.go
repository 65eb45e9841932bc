package gateway

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

func TestAnImportRejectsSchemasThatNoModelCanHave(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "models")
	for _, test := range []struct {
		name, version, schemas string
		want                   []string // in the error; none: it is imported
	}{
		{"an example, also far inside", `"openapi":"3.0.1"`, `"components":{"schemas":{"Item":{"type":"object","properties":{"a":{"type":"array","items":{"type":"string","example":"x"}}}}}}`,
			[]string{`'Item'`, `["example"]`}},
		{"an example of Swagger", `"swagger":"2.0"`, `"definitions":{"Item":{"type":"string","example":"x"}}`, []string{`'Item'`, `["example"]`}},
		{"keywords of later drafts, all at once", `"openapi":"3.0.1"`, `"components":{"schemas":{"A":{"$id":"a"},"B":{"oneOf":[{"dependentRequired":{"a":["b"]}}]}}}`,
			[]string{`'A'`, `["$id"]`, `'B'`, `["dependentRequired"]`}},
		{"a name that is not alphanumeric", `"openapi":"3.0.1"`, `"components":{"schemas":{"An_Item":{"type":"string"}}}`, []string{"'An_Item'", "alphanumeric"}},
		{"a property named as such a keyword is none", `"openapi":"3.0.1"`, `"components":{"schemas":{"Item":{"type":"object","properties":{"example":{"type":"string","enum":["example"]}}}}}`, nil},
		{"an example of a parameter is ignored", `"openapi":"3.0.1"`, `"components":{"parameters":{"a":{"name":"a","in":"query","example":"x"}}}`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := client.PutRestApi(t.Context(), &apigateway.PutRestApiInput{
				RestApiId: id, Mode: types.PutModeOverwrite, Body: []byte(`{` + test.version + `,"info":{"title":"models","version":"1"},"paths":{},` + test.schemas + `}`),
			})
			var bad *types.BadRequestException
			if (err == nil) != (len(test.want) == 0) || err != nil && !errors.As(err, &bad) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %v, want %q in it", err, part)
				}
			}
		})
	}
}

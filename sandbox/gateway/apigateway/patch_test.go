package apigateway

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestPatchOperations(t *testing.T) {
	for _, test := range []struct{ name, before, operation, after string }{
		{"a string is replaced", `{"name":"a"}`, `{"op":"replace","path":"/name","value":"b"}`, `{"name":"b"}`},
		{"a member is removed", `{"name":"a","description":"d"}`, `{"op":"remove","path":"/description"}`, `{"name":"a"}`},
		{"a nested number is replaced", `{}`, `{"op":"replace","path":"/throttle/rateLimit","value":"1.5"}`, `{"throttle":{"rateLimit":1.5}}`},
		{"a boolean is replaced", `{"enabled":true}`, `{"op":"replace","path":"/enabled","value":"false"}`, `{"enabled":false}`},
		{"an element named by the path is added, its slashes unescaped", `{}`, `{"op":"add","path":"/binaryMediaTypes/a~1b"}`, `{"binaryMediaTypes":["a/b"]}`},
		{"an existing element is not added again", `{"binaryMediaTypes":["a/b"]}`, `{"op":"add","path":"/binaryMediaTypes/a~1b"}`, `{"binaryMediaTypes":["a/b"]}`},
		{"an element is removed by its name", `{"binaryMediaTypes":["a","b"]}`, `{"op":"remove","path":"/binaryMediaTypes/a"}`, `{"binaryMediaTypes":["b"]}`},
		{"an element is replaced by its name", `{"endpointConfiguration":{"types":["EDGE"]}}`, `{"op":"replace","path":"/endpointConfiguration/types/EDGE","value":"REGIONAL"}`, `{"endpointConfiguration":{"types":["REGIONAL"]}}`},
		{"an element is replaced by its index", `{"endpointConfiguration":{"types":["EDGE"]}}`, `{"op":"replace","path":"/endpointConfiguration/types/0","value":"REGIONAL"}`, `{"endpointConfiguration":{"types":["REGIONAL"]}}`},
		{"a plan's stage is added", `{"apiStages":[]}`, `{"op":"add","path":"/apiStages","value":"a:s"}`, `{"apiStages":[{"apiId":"a","stage":"s"}]}`},
		{"a plan's stage is removed", `{"apiStages":[{"apiId":"a","stage":"s"},{"apiId":"b","stage":"s"}]}`, `{"op":"remove","path":"/apiStages","value":"a:s"}`, `{"apiStages":[{"apiId":"b","stage":"s"}]}`},
		{"a method of a stage is throttled", `{"apiStages":[{"apiId":"a","stage":"s"}]}`, `{"op":"replace","path":"/apiStages/a:s/throttle/~1items~1GET/burstLimit","value":"3"}`, `{"apiStages":[{"apiId":"a","stage":"s","throttle":{"/items/GET":{"burstLimit":3}}}]}`},
		{"a method's throttle is removed", `{"apiStages":[{"apiId":"a","stage":"s","throttle":{"/items/GET":{"burstLimit":3}}}]}`, `{"op":"remove","path":"/apiStages/a:s/throttle/~1items~1GET"}`, `{"apiStages":[{"apiId":"a","stage":"s","throttle":{}}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var object, want map[string]any
			var operation patchOperation
			err := errors.Join(json.Unmarshal([]byte(test.before), &object), json.Unmarshal([]byte(test.after), &want),
				json.Unmarshal([]byte(test.operation), &operation))
			if err != nil {
				t.Fatal(err)
			}
			if err := operation.apply(object); err != nil {
				t.Fatal(err)
			}
			got, _ := json.Marshal(object)
			expected, _ := json.Marshal(want)
			if string(got) != string(expected) {
				t.Errorf("got %s, want %s", got, expected)
			}
		})
	}
	for name, operation := range map[string]patchOperation{
		"an invalid number":       {Op: "replace", Path: "/throttle/rateLimit", Value: "many"},
		"a stage without an API":  {Op: "add", Path: "/apiStages", Value: "dev"},
		"an invalid method limit": {Op: "replace", Path: "/apiStages/a:s/throttle/x/rateLimit", Value: "many"},
	} {
		t.Run(name+" is rejected", func(t *testing.T) {
			object := map[string]any{"apiStages": []any{map[string]any{"apiId": "a", "stage": "s"}}}
			if err := operation.apply(object); err == nil {
				t.Errorf("apply() succeeded: %v", object)
			}
		})
	}
}

package deploy

import (
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	outputsWith := func(change func(map[string]any)) map[string]any {
		outputs := map[string]any{"restApiId": "abc", "stage": "dev", "apiKey": "k", "bucket": "b", "nameServers": []any{"x"}}
		change(outputs)
		return outputs
	}
	for name, c := range map[string]struct {
		outputs map[string]any
		want    string // in the error; empty: no error
	}{
		"all outputs are copied":               {outputsWith(func(map[string]any) {}), ""},
		"an API may have no key":               {outputsWith(func(o map[string]any) { o["apiKey"] = "" }), ""},
		"a missing output is named":            {outputsWith(func(o map[string]any) { delete(o, "bucket") }), `"bucket"`},
		"an output of another type is named":   {outputsWith(func(o map[string]any) { o["stage"] = 7.0 }), `"stage"`},
		"an empty required output is an error": {outputsWith(func(o map[string]any) { o["restApiId"] = "" }), `"restApiId"`},
	} {
		t.Run(name, func(t *testing.T) {
			o := Outputs{Stacked: c.outputs}
			err := o.fill()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want %q in it", err, c.want)
			}
			if err == nil && (o.RestAPIID != "abc" || o.Bucket != "b" || o.Stage != "dev") {
				t.Errorf("filled %+v", o)
			}
		})
	}
}

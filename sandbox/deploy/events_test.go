package deploy

import (
	"bufio"
	"strings"
	"testing"
)

const (
	stackURN  = `urn:pulumi:dev::didomi::pulumi:pulumi:Stack::didomi-dev`
	bucketURN = `urn:pulumi:dev::didomi::didomi:data:Data$aws:s3/bucketV2:BucketV2::data-files`
)

func pre(op string) string {
	return `{"resourcePreEvent":{"metadata":{"op":"` + op + `","urn":"` + bucketURN + `","type":"aws:s3/bucketV2:BucketV2"}}}` + "\n"
}

func out(op string) string {
	return `{"resOutputsEvent":{"metadata":{"op":"` + op + `","urn":"` + bucketURN + `","type":"aws:s3/bucketV2:BucketV2"}}}` + "\n"
}

func TestProgress(t *testing.T) {
	for name, c := range map[string]struct {
		log    string
		want   string
		errors []string
	}{
		"a running operation is named":            {pre("create"), "0 resources, now BucketV2 data-files", nil},
		"finished operations are counted by kind": {pre("create") + out("create") + out("same") + out("update"), "3 resources, 1 created, 1 updated", nil},
		"a refresh is not counted as a change":    {pre("refresh") + out("update") + pre("update") + out("update"), "1 resources, 1 updated", nil},
		"an incomplete line is kept":              {out("create") + `{"resOutputsE`, "1 resources, 1 created", nil},
		"other events are ignored":                {`{"preludeEvent":{"config":{}}}` + "\n", "0 resources", nil},
		"errors are kept, without colours, with their resource": {
			`{"diagnosticEvent":{"urn":"` + bucketURN + `","severity":"error","message":"<{%fg 1%}>no<{%reset%}> such key\n"}}` + "\n" +
				`{"diagnosticEvent":{"urn":"` + stackURN + `","severity":"warning","message":"careful"}}` + "\n" +
				`{"diagnosticEvent":{"severity":"error","message":"update failed"}}` + "\n",
			"0 resources",
			[]string{"aws:s3/bucketV2:BucketV2 (data-files): no such key"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Progress{}
			var rest []byte
			if err := p.Read(bufio.NewReader(strings.NewReader(c.log)), &rest); err != nil {
				t.Fatal(err)
			}
			if p.String() != c.want {
				t.Errorf("%q, want %q", p, c.want)
			}
			if strings.Join(p.Problems(), "|") != strings.Join(c.errors, "|") {
				t.Errorf("errors %q, want %q", p.Problems(), c.errors)
			}
		})
	}
}

package deploy

import (
	"slices"
	"testing"
)

func TestProblems(t *testing.T) {
	const (
		other    = `urn:pulumi:dev::didomi::didomi:data:Data$aws:s3/bucketV2:BucketV2::other`
		unserved = "creating Repository (r): api error SandboxNotServed: ministack does not serve codecommit: CreateRepository. To serve it, add it"
		logged   = "  sdk-v2/provider2.go:572: sdk.helper_schema: " + unserved + ": provider=aws@6.83.4\n"
		returned = "1 error occurred:\n\t* " + unserved + "\n\n"
		shown    = "aws:s3/bucketV2:BucketV2 (data-files): "
	)
	for name, c := range map[string]struct {
		errors []diagnostic
		want   []string
	}{
		"an error that the provider logs and returns is shown once": {
			[]diagnostic{{bucketURN, logged}, {bucketURN, returned}}, []string{shown + unserved},
		},
		"one that it only logs is shown": {
			[]diagnostic{{bucketURN, logged}, {bucketURN, "another"}},
			[]string{shown + "sdk-v2/provider2.go:572: sdk.helper_schema: " + unserved + ": provider=aws@6.83.4", shown + "another"},
		},
		"the same error of two resources is shown of both": {
			[]diagnostic{{bucketURN, logged}, {other, returned}, {bucketURN, returned}},
			[]string{"aws:s3/bucketV2:BucketV2 (other): " + unserved, shown + unserved},
		},
		"several errors in one keep their list": {
			[]diagnostic{{bucketURN, "2 errors occurred:\n\t* a\n\t* b\n"}}, []string{shown + "2 errors occurred:\n\t* a\n\t* b"},
		},
		"what follows from an error is not shown": {
			[]diagnostic{{bucketURN, "no"}, {"", "update failed"}, {"", "awsx:ec2:Vpc resource 'vpc' has a problem: grpc: the client connection is closing"}},
			[]string{shown + "no"},
		},
		"without the error it is": {[]diagnostic{{"", "update failed"}}, []string{"update failed"}},
		"a repeated error is shown once": {
			[]diagnostic{{"", "no <{%fg 1%}>stack<{%reset%}>"}, {"", "no stack"}}, []string{"no stack"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Progress{}
			for _, d := range c.errors {
				p.errors = append(p.errors, newDiagnostic(d.urn, d.message))
			}
			if got := p.Problems(); !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

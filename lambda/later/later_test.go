package later

import (
	"context"
	"slices"
	"testing"
)

func TestWorkIsPutOffUntilItIsFinished(t *testing.T) {
	var did []string
	note := func(what string) func() { return func() { did = append(did, what) } }
	Do(t.Context(), note("nobody collects"))
	ctx, work := Collect(t.Context())
	Do(ctx, note("first"))
	Do(context.WithoutCancel(ctx), note("second"))
	did = append(did, "answered")
	work.Finish()
	Do(ctx, note("too late to put off"))
	if want := []string{"nobody collects", "answered", "first", "second", "too late to put off"}; !slices.Equal(did, want) {
		t.Errorf("did %q, want %q", did, want)
	}
}

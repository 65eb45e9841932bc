package restapi

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

func TestEachRequestToAStageIsReported(t *testing.T) {
	f := newFixture(t, nil)
	f.store.stage.APIName, f.store.stage.Methods = "shop", map[string]MethodSettings{"*/*": {Metrics: true}, "~1items~1{id}/GET": {}}
	served := make(chan Served, 10)
	failing := &fakeInvoker{invoke: func(context.Context) (lambdahost.Response, error) {
		return lambdahost.Response{}, errors.New("throttled")
	}}
	server := httptest.NewServer(New(Config{Store: f.store, Invoker: failing, Served: func(s Served) { served <- s }}))
	t.Cleanup(server.Close)
	f.url = server.URL
	for _, c := range []struct {
		path             string
		resource, method string
		detailed         bool
		status           int
		integrated       bool
	}{
		{"/api1/v1/items/7", "/items/{id}", "GET", false, 500, true},
		{"/api1/v1/", "/", "GET", true, 500, true},
		{"/api1/v1/items", "/items", "GET", true, 400, false},
	} {
		t.Run(c.path, func(t *testing.T) {
			f.send(t, "GET", c.path, "")
			got := <-served
			if got.APIName != "shop" || got.Stage != "v1" || got.Resource != c.resource || got.Method != c.method || got.Detailed != c.detailed || got.Status != c.status {
				t.Errorf("got %+v, want %+v", got, c)
			}
			if got.Latency <= 0 || got.Start.IsZero() || (got.IntegrationLatency > 0) != c.integrated {
				t.Errorf("times: %+v", got)
			}
		})
	}
	f.send(t, "GET", "/api1/v2/items/7", "") // no such stage
	f.send(t, "GET", "/api1/v1/items/8", "")
	if got := <-served; got.Stage != "v1" || len(served) > 0 {
		t.Errorf("after a request to no stage: %+v, and %d more", got, len(served))
	}
}

package restapi

import "time"

// Served is a request to a stage that has its response.
type Served struct {
	APIName, Stage string
	// Resource and Method are those of the document; empty: it has no such method.
	Resource, Method string
	// Detailed is whether the method's settings enable its own metrics.
	Detailed bool
	Start    time.Time
	Status   int
	// IntegrationLatency is 0 if no function was invoked.
	Latency, IntegrationLatency time.Duration
}

// end logs and reports the request, unless no stage was found.
func (x *exchange) end() {
	x.logAccess()
	if x.stage.Name == "" {
		return
	}
	served := Served{
		APIName: x.stage.APIName, Stage: x.stage.Name, Start: x.start, Status: x.response.status,
		Latency: time.Since(x.start), IntegrationLatency: x.integrationLatency,
	}
	if x.operation != nil {
		served.Resource, served.Method, served.Detailed = x.resource.path, x.operation.method, x.methodSettings().Metrics
	}
	x.server.config.Served(served)
}

package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/lambda/openapi"
)

// The defaults hold whatever a stack reserves: streams leave half of a reservation to items, and one key
// leaves half of that to the others.
func TestStreamsLeaveConcurrencyToOtherRequests(t *testing.T) {
	for _, tt := range []struct {
		name                string
		change              func(*Config)
		rate, burst         int // of the stage
		planRate, planBurst int
		streams, key, slow  int // executions held
	}{
		{"by default, a tenth of an account's 1,000", func(*Config) {}, 14, 28, 7, 14, 98, 49, 448},
		{"of a reservation of 400, a half", func(c *Config) { c.ReservedConcurrency = 400 }, 28, 56, 14, 28, 196, 98, 896},
		{"of a reservation of 20, a half", func(c *Config) { c.ReservedConcurrency = 20 }, 1, 2, 1, 1, 7, 6, 32},
		{"of the least that fits", func(c *Config) { c.ReservedConcurrency = 6 }, 1, 1, 1, 1, 6, 6, 31},
		{"with streams of up to 200 MB", func(c *Config) { c.StreamMaxMB, c.TimeoutSeconds = 200, 120 }, 1, 2, 1, 1, 99, 98, 122},
		{"with small files alone, the stage's own throttle", func(c *Config) {
			c.StreamMaxMB, c.ThrottleRate, c.ThrottleBurst, c.Plans[0].Rate, c.Plans[0].Burst = 6, 10, 15, 3, 4
		}, 10, 15, 3, 4, 25, 7, 315},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := defaults(t)
			tt.change(&c)
			if problems := c.Validate(); problems != nil {
				t.Fatal(problems)
			}
			stage := c.streamThrottles()[0]
			plan := c.planThrottles(c.Plans[0])[0]
			if stage.Rate != tt.rate || stage.Burst != tt.burst || plan.Rate != tt.planRate || plan.Burst != tt.planBurst {
				t.Errorf("stage %+v, plan %+v; want %d and %d, %d and %d", stage, plan, tt.rate, tt.burst, tt.planRate, tt.planBurst)
			}
			streams, key, slow := stage.executions(c.streamSeconds()), plan.executions(c.streamSeconds()), stage.executions(c.TimeoutSeconds)
			if streams != tt.streams || key != tt.key || slow != tt.slow {
				t.Errorf("streams hold %d, one key %d, slow clients %d; want %d, %d, %d", streams, key, slow, tt.streams, tt.key, tt.slow)
			}
		})
	}
}

func TestRoutesThatStreamDivideTheShare(t *testing.T) {
	text := strings.Replace(source(t), "{summary: All books, security: *key, x-scopes: [books:read], responses: *responses, x-amazon-apigateway-integration: *buffered}",
		"{summary: All books, security: *key, x-scopes: [books:read], responses: *responses, x-amazon-apigateway-integration: *stream}", 1)
	d, err := openapi.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c := Default()
	c.Document = d
	want := []Throttle{{Route: "GET /books", Rate: 7, Burst: 14}, {Route: "GET /scans/{key+}", Rate: 7, Burst: 14}}
	if got := c.streamThrottles(); !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := c.planThrottles(c.Plans[0]); len(got) != 2 {
		t.Errorf("a plan throttles %+v", got)
	}
	c.ReservedConcurrency, c.Throttles = 90, []Throttle{{Route: "GET /books", Rate: 5, Burst: 25}, {Route: "GET /scans/{key+}", Rate: 5, Burst: 25}}
	if got := c.Validate(); len(got) != 1 || !strings.Contains(got[0].MustBe, "at least 100: with a burst of 50, a rate of 10 and 5 seconds each (streamMaxMb 16) GET /books and GET /scans/{key+}") {
		t.Errorf("%v", got)
	}
}

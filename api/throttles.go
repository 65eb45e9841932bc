package api

import (
	"fmt"
	"slices"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/lambda/openapi"
)

// Throttle is the limit of one method. In a stage it replaces the stage's throttle (stage.go); in a plan both apply
// (usage.go).
type Throttle struct {
	// Route is a method and a path of the OpenAPI document, such as "PUT /items/{id}".
	Route string `json:"route"`
	// Rate (requests a second) and Burst (requests).
	Rate  int `json:"rate"`
	Burst int `json:"burst"`
}

// methodThrottles are the throttles of the stage's methods: those that the stack sets, and the defaults of
// the routes that it leaves out. A route without a key, such as a health check, is open to anybody, so its
// throttle is small.
func (c Config) methodThrottles() []Throttle {
	all, defaults := slices.Clone(c.Throttles), c.streamThrottles()
	for _, route := range c.Document.Routes(openapi.Open) {
		defaults = append(defaults, Throttle{Route: route, Rate: min(10, c.ThrottleRate), Burst: min(20, c.ThrottleBurst)})
	}
	for _, throttle := range defaults {
		if throttleOf(all, throttle.Route) < 0 {
			all = append(all, throttle)
		}
	}
	return all
}

// planThrottles are the throttles of a plan's methods: those that the stack sets and, for each method that streams, half
// of the stage's throttle, so that one key leaves the other half to the other keys. The least is one request a second,
// also where the stage allows no more and one key can use all of it.
func (c Config) planThrottles(p Plan) []Throttle {
	all := slices.Clone(p.Throttles)
	for _, stage := range c.streamThrottles() {
		if throttleOf(all, stage.Route) < 0 {
			all = append(all, Throttle{
				Route: stage.Route, Rate: min(max(1, stage.Rate/2), p.Rate), Burst: min(max(1, stage.Burst/2), p.Burst),
			})
		}
	}
	return all
}

func throttleOf(throttles []Throttle, route string) int {
	return slices.IndexFunc(throttles, func(t Throttle) bool { return t.Route == route })
}

// throttleProblems checks the throttles of the stage's methods.
func (c Config) throttleProblems() []config.FieldError {
	return methodThrottleProblems("throttles", c.Throttles, c.Document.Routes(openapi.Every), max(1, c.ThrottleRate), max(1, c.ThrottleBurst))
}

// methodThrottleProblems checks throttles of single methods: each of a method that is known, once, and
// within the limits of what they are a part of.
func methodThrottleProblems(key string, throttles []Throttle, known []string, rate, burst int) []config.FieldError {
	var problems []config.FieldError
	taken := map[string]bool{}
	for i, throttle := range throttles {
		at := fmt.Sprintf("%s[%d]", key, i)
		switch {
		case !slices.Contains(known, throttle.Route):
			problems = append(problems, config.OneOf(at+".route", throttle.Route, known...)...)
		case taken[throttle.Route]:
			problems = append(problems, config.FieldError{
				Key: at + ".route", Value: config.Quote(throttle.Route), MustBe: "a route that no other throttle has",
			})
		}
		taken[throttle.Route] = true
		problems = slices.Concat(problems,
			config.Between(at+".rate", throttle.Rate, 1, rate),
			config.Between(at+".burst", throttle.Burst, 1, burst))
	}
	return problems
}

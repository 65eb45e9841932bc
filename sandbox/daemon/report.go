package daemon

import (
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/faults"
)

// Report is the status of a daemon.
type Report struct {
	Generation      string    `json:"generation"` // of the emulated account
	PID             int       `json:"pid"`
	Since           time.Time `json:"since"`
	Region          string    `json:"region"`
	AccessKeyID     string    `json:"accessKeyId"` // of the account's administrator
	SecretAccessKey string    `json:"secretAccessKey"`
	Endpoint        string    `json:"endpoint"` // AWS endpoint
	API             string    `json:"api"`      // REST data plane
	Page            string    `json:"page"`     // about the sandbox, for a browser
	Healthy         bool      `json:"healthy"`  // all parts are healthy
	Parts           []Part    `json:"parts"`

	Clock        time.Time `json:"clock"` // of metrics and alarms
	ClockStopped bool      `json:"clockStopped,omitempty"`

	Faults []faults.Active `json:"faults,omitempty"` // which make fail has started
}

// Part is a server or function of a running sandbox.
type Part struct {
	Kind   string    `json:"kind"` // "gateway", "ministack", "postgres", "function", ...
	Name   string    `json:"name,omitempty"`
	PID    int       `json:"pid"`
	Addr   string    `json:"addr,omitempty"`  // for clients
	Plain  string    `json:"plain,omitempty"` // of a server behind a TLS proxy
	Health string    `json:"health"`          // "ok" or an error
	Since  time.Time `json:"since"`
	Memory int64     `json:"memory"` // resident bytes of the process

	Restarts child.Restarts `json:"restarts,omitzero"` // of a server, by the daemon
}

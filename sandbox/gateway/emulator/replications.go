package emulator

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Replication is an operation of S3's replication: an object was replicated by a rule with metrics, or could not be.
type Replication struct {
	Source, Target, Rule string
	Failed               bool
}

// TakeReplications returns the operations since the last call (copies.py, take_operations).
func (c *Client) TakeReplications(ctx context.Context) ([]Replication, error) {
	content, err := c.Do(ctx, "s3", http.MethodGet, "/_sandbox/replications", http.Header{}, nil)
	if err != nil {
		return nil, err
	}
	var operations []Replication
	if err := json.Unmarshal(content, &operations); err != nil {
		return nil, fmt.Errorf("operations of replications: %w", err)
	}
	return operations, nil
}

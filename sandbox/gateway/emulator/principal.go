package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// Principal is the owner of an access key. Its policies are lists of statements: those of the identity (null for the
// account's root) and those of each limit (boundary, session policies).
type Principal struct {
	Secret   string                  `json:"secret"`
	Token    string                  `json:"token"`
	Expires  float64                 `json:"expires"` // seconds since 1970; 0: never
	ARN      string                  `json:"arn"`
	ID       string                  `json:"id"`
	Account  string                  `json:"account"`
	Identity []iampolicy.Statement   `json:"identity"`
	Limits   [][]iampolicy.Statement `json:"limits"`
	Root     bool                    `json:"root"`
	Keys     map[string][]string     `json:"keys"`
}

// CredentialError is that of an access key that is unknown, inactive or has expired.
type CredentialError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (e *CredentialError) Error() string { return e.Code + ": " + e.Message }

// Expiry is when the credentials expire; zero: never.
func (p Principal) Expiry() time.Time {
	if p.Expires == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(p.Expires * 1000))
}

// Principal reads the owner of an access key (authorize.py, principal). The error for an invalid key is a
// *CredentialError.
func (c *Client) Principal(ctx context.Context, accessKeyID string) (Principal, error) {
	var p Principal
	path := "/_sandbox/principals/" + url.PathEscape(accessKeyID)
	content, err := c.Do(ctx, "sts", http.MethodGet, path, http.Header{}, nil)
	if apiErr := new(Error); errors.As(err, &apiErr) && apiErr.Status == http.StatusForbidden {
		invalid := &CredentialError{}
		if json.Unmarshal([]byte(apiErr.Body), invalid) == nil && invalid.Code != "" {
			return p, invalid
		}
	}
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(content, &p); err != nil {
		return p, fmt.Errorf("principal of %s: %w", accessKeyID, err)
	}
	return p, nil
}

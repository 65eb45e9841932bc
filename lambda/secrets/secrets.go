// Package secrets reads credentials from Secrets Manager at run time and caches them until a server rejects
// them. A rotation costs one more read; while nothing changes, no call is made.
package secrets

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// ErrNoValue is returned for a secret that has no value yet.
var ErrNoValue = errors.New("the secret has no value yet")

// Credentials are the JSON value of every secret of the stack.
type Credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// String omits the password.
func (c Credentials) String() string { return "credentials of " + c.Username }

// GoString omits the password from %#v.
func (c Credentials) GoString() string { return c.String() }

// API is the part of the Secrets Manager client that reading needs.
type API interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Cache reads secrets and caches them. It is safe for concurrent use.
type Cache struct {
	api    func() API
	mu     sync.Mutex
	cached map[string]Credentials
}

// New returns a Cache over the client that api creates on first use.
func New(api func() API) *Cache {
	return &Cache{api: sync.OnceValue(api), cached: map[string]Credentials{}}
}

// Prepare creates the client ahead of the first read.
func (s *Cache) Prepare() { s.api() }

// Get returns the credentials in the secret arn, cached ones if there are any.
func (s *Cache) Get(ctx context.Context, arn string) (Credentials, error) {
	s.mu.Lock()
	cached, ok := s.cached[arn]
	s.mu.Unlock()
	if ok {
		return cached, nil
	}
	read, _, err := Read(ctx, s.api(), &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return Credentials{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cached[arn] = read
	return read, nil
}

// Invalidate drops the credentials of the secret arn from the cache if they still are used, which a server
// has rejected: the next Get reads the secret again.
func (s *Cache) Invalidate(arn string, used Credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cached[arn] == used {
		delete(s.cached, arn)
	}
}

// Read reads credentials from Secrets Manager without the cache, and returns the id of their version.
func Read(ctx context.Context, api API, in *secretsmanager.GetSecretValueInput) (Credentials, string, error) {
	arn := aws.ToString(in.SecretId)
	out, err := api.GetSecretValue(ctx, in)
	var missing *types.ResourceNotFoundException
	if errors.As(err, &missing) {
		return Credentials{}, "", fmt.Errorf("reading secret %s: %w: %w", arn, ErrNoValue, err)
	}
	if err != nil {
		return Credentials{}, "", fmt.Errorf("reading secret %s: %w", arn, err)
	}
	credentials, err := parse(arn, aws.ToString(out.SecretString))
	return credentials, aws.ToString(out.VersionId), err
}

// parse never quotes the value: an error must not contain a password.
func parse(arn, value string) (Credentials, error) {
	var c Credentials
	if json.Unmarshal([]byte(value), &c) != nil {
		return c, fmt.Errorf(`secret %s must be a JSON object with the strings "username" and "password"`, arn)
	}
	if c.Password == "" {
		return c, fmt.Errorf(`secret %s has no "password"`, arn)
	}
	return c, nil
}

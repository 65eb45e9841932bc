// Package secrets reads credentials from Secrets Manager at run time and
// keeps them until a part refuses them, so that a rotation is survived by
// reading once more and no call is made while nothing changed.
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

// Credentials are the JSON value of every secret of this stack.
type Credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// String hides the password from whatever prints credentials.
func (c Credentials) String() string { return "credentials of " + c.Username }

// GoString hides the password from %#v.
func (c Credentials) GoString() string { return c.String() }

// API is the one call of Secrets Manager that reading needs.
type API interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

// Source reads secrets and remembers them. It is safe for concurrent use.
type Cache struct {
	api    func() API
	mu     sync.Mutex
	cached map[string]Credentials
}

// New returns a Source over the client that api makes at the first read.
func New(api func() API) *Cache {
	return &Cache{api: sync.OnceValue(api), cached: map[string]Credentials{}}
}

// Prepare makes the client, which the first read would do, and reads nothing.
func (s *Cache) Prepare() { s.api() }

// Get returns the credentials in the secret arn, from memory if it was read before.
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

// Refused tells that a part did not accept used, the credentials of the
// secret arn: the next Get reads the secret anew, unless that was done since.
func (s *Cache) Invalidate(arn string, used Credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cached[arn] == used {
		delete(s.cached, arn)
	}
}

// Read reads credentials from Secrets Manager itself, and the id of the version that holds them.
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

// parse never quotes the value: an error must not carry a password.
func parse(arn, value string) (Credentials, error) {
	var c Credentials
	if json.Unmarshal([]byte(value), &c) != nil {
		return c, fmt.Errorf(`secret %s is no JSON object with the strings "username" and "password"`, arn)
	}
	if c.Password == "" {
		return c, fmt.Errorf(`secret %s has no "password"`, arn)
	}
	return c, nil
}

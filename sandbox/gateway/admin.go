package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// admin makes the gateway's own calls to the emulator, signed as the emulated
// account's administrator. It uses the wire protocols directly: a handful of
// calls does not pay for an SDK client per service.
type admin struct {
	client      *http.Client
	upstream    url.URL
	region      string
	credentials aws.Credentials
	signer      *v4.Signer
}

// callError is an error answer of the emulator to one of the gateway's calls.
type callError struct {
	Call   string
	Status int
	Body   string
}

func (e *callError) Error() string {
	return fmt.Sprintf("%s: the emulator answered %d: %s", e.Call, e.Status, e.Body)
}

// notFound says whether the emulator answered that there is no such thing.
func notFound(err error) bool {
	var answered *callError
	return errors.As(err, &answered) && answered.Status == http.StatusNotFound
}

func newAdmin(c Config, client *http.Client) *admin {
	return &admin{
		client: client, upstream: *c.Upstream, region: c.Region, signer: v4.NewSigner(),
		credentials: aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey},
	}
}

// rest makes a call of a REST protocol with a JSON body (nil: none) and
// decodes the answer into out (nil: ignored). path is escaped already.
func (a *admin) rest(ctx context.Context, service, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	answer, err := a.do(ctx, service, method, path, http.Header{"Content-Type": {"application/json"}}, body)
	if err != nil {
		return err
	}
	return decode(method+" "+path, answer, out)
}

// target makes a call of a JSON protocol ("secretsmanager.GetSecretValue").
func (a *admin) target(ctx context.Context, service, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {target}}
	answer, err := a.do(ctx, service, http.MethodPost, "/", header, body)
	if err != nil {
		return err
	}
	return decode(target, answer, out)
}

// query makes a call of the Query protocol.
func (a *admin) query(ctx context.Context, service, version string, parameters map[string]string) (*node, error) {
	form := url.Values{"Version": {version}}
	for name, value := range parameters {
		form.Set(name, value)
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	answer, err := a.do(ctx, service, http.MethodPost, "/", header, []byte(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", parameters["Action"], err)
	}
	return parseXML(answer)
}

func decode(call string, answer []byte, out any) error {
	if out == nil || len(answer) == 0 {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s: decode the emulator's answer: %w", call, err)
	}
	return nil
}

// do signs and sends one call and returns the body of its answer.
func (a *admin) do(ctx context.Context, service, method, path string, header http.Header, body []byte) ([]byte, error) {
	call := service + ": " + method + " " + path
	r, err := http.NewRequestWithContext(ctx, method, a.upstream.Scheme+"://"+a.upstream.Host+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", call, err)
	}
	r.Header = header
	sum := sha256.Sum256(body)
	if err := a.signer.SignHTTP(ctx, a.credentials, r, hex.EncodeToString(sum[:]), service, a.region, time.Now()); err != nil {
		return nil, fmt.Errorf("%s: sign: %w", call, err)
	}
	answer, err := a.client.Do(r)
	if err != nil {
		return nil, &unreachableError{fmt.Errorf("%s: %w", call, err)}
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, &unreachableError{fmt.Errorf("%s: %w", call, err)}
	}
	if answer.StatusCode >= 300 {
		return nil, &callError{Call: call, Status: answer.StatusCode, Body: string(content)}
	}
	return content, nil
}

const iamVersion = "2010-05-08"

const ec2Version = "2016-11-15"

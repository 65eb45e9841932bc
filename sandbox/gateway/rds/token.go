package rds

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// A token of IAM database authentication is a presigned request without its scheme, valid for 15 minutes.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.html
const (
	tokenService = "rds-db"
	tokenLife    = 15 * time.Minute
	connect      = "rds-db:connect"
)

// Decided is called with the decision about a login.
type Decided func(principal, action, resource string, allowed bool)

// tokens verifies the tokens of a cluster.
type tokens struct {
	*call.Account
	// resource is the id of the cluster that policies name, endpoint its address.
	resource string
	endpoint func() string
	decided  Decided
}

// tokensOf verifies the tokens of a new cluster.
func (s *service) tokensOf(cluster *xmltree.Node) tokens {
	id := cluster.Value("DBClusterIdentifier")
	return tokens{s.Account, cluster.Value("DbClusterResourceId"), func() string {
		address, _ := s.clusterAddress(id)
		return address.String()
	}, s.decided}
}

// verify checks that the token is for the cluster and the user, that its signature is its principal's, and that the
// principal's policies allow it to connect.
func (t tokens) verify(ctx context.Context, user, token string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+token, nil)
	if err != nil {
		return fmt.Errorf("parse the token: %w", err)
	}
	query := request.URL.Query()
	if request.URL.Host != t.endpoint() || query.Get("Action") != "connect" || query.Get("DBUser") != user {
		return fmt.Errorf("the token is for %s of %s, not for %s of %s", query.Get("DBUser"), request.URL.Host, user, t.endpoint())
	}
	signed, err := time.Parse("20060102T150405Z", query.Get("X-Amz-Date"))
	if age := t.Now().Sub(signed); err != nil || age > tokenLife || age < -tokenLife {
		return fmt.Errorf("the token of %s has expired", query.Get("X-Amz-Date"))
	}
	key, _, _ := strings.Cut(query.Get("X-Amz-Credential"), "/")
	principal, err := t.Emulator.Principal(ctx, key)
	if err != nil {
		return err
	}
	if expiry := principal.Expiry(); !expiry.IsZero() && t.Now().After(expiry) {
		return errors.New("the session of the token's signer has expired")
	}
	credentials := aws.Credentials{AccessKeyID: key, SecretAccessKey: principal.Secret, SessionToken: principal.Token}
	if err := checkSignature(ctx, request, credentials, t.Region, signed); err != nil {
		return err
	}
	resource := fmt.Sprintf("arn:aws:rds-db:%s:%s:dbuser:%s/%s", t.Region, t.AccountID, t.resource, user)
	policies := iampolicy.Set{Identity: principal.Identity, Session: principal.Limits}
	allowed := principal.Root || policies.Allows(connect, iampolicy.Resource{ARN: resource, Keys: principal.Keys})
	t.decided(principal.ARN, connect, resource, allowed)
	if !allowed {
		return fmt.Errorf("%s is not authorized to perform %s on %s", principal.ARN, connect, resource)
	}
	return nil
}

// checkSignature signs the request again as of its time and compares the signatures.
func checkSignature(ctx context.Context, request *http.Request, credentials aws.Credentials, region string, at time.Time) error {
	query := request.URL.Query()
	given := query.Get("X-Amz-Signature")
	for _, name := range []string{"Algorithm", "Credential", "Date", "Security-Token", "Signature", "SignedHeaders"} {
		query.Del("X-Amz-" + name)
	}
	request.URL.RawQuery = query.Encode()
	empty := sha256.Sum256(nil)
	again, _, err := v4.NewSigner().PresignHTTP(ctx, credentials, request, hex.EncodeToString(empty[:]), tokenService, region, at)
	if err != nil {
		return fmt.Errorf("sign the token: %w", err)
	}
	parsed, err := url.Parse(again)
	if err != nil {
		return fmt.Errorf("sign the token: %w", err)
	}
	if !hmac.Equal([]byte(parsed.Query().Get("X-Amz-Signature")), []byte(given)) {
		return errors.New("the token's signature is not that of its access key")
	}
	return nil
}

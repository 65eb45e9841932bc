package gateway

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// code is the code of an MFA device with this seed, some steps of half a minute from now.
// https://www.rfc-editor.org/rfc/rfc6238
func code(t *testing.T, seed string, steps int64) string {
	t.Helper()
	key, err := base32.StdEncoding.DecodeString(seed)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, time.Now().Unix()/30+steps)
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff)%1_000_000)
}

// operator creates a user who may assume every role, with an MFA device, and returns its configuration, device and seed.
func operator(t *testing.T, s *testEnv, name string) (config aws.Config, device, seed string) {
	t.Helper()
	admin := iam.NewFromConfig(s.config())
	if _, err := admin.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name, Path: aws.String("/operators/")}); err != nil {
		t.Fatal(err)
	}
	_, err := admin.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: &name, PolicyName: aws.String("assume"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"],"Resource":"*"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	created, err := admin.CreateVirtualMFADevice(t.Context(), &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: &name})
	if err != nil {
		t.Fatal(err)
	}
	device, seed = *created.VirtualMFADevice.SerialNumber, string(created.VirtualMFADevice.Base32StringSeed)
	_, err = admin.EnableMFADevice(t.Context(), &iam.EnableMFADeviceInput{
		UserName: &name, SerialNumber: &device, AuthenticationCode1: aws.String(code(t, seed, -1)), AuthenticationCode2: aws.String(code(t, seed, 0)),
	})
	if err != nil {
		t.Fatal(err)
	}
	key, err := admin.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return s.configOf(*key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey, ""), device, seed
}

const operatorTrust = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:AssumeRole","Condition":{
		"Bool":{"aws:MultiFactorAuthPresent":"true"},"ArnLike":{"aws:PrincipalArn":["arn:aws:iam::000000000000:user/operators/*"]},
		"StringEquals":{"sts:RoleSessionName":"${aws:username}"},"StringLike":{"aws:RequestTag/reason":"??????????*"},
		"ForAllValues:StringEquals":{"aws:TagKeys":["reason"]}}},
	{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"sts:TagSession","Condition":{
		"StringLike":{"aws:RequestTag/reason":"??????????*"},"ForAllValues:StringEquals":{"aws:TagKeys":["reason"]}}}]}`

func TestATrustPolicyRequiresMFAReasonAndName(t *testing.T) {
	s := newTestEnv(t, nil)
	arn := role(t, s, "operators-role", operatorTrust)
	config, device, seed := operator(t, s, "alice")
	_, otherDevice, otherSeed := operator(t, s, "bob")
	valid := func() *sts.AssumeRoleInput {
		return &sts.AssumeRoleInput{
			RoleArn: &arn, RoleSessionName: aws.String("alice"), SerialNumber: &device, TokenCode: aws.String(code(t, seed, 0)),
			Tags: []ststypes.Tag{{Key: aws.String("reason"), Value: aws.String("INC-1 items missing")}},
		}
	}
	for name, c := range map[string]struct {
		change func(*sts.AssumeRoleInput)
		want   string
	}{
		"without MFA":       {func(in *sts.AssumeRoleInput) { in.SerialNumber, in.TokenCode = nil, nil }, "not authorized to perform: sts:AssumeRole"},
		"with a wrong code": {func(in *sts.AssumeRoleInput) { in.TokenCode = aws.String("000000") }, "invalid MFA one time pass code"},
		"with an old code":  {func(in *sts.AssumeRoleInput) { in.TokenCode = aws.String(code(t, seed, -10)) }, "invalid MFA one time pass code"},
		"with another's device": {func(in *sts.AssumeRoleInput) {
			in.SerialNumber, in.TokenCode = &otherDevice, aws.String(code(t, otherSeed, 0))
		}, "unable to validate MFA code"},
		"without a reason": {func(in *sts.AssumeRoleInput) { in.Tags = nil; in.TokenCode = aws.String(code(t, seed, -1)) }, "not authorized to perform: sts:AssumeRole"},
		"as another": {func(in *sts.AssumeRoleInput) {
			in.RoleSessionName = aws.String("bob")
			in.SerialNumber, in.TokenCode = nil, nil
		}, "not authorized"},
	} {
		t.Run(name, func(t *testing.T) {
			in := valid()
			c.change(in)
			if _, err := sts.NewFromConfig(config).AssumeRole(t.Context(), in); err == nil || errorCode(err) != "AccessDenied" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("with all of them, once for a code", func(t *testing.T) {
		in := valid()
		if _, err := sts.NewFromConfig(config).AssumeRole(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if _, err := sts.NewFromConfig(config).AssumeRole(t.Context(), in); errorCode(err) != "AccessDenied" {
			t.Errorf("the same code again: %v", err)
		}
	})
	t.Run("with MFA, reason of other tags, or as another", func(t *testing.T) {
		for _, change := range []func(*sts.AssumeRoleInput){
			func(in *sts.AssumeRoleInput) { in.Tags[0].Value = aws.String("test") },
			func(in *sts.AssumeRoleInput) { in.RoleSessionName = aws.String("bob") },
			func(in *sts.AssumeRoleInput) {
				in.Tags = append(in.Tags, ststypes.Tag{Key: aws.String("team"), Value: aws.String("x")})
			},
		} {
			config, device, seed := operator(t, s, "carol-"+strings.ToLower(rand.Text()[:10]))
			in := valid()
			name, _ := strings.CutPrefix(device, "arn:aws:iam::000000000000:mfa/")
			in.RoleSessionName, in.SerialNumber, in.TokenCode = &name, &device, aws.String(code(t, seed, 0))
			change(in)
			if _, err := sts.NewFromConfig(config).AssumeRole(t.Context(), in); errorCode(err) != "AccessDenied" || !strings.Contains(err.Error(), "not authorized") {
				t.Errorf("%v: %v", in.Tags, err)
			}
		}
	})
}

// The signer's policies, the signature, the cluster, the user and the time of a token are verified.
func TestATokenOfADatabaseUserIsVerified(t *testing.T) {
	s := newTestEnv(t, nil)
	created, err := rds.NewFromConfig(s.config()).CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{
		DBClusterIdentifier: aws.String("tokens"), Engine: aws.String("aurora-postgresql"), MasterUsername: aws.String("master"),
		MasterUserPassword: aws.String("password"), EnableIAMDatabaseAuthentication: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	id := aws.ToString(created.DBCluster.DbClusterResourceId)
	endpoint := netip.AddrPortFrom(netip.MustParseAddr(*created.DBCluster.Endpoint), 5432).String()
	verify := s.plane.clusters[len(s.plane.clusters)-1].Token
	allowed := s.assumeRole(t, "connects", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"rds-db:connect","Resource":"arn:aws:rds-db:eu-west-1:000000000000:dbuser:`+id+`/query"}]}`)
	denied := s.assumeRole(t, "invokes", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:*","Resource":"*"}]}`)
	token := func(config aws.Config, endpoint, user string) string {
		t.Helper()
		built, err := auth.BuildAuthToken(context.Background(), endpoint, "eu-west-1", user, config.Credentials)
		if err != nil {
			t.Fatal(err)
		}
		return built
	}
	good := token(allowed, endpoint, "query")
	for name, c := range map[string]struct{ user, token, want string }{
		"of a role that may connect":      {"query", good, ""},
		"of one that may not":             {"query", token(denied, endpoint, "query"), "not authorized to perform rds-db:connect"},
		"for another user":                {"app", good, "the token is for query"},
		"of another user":                 {"app", token(allowed, endpoint, "app"), "not authorized"},
		"for another cluster":             {"query", token(allowed, "127.99.0.99:5432", "query"), "the token is for query of 127.99.0.99"},
		"whose user was changed":          {"app", strings.Replace(good, "DBUser=query", "DBUser=app", 1), "signature"},
		"of an unknown key":               {"query", token(s.configOf("AKIAUNKNOWN", "secret", ""), endpoint, "query"), "invalid"},
		"that is a password":              {"query", "password", "the token is for"},
		"that is signed with a wrong key": {"query", token(s.configOf("test", "wrong", ""), endpoint, "query"), "signature"},
	} {
		t.Run(name, func(t *testing.T) {
			err := verify(t.Context(), c.user, c.token)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	t.Run("that has expired", func(t *testing.T) {
		now := s.gateway.account.Now
		s.gateway.account.Now = func() time.Time { return now().Add(16 * time.Minute) }
		defer func() { s.gateway.account.Now = now }()
		if err := verify(t.Context(), "query", good); err == nil || !strings.Contains(err.Error(), "expired") {
			t.Errorf("got %v", err)
		}
	})
}

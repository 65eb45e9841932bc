package gateway

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	cloudwatchgw "github.com/didomi/serverless-api/sandbox/gateway/cloudwatch"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

const (
	formHeader = "Content-Type: " + call.FormType
	jsonHeader = "Content-Type: application/x-amz-json-1.1"
	cborHeader = "Content-Type: application/cbor"
)

// forgedToken creates a role that trusts the project's branch and returns the parameters of a call with a token for
// that branch that another issuer has signed.
func forgedToken(t *testing.T, s *testEnv) url.Values {
	t.Helper()
	admin := iam.NewFromConfig(s.config())
	role, err := admin.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("deploy"), AssumeRolePolicyDocument: aws.String(projectTrust)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.CreateOpenIDConnectProvider(t.Context(), &iam.CreateOpenIDConnectProviderInput{
		Url: aws.String("https://gitlab.example"), ClientIDList: []string{"https://gitlab.example"},
	}); err != nil {
		t.Fatal(err)
	}
	other, err := oidc.New()
	if err != nil {
		t.Fatal(err)
	}
	token, err := other.Sign(oidc.Claims{"iss": "https://gitlab.example", "aud": "https://gitlab.example", "sub": "project_path:group/project:ref_type:branch:ref:main"})
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {*role.Role.Arn}, "RoleSessionName": {"job"}, "WebIdentityToken": {token}}
}

func TestAForgedTokenIsRejectedInEveryForm(t *testing.T) {
	s := newTestEnv(t, nil)
	request := forgedToken(t, s)
	form := request.Encode()
	genuine, err := s.gateway.config.Issuer.Sign(oidc.Claims{"iss": "https://gitlab.example", "aud": "https://gitlab.example", "sub": "project_path:group/project:ref_type:branch:ref:main"})
	if err != nil {
		t.Fatal(err)
	}
	member := func(name string) string { return `"` + name + `":"` + request.Get(name) + `"` }
	body := `{` + member("RoleArn") + `,` + member("RoleSessionName") + `,` + member("WebIdentityToken") + `}`
	target := "X-Amz-Target: AWSSecurityTokenServiceV20110615.AssumeRoleWithWebIdentity"
	without := func(name string) string { rest, _ := url.ParseQuery(form); rest.Del(name); return rest.Encode() }
	multipart := "--b\r\nContent-Disposition: form-data; name=\"Action\"\r\n\r\nAssumeRoleWithWebIdentity\r\n--b--\r\n"
	for name, request := range map[string]testRequest{
		"a form":                                   {"POST", "/", form, []string{formHeader}},
		"a form with a character set":              {"POST", "/", form, []string{formHeader + "; charset=utf-8"}},
		"a form with a type in upper case":         {"POST", "/", form, []string{"Content-Type: Application/X-WWW-Form-Urlencoded"}},
		"a GET":                                    {"GET", "/?" + form, "", nil},
		"a POST without a body":                    {"POST", "/?" + form, "", nil},
		"a HEAD":                                   {"HEAD", "/?" + form, "", nil},
		"a PUT":                                    {"PUT", "/?" + form, "", nil},
		"a GET to another path":                    {"GET", "/anything?" + form, "", nil},
		"a form to another path":                   {"POST", "/sts/", form, []string{formHeader}},
		"a form to //":                             {"POST", "//", form, []string{formHeader}},
		"a form without a Content-Type":            {"POST", "/?Action=AssumeRoleWithWebIdentity", form, nil},
		"a form with another Content-Type":         {"POST", "/?Action=AssumeRoleWithWebIdentity", form, []string{"Content-Type: text/plain"}},
		"JSON 1.0":                                 {"POST", "/", body, []string{target, "Content-Type: application/x-amz-json-1.0"}},
		"JSON 1.1":                                 {"POST", "/", body, []string{target, jsonHeader}},
		"JSON with a form's Content-Type":          {"POST", "/", form, []string{target, formHeader}},
		"CBOR":                                     {"POST", "/service/AWSSecurityTokenServiceV20110615/operation/AssumeRoleWithWebIdentity", form, []string{cborHeader}},
		"a multipart form":                         {"POST", "/?" + form, multipart, []string{"Content-Type: multipart/form-data; boundary=b"}},
		"an action in the query":                   {"POST", "/?Action=AssumeRoleWithWebIdentity", without("Action"), []string{formHeader}},
		"another action in the query":              {"POST", "/?Action=GetCallerIdentity", form, []string{formHeader}},
		"another action in the body":               {"POST", "/?" + form, "Action=GetCallerIdentity", []string{formHeader}},
		"two actions":                              {"POST", "/", "Action=GetCallerIdentity&" + form, []string{formHeader}},
		"two actions, the other one last":          {"POST", "/", form + "&Action=GetCallerIdentity", []string{formHeader}},
		"two tokens":                               {"POST", "/", form + "&WebIdentityToken=" + genuine, []string{formHeader}},
		"two tokens, the valid one first":          {"POST", "/", "WebIdentityToken=" + genuine + "&" + form, []string{formHeader}},
		"a valid token in the query":               {"POST", "/?WebIdentityToken=" + genuine, form, []string{formHeader}},
		"a valid token under a name in lower case": {"POST", "/", form + "&webidentitytoken=" + genuine, []string{formHeader}},
		"an action under a name in lower case":     {"POST", "/", strings.Replace(form, "Action=A", "action=A", 1), []string{formHeader}},
		"a percent-encoded parameter name":         {"GET", "/?" + strings.Replace(form, "Action=", "%41ction=", 1), "", nil},
		"invalid percent-encoding":                 {"GET", "/?%zz=1&" + form, "", nil},
		"a semicolon":                              {"GET", "/?" + form + "&a;b=c", "", nil},
		"a compressed form":                        {"POST", "/", form, []string{formHeader, "Content-Encoding: identity"}},
		"a form in AWS's chunked encoding":         {"POST", "/", "ff;chunk-signature=0\r\n" + form, []string{formHeader, "X-Amz-Content-Sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER"}},
		"a form with an invalid signature":         {"POST", "/", form, []string{formHeader, "Authorization: " + signedFor("sts")}},
		"a form with an incomplete signature":      {"POST", "/", form, []string{formHeader, "Authorization: Credential=a/20260101/eu-west-1/sts/aws4_request"}},
		"a form with another scheme":               {"POST", "/", form, []string{formHeader, "Authorization: Bearer x"}},
		"a GET with a credential":                  {"GET", "/?X-Amz-Credential=a/20260101/eu-west-1/sts/aws4_request&" + form, "", nil},
		"a GET with a credential in lower case":    {"GET", "/?x-amz-credential=a/20260101/eu-west-1/sts/aws4_request&" + form, "", nil},
		"a form signed for another service":        {"POST", "/", form, []string{formHeader, "Authorization: " + signedFor("nothing")}},
		"a form signed for S3":                     {"POST", "/", form, []string{formHeader, "Authorization: " + signedFor("s3")}},
		"JSON signed for another service":          {"POST", "/", body, []string{target, jsonHeader, "Authorization: " + signedFor("kms")}},
		"the host of STS":                          {"POST", "/x", form, []string{formHeader, "Host: sts.localhost"}},
	} {
		t.Run(name+" is rejected", func(t *testing.T) {
			if status, response := request.send(t, s); status < 400 || strings.Contains(response, "SecretAccessKey") {
				t.Errorf("status %d: %s", status, response)
			}
		})
	}
	request.Set("WebIdentityToken", genuine)
	for name, request := range map[string]testRequest{
		"a form": {"POST", "/", request.Encode(), []string{formHeader}}, "a GET": {"GET", "/?" + request.Encode(), "", nil},
		"a POST without a body": {"POST", "/?" + request.Encode(), "", nil},
	} {
		t.Run("the valid token assumes the role by "+name, func(t *testing.T) {
			if status, response := request.send(t, s); status != http.StatusOK || !strings.Contains(response, "SecretAccessKey") {
				t.Errorf("status %d: %s", status, response)
			}
		})
	}
}

// The same forged token in a request with a valid signature, of a caller who may not assume the role.
func TestAForgedTokenIsRejectedFromACallerWithCredentials(t *testing.T) {
	s := newTestEnv(t, nil)
	request := forgedToken(t, s)
	for name, c := range map[string]struct {
		service, path, kind, target string
		body                        string
	}{
		"of STS":                              {"sts", "/", call.FormType, "", request.Encode()},
		"of STS, in the query":                {"sts", "/?" + request.Encode(), "", "", ""},
		"of an unknown service":               {"nothing", "/", call.FormType, "", request.Encode()},
		"of an unknown service, in the query": {"nothing", "/?" + request.Encode(), "", "", ""},
		"of IAM":                              {"iam", "/", call.FormType, "", request.Encode()},
		"of STS to another path":              {"sts", "/x", call.FormType, "", request.Encode()},
		"of SSM, with a target of STS":        {"ssm", "/", "application/x-amz-json-1.1", "AWSSecurityTokenServiceV20110615.AssumeRoleWithWebIdentity", "{}"},
		"of S3, with a target of STS":         {"s3", "/?" + request.Encode(), call.FormType, "AWSSecurityTokenServiceV20110615.AssumeRoleWithWebIdentity", ""},
		"of Lambda, with an action of STS":    {"lambda", "/?" + request.Encode(), "", "", ""},
		"of CloudWatch, with a form of STS":   {"monitoring", "/", call.FormType, "", request.Encode()},
	} {
		t.Run("with a signature "+name, func(t *testing.T) {
			header := http.Header{"Content-Type": {c.kind}}
			if c.kind == "" {
				header = http.Header{}
			}
			if c.target != "" {
				header.Set("X-Amz-Target", c.target)
			}
			if response, err := s.client().Do(t.Context(), c.service, http.MethodPost, c.path, header, []byte(c.body)); err == nil {
				t.Errorf("the call succeeded: %s", response)
			}
		})
	}
}

// A call that the gateway corrects or rejects must not bypass it in another form.
func TestAnAmbiguousCallIsRejected(t *testing.T) {
	s, forwarded := countingUpstream(t)
	signed := func(service string) string { return "Authorization: " + signedFor(service) }
	query := "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=" + strings.Repeat("0", 64) + "&X-Amz-Credential=a/20260101/eu-west-1/"
	for name, request := range map[string]testRequest{
		"a header and a query of signatures":                        {"GET", "/bucket?" + query + "s3/aws4_request", "", []string{signed("rds")}},
		"two credentials in the query":                              {"GET", "/?Action=X&" + query + "rds/aws4_request&X-Amz-Credential=a/20260101/eu-west-1/s3/aws4_request", "", nil},
		"two headers of signatures":                                 {"GET", "/bucket", "", []string{signed("s3"), signed("rds")}},
		"two credentials in a header":                               {"GET", "/bucket", "", []string{strings.Replace(signed("s3"), "Credential=", "Credential=a/20260101/eu-west-1/rds/aws4_request, Credential=", 1)}},
		"a service in upper case":                                   {"POST", "/", "Action=CreateDBCluster", []string{signed("RDS"), formHeader}},
		"an action of RDS for another service":                      {"POST", "/", "Action=CreateDBCluster", []string{signed("nothing"), formHeader}},
		"a call to EC2 with two actions":                            {"POST", "/", "Action=DescribeVpcs&Action=CreateVpc", []string{signed("ec2"), formHeader}},
		"a call to EC2 with an action in the query and in the body": {"POST", "/?Action=DescribeVpcs", "Action=CreateVpc", []string{signed("ec2"), formHeader}},
		"a call to IAM with a parameter in the query":               {"POST", "/?PolicyDocument=x", "Action=CreatePolicy", []string{signed("iam"), formHeader}},
		"a parameter in two cases":                                  {"POST", "/", "Action=CreateRole&RoleName=a&rolename=b", []string{signed("iam"), formHeader}},
		"a call to RDS to another path":                             {"POST", "/x", "Action=CreateDBCluster", []string{signed("rds"), formHeader}},
		"a call to SNS by JSON":                                     {"POST", "/", `{"Name":"x"}`, []string{signed("sns"), jsonHeader, "X-Amz-Target: SNS_20100331.CreateTopic"}},
		"a call to ElastiCache of type text/plain":                  {"POST", "/", "Action=CreateUser", []string{signed("elasticache"), "Content-Type: text/plain"}},
		"a call to RDS by CBOR":                                     {"POST", "/service/AmazonRDSv19/operation/CreateDBCluster", "", []string{signed("rds"), cborHeader}},
		"a Secrets Manager call for SSM":                            {"POST", "/", `{}`, []string{signed("ssm"), jsonHeader, "X-Amz-Target: secretsmanager.RotateSecret"}},
		"a Secrets Manager call for KMS":                            {"POST", "/", `{}`, []string{signed("kms"), jsonHeader, "X-Amz-Target: secretsmanager.RotateSecret"}},
		"a Secrets Manager call with a longer target":               {"POST", "/", `{}`, []string{signed("secretsmanager"), jsonHeader, "X-Amz-Target: secretsmanager.x.RotateSecret"}},
		"a Secrets Manager call to another path":                    {"POST", "/x", `{}`, []string{signed("secretsmanager"), jsonHeader, "X-Amz-Target: secretsmanager.RotateSecret"}},
		"a Secrets Manager call with two targets":                   {"POST", "/", `{}`, []string{signed("secretsmanager"), jsonHeader, "X-Amz-Target: secretsmanager.GetSecretValue", "X-Amz-Target: secretsmanager.RotateSecret"}},
		"a compressed call":                                         {"POST", "/", `{}`, []string{signed("secretsmanager"), jsonHeader, "Content-Encoding: gzip", "X-Amz-Target: secretsmanager.RotateSecret"}},
		"an alarm by a form":                                        {"POST", "/", "Action=PutMetricAlarm", []string{signed("monitoring"), formHeader}},
		"metric data by a form":                                     {"POST", "/", "Action=GetMetricData", []string{signed("monitoring"), formHeader}},
		"an alarm by GET":                                           {"GET", "/?Action=PutMetricAlarm", "", []string{signed("monitoring")}},
		"an alarm by JSON":                                          {"POST", "/", `{}`, []string{signed("monitoring"), jsonHeader, "X-Amz-Target: GraniteServiceVersion20100801.PutMetricAlarm"}},
		"an alarm by JSON to the CBOR path":                         {"POST", cloudwatchgw.Path + "PutMetricAlarm", `{}`, []string{signed("monitoring"), jsonHeader}},
		"an alarm by another path":                                  {"POST", "/service/CloudWatch/operation/PutMetricAlarm", "", []string{signed("monitoring"), cborHeader}},
		"an alarm for another service":                              {"POST", cloudwatchgw.Path + "PutMetricAlarm", "", []string{signed("nothing"), cborHeader}},
		"CreateFunction with a final slash":                         {"POST", "/2015-03-31/functions/", `{}`, []string{signed("lambda")}},
		"CreateFunction with a percent-encoded path":                {"POST", "/2015-03-31%2Ffunctions", `{}`, []string{signed("lambda")}},
		"UpdateFunctionCode with a percent-encoded path":            {"PUT", "/2015-03-31/functions/f%2Fcode", `{}`, []string{signed("lambda")}},
		"CreateFunction with a path in upper case":                  {"POST", "/2015-03-31/FUNCTIONS", `{}`, []string{signed("lambda")}},
		"CreateFunction for another service":                        {"POST", "/2015-03-31/functions", `{}`, []string{signed("nothing")}},
		"CreateFunction for API Gateway":                            {"POST", "/2015-03-31/functions", `{}`, []string{signed("apigateway")}},
		"PutRestApi with a final slash":                             {"PUT", "/restapis/a/", `{}`, []string{signed("apigateway")}},
		"PutRestApi with a target":                                  {"PUT", "/restapis/a", `{}`, []string{signed("apigateway"), "X-Amz-Target: secretsmanager.PutSecretValue"}},
		"an object with a target":                                   {"POST", "/bucket/key", `{}`, []string{signed("s3"), jsonHeader, "X-Amz-Target: secretsmanager.PutSecretValue"}},
	} {
		t.Run(name, func(t *testing.T) {
			*forwarded = 0
			if status, response := request.send(t, s); *forwarded != 0 || status != http.StatusBadRequest {
				t.Errorf("%d requests reached the emulator; status %d: %s", *forwarded, status, response)
			}
		})
	}
}

// Go's decoder accepts a member in any case, the emulator in one case only. Otherwise a role that is allowed one
// alias could create another, because the gateway evaluates the emulator's denials again.
func TestADuplicateMemberIsRejected(t *testing.T) {
	s := newTestEnv(t, nil)
	role := s.assumeRole(t, "names-keys", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:CreateAlias","Resource":["arn:aws:kms:*:*:alias/ours","arn:aws:kms:*:*:key/*"]}]}`)
	key := keyARN(t, s)
	client := s.client()
	var err error
	if client.Credentials, err = role.Credentials.Retrieve(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body    string
		allowed bool
	}{
		"the allowed alias":                                  {`{"AliasName":"alias/ours","TargetKeyId":"` + key + `"}`, true},
		"another alias":                                      {`{"AliasName":"alias/theirs","TargetKeyId":"` + key + `"}`, false},
		"another alias before the allowed one":               {`{"AliasName":"alias/theirs","aliasname":"alias/ours","TargetKeyId":"` + key + `"}`, false},
		"the allowed alias before another one":               {`{"aliasName":"alias/ours","AliasName":"alias/theirs","TargetKeyId":"` + key + `"}`, false},
		"another alias before the allowed one in upper case": {`{"AliasName":"alias/theirs","ALIASNAME":"alias/ours","TargetKeyId":"` + key + `"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "X-Amz-Target": {"TrentService.CreateAlias"}}
			if _, err := client.Do(t.Context(), "kms", http.MethodPost, "/", header, []byte(c.body)); (err == nil) != c.allowed {
				t.Errorf("allowed %v, want %v: %v", err == nil, c.allowed, err)
			}
		})
	}
	t.Run("keys of a map may differ in case only", func(t *testing.T) {
		var request map[string]any
		if err := call.Decode([]byte(`{"Variables":{"A":"1","a":"2"},"List":[{"A":1},{"A":2}]}`), &request); err != nil {
			t.Error(err)
		}
		if err := call.Decode([]byte(`{"Variables":{"A":"1","A":"2"}}`), &request); err == nil {
			t.Error("a duplicate key of a map was accepted")
		}
	})
}

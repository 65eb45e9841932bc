package preflight

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/didomi/serverless-api/ops/graph"
)

func TestTheRegionOfTheCopiesMustBeEnabled(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		item := func(name, status string) string {
			return "<item><regionName>" + name + "</regionName><optInStatus>" + status + "</optInStatus></item>"
		}
		_, _ = w.Write([]byte("<DescribeRegionsResponse><regionInfo>" + item("eu-central-1", "opt-in-not-required") +
			item("eu-central-2", "opted-in") + item("eu-south-1", "not-opted-in") + "</regionInfo></DescribeRegionsResponse>"))
	}))
	defer server.Close()
	a := &account{ec2: ec2.NewFromConfig(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	})}
	for region, want := range map[string]string{
		"": "", "eu-central-1": "", "eu-central-2": "", "eu-south-1": "has not enabled", "eu-moon-1": "AWS has no region eu-moon-1",
	} {
		t.Run(region, func(t *testing.T) {
			providers := []graph.Resource{{Type: "pulumi:providers:aws", Name: "aws", Inputs: map[string]any{"region": "eu-south-1"}}}
			if region != "" {
				providers = append(providers, graph.Resource{Type: "pulumi:providers:aws", Name: "aws-copies", Inputs: map[string]any{"region": region}})
			}
			found, err := copiesRegion(t.Context(), a, &graph.Graph{Resources: providers})
			if err != nil {
				t.Fatal(err)
			}
			if (want == "") != (len(found) == 0) || len(found) > 0 && (!strings.Contains(found[0].What, want) || found[0].Do == "") {
				t.Errorf("got %+v, want %q", found, want)
			}
		})
	}
}

func TestAWSBackupMustBeOptedInToAurora(t *testing.T) {
	copies := graph.Resource{Type: "pulumi:providers:aws", Name: "aws-copies", Inputs: map[string]any{"region": "eu-central-1"}}
	for name, test := range map[string]struct {
		settings  string
		resources []graph.Resource
		warns     bool
	}{
		"opted in":                           {`{"Aurora": true, "RDS": false}`, []graph.Resource{copies}, false},
		"opted out":                          {`{"Aurora": false, "RDS": true}`, []graph.Resource{copies}, true},
		"an account without any vault":       {`{}`, []graph.Resource{copies}, false},
		"opted out, in a stack of no copies": {`{"Aurora": false}`, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != "/account-settings" {
					t.Errorf("%s %s", r.Method, r.URL.Path)
				}
				_, _ = w.Write([]byte(`{"ResourceTypeOptInPreference": ` + test.settings + `}`))
			}))
			defer server.Close()
			a := &account{region: "eu-west-1", backup: backup.NewFromConfig(aws.Config{
				Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
			})}
			found, err := copiesOptIn(t.Context(), a, &graph.Graph{Resources: test.resources})
			if err != nil {
				t.Fatal(err)
			}
			if test.warns != (len(found) == 1) || test.warns && (found[0].State != Warning || !strings.Contains(found[0].Do, "Aurora=true --region eu-west-1")) {
				t.Errorf("got %+v", found)
			}
		})
	}
}

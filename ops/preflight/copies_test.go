package preflight

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
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

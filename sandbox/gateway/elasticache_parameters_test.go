package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
)

func TestParametersAreListedBySource(t *testing.T) {
	s := newTestEnv(t, nil)
	client := elasticache.NewFromConfig(s.config())
	group := clusterParameters(t, client, "listed-by-source")
	for _, test := range []struct {
		name   string
		source *string
		only   bool
	}{
		{"the user's are the one that was set", aws.String("user"), true},
		{"without a source there are the engine's too", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := client.DescribeCacheParameters(t.Context(), &elasticache.DescribeCacheParametersInput{CacheParameterGroupName: group, Source: test.source})
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, p := range response.Parameters {
				found = found || *p.ParameterName == "cluster-enabled" && *p.ParameterValue == "yes"
			}
			if !found || (len(response.Parameters) == 1) != test.only {
				t.Errorf("%d parameters, cluster-enabled among them: %v", len(response.Parameters), found)
			}
		})
	}
}

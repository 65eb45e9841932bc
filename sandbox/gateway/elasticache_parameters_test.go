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
		{"the source user lists the changed parameter", aws.String("user"), true},
		{"without a source all parameters are listed", nil, false},
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
				t.Errorf("%d parameters; cluster-enabled is listed: %v", len(response.Parameters), found)
			}
		})
	}
}

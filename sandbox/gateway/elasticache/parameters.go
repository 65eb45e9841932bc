package elasticache

import (
	"slices"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// filterParameters returns the parameters of the requested source ("user" for
// those that were changed); the emulator returns all of them, and the provider
// assumes that the program set them.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeCacheParameters.html
func filterParameters(x *call.Exchange) error {
	source := x.Form.Get("Source")
	if source == "" {
		return nil
	}
	return x.EditXML(func(response *xmltree.Node) error {
		if list := response.First("Parameters"); list != nil {
			list.Children = slices.DeleteFunc(list.Children, func(p *xmltree.Node) bool { return p.Value("Source") != source })
		}
		return nil
	})
}

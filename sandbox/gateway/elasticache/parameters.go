package elasticache

import (
	"slices"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// filterParameters keeps the parameters of the source that was asked for
// ("user": those that were set), where the emulator answers all of them. The
// provider takes what it gets for what the program set.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeCacheParameters.html
func filterParameters(x *call.Exchange) error {
	source := x.Form.Get("Source")
	if source == "" {
		return nil
	}
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	if list := response.First("Parameters"); list != nil {
		list.Children = slices.DeleteFunc(list.Children, func(p *xmltree.Node) bool { return p.Value("Source") != source })
	}
	x.Response = response.Bytes()
	return nil
}

package gateway

import "slices"

// filterParameters keeps the parameters of the source that was asked for
// ("user": those that were set), where the emulator answers all of them. The
// provider takes what it gets for what the program set.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeCacheParameters.html
func filterParameters(x *exchange) error {
	source := x.form.Get("Source")
	if source == "" {
		return nil
	}
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	if list := answer.first("Parameters"); list != nil {
		list.children = slices.DeleteFunc(list.children, func(p *node) bool { return p.value("Source") != source })
	}
	x.answer = answer.bytes()
	return nil
}

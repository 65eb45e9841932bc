package logs

import (
	"bytes"
	"encoding/json"
	"strings"
)

// directive is the member of a line in the embedded metric format that says which of the others are metrics. It is
// longer than the rest of the line.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const directive = "_aws"

// withoutDirective returns a line's object in its own order without the directive; other text as it is.
func withoutDirective(text string) string {
	in := json.NewDecoder(strings.NewReader(text))
	if first, err := in.Token(); err != nil || first != json.Delim('{') {
		return text
	}
	var out bytes.Buffer
	separator := byte('{')
	for in.More() {
		key, err := in.Token()
		var value json.RawMessage
		if err != nil || in.Decode(&value) != nil {
			return text
		}
		if key == directive {
			continue
		}
		name, err := json.Marshal(key)
		if err != nil {
			return text
		}
		_ = out.WriteByte(separator)
		_, _ = out.Write(append(append(name, ':'), value...))
		separator = ','
	}
	if out.Len() == 0 {
		return text
	}
	return out.String() + "}"
}

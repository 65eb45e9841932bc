package bridge

import (
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
)

// The real provider's automatic names: the resource's name, a dash and seven
// random hexadecimal digits, within a length that AWS allows.
const (
	separator    = "-"
	randomDigits = 7
	longestName  = 255
)

// autoNames are the naming properties that are not called name, or have their
// own limits, by upstream type and key.
func autoNames() map[string]map[string]*tfbridge.SchemaInfo {
	return map[string]map[string]*tfbridge.SchemaInfo{
		"aws_cloudwatch_metric_alarm": {"alarm_name": tfbridge.AutoName("name", longestName, separator)},
		"aws_elasticache_cluster": {
			"cluster_id": tfbridge.AutoNameTransform("clusterId", 50, strings.ToLower),
		},
		"aws_elasticache_replication_group": {
			"replication_group_id": tfbridge.AutoNameTransform("replicationGroupId", 40, strings.ToLower),
		},
		"aws_iam_role":          {"name": tfbridge.AutoName("name", 64, separator)},
		"aws_key_pair":          {"key_name": tfbridge.AutoName("keyName", longestName, separator)},
		"aws_kms_alias":         {"name": kmsAliasName()},
		"aws_lambda_function":   {"function_name": tfbridge.AutoName("name", 64, separator)},
		"aws_lambda_permission": {"statement_id": tfbridge.AutoName("statementId", 100, separator)},
		"aws_s3_bucket":         {"bucket": tfbridge.AutoNameTransform("bucket", 63, strings.ToLower)},
		"aws_sns_topic":         {"name": queueName("fifoTopic")},
		"aws_sqs_queue":         {"name": queueName("fifoQueue")},
	}
}

// notAutoNamed are the types whose name cannot be generated: a record's is its
// domain name.
var notAutoNamed = map[string]bool{"aws_route53_record": true}

func kmsAliasName() *tfbridge.SchemaInfo {
	const prefix = "alias/"
	return tfbridge.AutoNameWithCustomOptions("name", tfbridge.AutoNameOptions{
		Separator: separator,
		Maxlen:    238,
		Randlen:   randomDigits,
		PostTransform: func(_ *tfbridge.PulumiResource, name string) (string, error) {
			return prefix + strings.TrimPrefix(name, prefix), nil
		},
	})
}

// queueName is for topics and queues, which must end in .fifo when fifo is set.
func queueName(fifo string) *tfbridge.SchemaInfo {
	return tfbridge.AutoNameWithCustomOptions("name", tfbridge.AutoNameOptions{
		Separator: separator,
		Maxlen:    80,
		Randlen:   randomDigits,
		PostTransform: func(resource *tfbridge.PulumiResource, name string) (string, error) {
			for key, value := range resource.Properties {
				if string(key) == fifo && value.IsBool() && value.BoolValue() {
					return name + ".fifo", nil
				}
			}
			return name, nil
		},
	})
}

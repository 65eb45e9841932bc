package emulator

import "slices"

// Version is the emulator's, which ../../ministack/requirements.in pins.
const Version = "1.5.33"

// served are the services that the emulator serves, by their names in signatures, and those that the gateway serves
// in its place.
var served = []string{
	"account", "acm", "airflow", "aoss", "apigateway", "appconfig", "application-autoscaling", "appsync", "athena",
	"autoscaling", "backup", "batch", "bedrock", "bedrock-agentcore", "budgets", "cloudcontrolapi", "cloudformation",
	"cloudfront", "cloudfront-keyvaluestore", "cloudtrail", "codebuild", "cognito-identity", "cognito-idp", "config",
	"cur", "dsql", "dynamodb", "ec2", "ecr", "ecs", "eks", "elasticache", "elasticfilesystem", "elasticloadbalancing",
	"elasticmapreduce", "es", "events", "execute-api", "firehose", "geo", "glue", "iam", "inspector2", "iot",
	"iot-jobs-data", "iotdata", "iotwireless", "kafka", "kinesis", "kinesisanalytics", "kms", "lambda", "logs",
	"mediaconnect", "monitoring", "mq", "organizations", "pipes", "rds", "rds-data", "resource-groups", "route53", "s3",
	"s3files", "s3tables", "scheduler", "secretsmanager", "servicediscovery", "servicequotas", "ses", "signer", "sns",
	"sqs", "ssm", "states", "sts", "tagging", "transcribe", "transfer", "translate", "waf", "waf-regional", "wafv2",
}

// Served lists the services whose calls are served, sorted.
func Served() []string { return slices.Clone(served) }

// Serves reports whether calls of a service, by its name in signatures, are served.
func Serves(service string) bool {
	_, found := slices.BinarySearch(served, service)
	return found
}

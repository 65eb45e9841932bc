package policy

// APIGatewayLogs is the ARN of AWS's own policy for API Gateway's logs. The role that the account
// keeps for them has it as its rights and as its boundary, so whoever makes roles must allow it as one.
func APIGatewayLogs(partition string) string {
	return "arn:" + partition + ":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
}

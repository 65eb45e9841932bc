package bridge

// names are the properties whose names follow no rule, by upstream type and key.
var names = map[string]map[string]string{
	"aws_api_gateway_authorizer":             {"rest_api_id": "restApi"},
	"aws_api_gateway_base_path_mapping":      {"api_id": "restApi"},
	"aws_api_gateway_deployment":             {"rest_api_id": "restApi"},
	"aws_api_gateway_integration":            {"rest_api_id": "restApi"},
	"aws_api_gateway_integration_response":   {"rest_api_id": "restApi"},
	"aws_api_gateway_method":                 {"rest_api_id": "restApi"},
	"aws_api_gateway_method_response":        {"rest_api_id": "restApi"},
	"aws_api_gateway_method_settings":        {"rest_api_id": "restApi"},
	"aws_api_gateway_model":                  {"rest_api_id": "restApi"},
	"aws_api_gateway_request_validator":      {"rest_api_id": "restApi"},
	"aws_api_gateway_resource":               {"rest_api_id": "restApi"},
	"aws_api_gateway_stage":                  {"rest_api_id": "restApi", "deployment_id": "deployment"},
	"aws_cloudwatch_log_subscription_filter": {"log_group_name": "logGroup"},
	"aws_cloudwatch_metric_alarm":            {"alarm_name": "name"},
	"aws_lambda_function":                    {"function_name": "name", "filename": "code"},
	"aws_lambda_layer_version":               {"filename": "code"},
	"aws_lambda_permission":                  {"function_name": "function"},
	"aws_s3_bucket_website_configuration":    {"routing_rules": "routingRuleDetails", "routing_rule": "routingRules"},
	"aws_sns_topic_subscription":             {"topic_arn": "topic"},
}

// Names returns the listed names of an upstream type's properties, by key; nil
// if there are none.
func Names(upstream string) map[string]string {
	return names[upstream]
}

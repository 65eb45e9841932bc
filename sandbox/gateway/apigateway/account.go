package apigateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// API Gateway writes logs with one role per account and region. It checks the role when it is set, and rejects stage
// settings that enable logging while no role is set.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
const (
	UnusableLogRole = "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy."
	NoLogRole       = "CloudWatch Logs role ARN must be set in account settings to enable logging"
)

// logRoleActions are the actions of AmazonAPIGatewayPushToCloudWatchLogs. AWS requires them on every log group.
var logRoleActions = []string{
	"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
	"logs:FilterLogEvents", "logs:GetLogEvents", "logs:PutLogEvents",
}

// updateAccount rejects a role with which API Gateway could not write logs.
func (s *Service) updateAccount(x *call.Exchange) error {
	var request struct{ PatchOperations []patchOperation }
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	for _, o := range request.PatchOperations {
		if o.Path != "/cloudwatchRoleArn" || o.Value == "" {
			continue
		}
		usable, err := s.canWriteLogs(x.Request.Context(), o.Value)
		if err != nil {
			return err
		}
		if !usable {
			return x.Reject(http.StatusBadRequest, "BadRequestException", UnusableLogRole)
		}
	}
	return x.Forward()
}

// apiGatewayCaller is API Gateway when it writes logs. AWS documents no condition key for it.
var apiGatewayCaller = iampolicy.Caller{Service: "apigateway.amazonaws.com"}

// canWriteLogs reports whether a role trusts API Gateway and has every permission that it needs.
func (s *Service) canWriteLogs(ctx context.Context, arn string) (bool, error) {
	var untrusted *emulator.UntrustedError
	if err := s.Emulator.Trusts(ctx, arn, apiGatewayCaller); emulator.NotFound(err) || errors.As(err, &untrusted) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	policies, err := s.Emulator.RolePolicies(ctx, emulator.RoleName(arn))
	if err != nil {
		return false, err
	}
	every := iampolicy.Resource{ARN: s.ARN("logs", "log-group:*")}
	return !slices.ContainsFunc(logRoleActions, func(action string) bool { return !policies.Allows(action, every) }), nil
}

// enablesLogging reports whether the operation enables a stage's access log or execution log.
func (o patchOperation) enablesLogging() bool {
	if o.Op == "remove" || o.Value == "" {
		return false
	}
	return strings.HasPrefix(o.Path, "/accessLogSettings/") || strings.HasSuffix(o.Path, "/logging/loglevel") && o.Value != "OFF"
}

// hasLogRole reports whether the account's role for logs is set.
func (s *Service) hasLogRole(ctx context.Context) (bool, error) {
	var account struct{ CloudwatchRoleARN string }
	err := s.Emulator.Rest(ctx, "apigateway", http.MethodGet, "/account", nil, &account)
	return account.CloudwatchRoleARN != "", err
}

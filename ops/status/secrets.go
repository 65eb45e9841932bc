package status

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/didomi/serverless-api/ops/deployed"
	"github.com/didomi/serverless-api/ops/types"
)

// window is how late a rotation may be: Secrets Manager rotates at any time of the day, and tries again after a failure.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
const window = 2 * day

// secrets lists the age of the secrets with passwords, against the interval of their rotation. The master user's secret
// is RDS's own.
func secrets(ctx context.Context, s *stack) ([]Item, error) {
	arns := map[string]float64{} // the days of the rotation, by ARN; 0: not rotated
	var order []string
	for _, r := range s.graph.ByType(types.Secret) {
		order = append(order, r.ID)
	}
	for _, r := range s.graph.ByType(types.SecretRotation) {
		arns[r.Text("secretId")] = r.Number("rotationRules", "automaticallyAfterDays")
	}
	clusters, err := s.clusters(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range clusters {
		if c.MasterUserSecret != nil {
			order = append(order, aws.ToString(c.MasterUserSecret.SecretArn))
		}
	}
	var items []Item
	for _, arn := range order {
		found, err := s.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &arn})
		if err != nil {
			return items, deployed.Failed(err, "read the secret "+arn, "secretsmanager:DescribeSecret")
		}
		items = append(items, s.secret(found, arns[arn]))
	}
	return items, nil
}

// secret is the item of a secret that the stack rotates every so many days, 0: not the stack.
func (s *stack) secret(found *secretsmanager.DescribeSecretOutput, days float64) Item {
	since := found.CreatedDate
	for _, later := range []*time.Time{found.LastChangedDate, found.LastRotatedDate} {
		if later != nil && (since == nil || later.After(*since)) {
			since = later
		}
	}
	age := s.now.Sub(aws.ToTime(since))
	item := Item{Name: aws.ToString(found.Name), State: OK, What: fmt.Sprintf("%d days old", int(age/day))}
	rotates := aws.ToBool(found.RotationEnabled)
	if rules := found.RotationRules; days == 0 && rotates && rules != nil {
		days = float64(aws.ToInt64(rules.AutomaticallyAfterDays))
	}
	switch {
	case days == 0:
		item.What += ", not rotated"
	case !rotates:
		item.State, item.What, item.Do = Warning, item.What+": its rotation is off", "update the stack, which turns it on again"
	case age > time.Duration(days*float64(day))+window:
		item.State = Warning
		item.What += fmt.Sprintf(", and rotates every %g days: its rotation fails", days)
		item.Do = "docs/how-to/runbook.md, sections rotation and cache-rotation"
	default:
		item.What += fmt.Sprintf(", rotates every %g days", days)
	}
	return item
}

package api

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newTopic makes the encrypted topic that alarms are sent to, open to this account's alarms alone,
// and subscribes the configured addresses.
func newTopic(ctx *pulumi.Context, s site) (*sns.Topic, error) {
	topic, err := sns.NewTopic(ctx, s.name+"-alarms", &sns.TopicArgs{
		DisplayName:    pulumi.String("Alarms of " + s.name),
		KmsMasterKeyId: s.args.OperationsKeyARN,
	}, s.parent)
	if err != nil {
		return nil, fmt.Errorf("api: topic of the alarms: %w", err)
	}
	_, err = sns.NewTopicPolicy(ctx, s.name+"-alarms-policy", &sns.TopicPolicyArgs{
		Arn: topic.Arn,
		Policy: policy.Document(policy.Statement{
			Sid:       "Alarms",
			Principal: map[string]any{"Service": "cloudwatch.amazonaws.com"},
			Actions:   []string{"sns:Publish"},
			Resources: []pulumi.StringInput{topic.Arn},
			Condition: map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": s.account}},
		}),
	}, s.parent)
	if err != nil {
		return nil, fmt.Errorf("api: policy of the alarms' topic: %w", err)
	}
	for _, address := range s.args.Config.AlarmEmails {
		_, err := sns.NewTopicSubscription(ctx, s.name+"-alarms-"+address, &sns.TopicSubscriptionArgs{
			Topic:    topic.Arn,
			Protocol: pulumi.String("email"),
			Endpoint: pulumi.String(address),
		}, s.parent)
		if err != nil {
			return nil, fmt.Errorf("api: subscription of %s to the alarms: %w", address, err)
		}
	}
	return topic, nil
}

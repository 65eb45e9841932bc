package api

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// topics receive alarms: pages those that need a response at once, warnings those that can wait for working hours.
type topics struct {
	pages, warnings *sns.Topic
}

func newTopics(ctx *pulumi.Context, s site) (topics, error) {
	pages, err := newTopic(ctx, s, "alarms", "Customer impact of "+s.name, s.args.Config.AlarmEmails)
	if err != nil {
		return topics{}, err
	}
	warnings, err := newTopic(ctx, s, "warnings", "Warnings of "+s.name, s.args.Config.WarningEmails)
	return topics{pages, warnings}, err
}

// newTopic creates an encrypted topic, to which this stack's alarms alone may publish, and subscribes the addresses.
// https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
func newTopic(ctx *pulumi.Context, s site, part, title string, addresses []string) (*sns.Topic, error) {
	topic, err := sns.NewTopic(ctx, s.name+"-"+part, &sns.TopicArgs{
		DisplayName:    pulumi.String(title),
		KmsMasterKeyId: s.args.OperationsKeyARN,
	}, s.parent)
	if err != nil {
		return nil, fmt.Errorf("api: topic of the %s: %w", part, err)
	}
	_, err = sns.NewTopicPolicy(ctx, s.name+"-"+part+"-policy", &sns.TopicPolicyArgs{
		Arn: topic.Arn,
		Policy: policy.Document(policy.Statement{
			Sid:       "Alarms",
			Principal: map[string]any{"Service": "cloudwatch.amazonaws.com"},
			Actions:   []string{"sns:Publish"},
			Resources: []pulumi.StringInput{topic.Arn},
			Condition: policy.From(s.Account, s.ARN("cloudwatch", "alarm:"+s.name+"-*")),
		}),
	}, s.parent)
	if err != nil {
		return nil, fmt.Errorf("api: policy of the topic of the %s: %w", part, err)
	}
	for _, address := range addresses {
		_, err := sns.NewTopicSubscription(ctx, s.name+"-"+part+"-"+address, &sns.TopicSubscriptionArgs{
			Topic:    topic.Arn,
			Protocol: pulumi.String("email"),
			Endpoint: pulumi.String(address),
		}, s.parent)
		if err != nil {
			return nil, fmt.Errorf("api: subscription of %s to the %s: %w", address, part, err)
		}
	}
	return topic, nil
}

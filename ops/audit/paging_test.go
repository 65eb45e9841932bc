package audit

import (
	"testing"

	"github.com/didomi/serverless-api/ops/types"
)

// An address is notified only after its owner has confirmed the subscription.
// https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
func TestAProtectedStackPagesAnAddressThatHasConfirmed(t *testing.T) {
	check(t, "paging", map[string]example{
		"a protected stack without an address": {func(s stack) { s.remove(types.TopicSubscription, "") }, []string{
			"api-hurt: pages no one: the topic didomi-prod-api-alarms has no subscription",
		}},
		"an address that has not confirmed": {func(s stack) { s.one(types.TopicSubscription, "").Outputs["pendingConfirmation"] = true }, []string{
			"api-hurt: pages no one: no subscription of the topic didomi-prod-api-alarms is confirmed",
		}},
		"an address that has not confirmed, and one that has": {func(s stack) {
			inputs := s.one(types.TopicSubscription, "").Inputs
			s.add(types.TopicSubscription, "second", inputs).Outputs["pendingConfirmation"] = true
		}, nil},
		"a subscription of another topic": {func(s stack) { s.set(types.TopicSubscription, "", "topic", "arn:aws:sns:eu-west-1:000000000000:other") }, []string{
			"api-hurt: pages no one: the topic didomi-prod-api-alarms has no subscription",
		}},
		"an alarm without an action": {func(s stack) { s.set(types.CompositeAlarm, "", "alarmActions", []any{}) }, []string{
			"api-hurt: notifies no topic of the stack",
		}},
		"a composite alarm that warns, without an address": {func(s stack) {
			warnings := s.add(types.Topic, "didomi-prod-api-warnings", map[string]any{"name": "didomi-prod-api-warnings"})
			warnings.ID = "arn:aws:sns:eu-west-1:000000000000:didomi-prod-api-warnings"
			s.soundAlarm("a", nil)
			s.composite(`ALARM("%sa")`, map[string]any{"alarmActions": []any{warnings.ID}})
		}, nil},
		"a metric alarm that notifies the topic of pages": {func(s stack) {
			s.soundAlarm("a", map[string]any{"alarmActions": []any{s.one(types.Topic, "").ID}})
		}, []string{"data-cluster: is protected in a stack of which no alarm pages"}},
		"no composite alarm": {func(s stack) { s.remove(types.CompositeAlarm, "") }, []string{
			"data-cluster: is protected in a stack of which no alarm pages",
		}},
		"a stack without protection, whose data Pulumi protects all the same": {func(s stack) {
			s.remove(types.TopicSubscription, "")
			s.set(types.Cluster, "", "deletionProtection", false)
		}, nil},
	})
}

package audit

import "testing"

// An address is notified only after its owner has confirmed the subscription.
// https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
func TestPaging(t *testing.T) {
	check(t, "paging", map[string]example{
		"a protected stack without an address": {func(s stack) { s.remove(subscriptionType, "") }, []string{
			"api-hurt: pages nobody: the topic didomi-prod-api-alarms has no subscription",
		}},
		"an address that has not confirmed": {func(s stack) { s.one(subscriptionType, "").Outputs["pendingConfirmation"] = true }, []string{
			"api-hurt: pages nobody: no subscription of the topic didomi-prod-api-alarms is confirmed",
		}},
		"an address that has not confirmed, and one that has": {func(s stack) {
			inputs := s.one(subscriptionType, "").Inputs
			s.add(subscriptionType, "second", inputs).Outputs["pendingConfirmation"] = true
		}, nil},
		"a subscription of another topic": {func(s stack) { s.set(subscriptionType, "", "topic", "arn:aws:sns:eu-west-1:000000000000:other") }, []string{
			"api-hurt: pages nobody: the topic didomi-prod-api-alarms has no subscription",
		}},
		"an alarm without an action": {func(s stack) { s.set(compositeType, "", "alarmActions", []any{}) }, []string{
			"api-hurt: notifies no topic of the stack",
		}},
		"no composite alarm": {func(s stack) { s.remove(compositeType, "") }, []string{
			"data-files: is protected in a stack of which no alarm pages",
		}},
		"a stack that protects nothing": {func(s stack) {
			s.remove(subscriptionType, "")
			for i := range s.Resources {
				s.Resources[i].Protect = false
			}
		}, nil},
	})
}

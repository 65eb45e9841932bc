package ec2

import (
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// ruleRevoked deletes the stored members of revoked rules: the emulator derives
// a rule's ID from the members that it stores, so another rule may get the same ID.
func ruleRevoked(x *call.Exchange) error {
	for _, id := range call.FormList(x.Form, "SecurityGroupRuleId") {
		x.Fields.Delete(RulePrefix + id)
	}
	return revokeWithoutPorts(x)
}

// revokeWithoutPorts repeats a revocation for protocol -1 without its ports,
// which AWS ignores there. The emulator compares them, so it would not revoke a
// new group's rule that allows all egress: the provider sends the ports 0.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
func revokeWithoutPorts(x *call.Exchange) error {
	again, dropped := map[string]string{}, false
	for name := range x.Form {
		permission, isPort := strings.CutSuffix(name, ".FromPort")
		if !isPort {
			permission, isPort = strings.CutSuffix(name, ".ToPort")
		}
		if isPort && x.Form.Get(permission+".IpProtocol") == "-1" {
			dropped = true
			continue
		}
		again[name] = x.Form.Get(name)
	}
	if !dropped {
		return nil
	}
	_, err := x.Emulator.Query(x.Request.Context(), "ec2", emulator.EC2Version, again)
	return err
}

package gateway

import "strings"

// ruleRevoked finishes a revocation.
func ruleRevoked(x *exchange) error {
	forgetRules(x)
	return revokeWithoutPorts(x)
}

// revokeWithoutPorts repeats a revocation for protocol -1 without its ports,
// which AWS ignores there. The emulator compares them, so the rule that every
// new group lets everything out with would stay when the provider, which sends
// the ports 0, takes it away.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html
func revokeWithoutPorts(x *exchange) error {
	again, dropped := map[string]string{}, false
	for name := range x.form {
		permission, isPort := strings.CutSuffix(name, ".FromPort")
		if !isPort {
			permission, isPort = strings.CutSuffix(name, ".ToPort")
		}
		if isPort && x.form.Get(permission+".IpProtocol") == "-1" {
			dropped = true
			continue
		}
		again[name] = x.form.Get(name)
	}
	if !dropped {
		return nil
	}
	_, err := x.g.admin.query(x.r.Context(), "ec2", ec2Version, again)
	return err
}

package gateway

import "slices"

func endpointKey(id string) string { return "ec2:endpoint/" + id }

// rememberEndpoint keeps what the emulator drops of CreateVpcEndpoint: the
// private DNS switch, the security groups and the policy.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
func rememberEndpoint(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	created := answer.child("vpcEndpoint")
	members := formMembers(x.form, map[string]string{
		"IpAddressType": "ipAddressType", "PolicyDocument": "policyDocument", "PrivateDnsEnabled": "privateDnsEnabled",
	})
	if created.value("vpcEndpointType") == "Interface" {
		members["groupSet"] = groupSet(formList(x.form, "SecurityGroupId"))
		if members["ipAddressType"] == nil {
			members["ipAddressType"] = "ipv4"
		}
	}
	x.g.fields.set(endpointKey(created.value("vpcEndpointId")), members)
	x.g.showEndpoint(created)
	x.answer = answer.bytes()
	return nil
}

// changeEndpoint applies ModifyVpcEndpoint to what is remembered.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html
func changeEndpoint(x *exchange) error {
	key := endpointKey(x.form.Get("VpcEndpointId"))
	members := formMembers(x.form, map[string]string{
		"IpAddressType": "ipAddressType", "PolicyDocument": "policyDocument", "PrivateDnsEnabled": "privateDnsEnabled",
	})
	if x.form.Get("ResetPolicy") == "true" {
		members["policyDocument"] = nil
	}
	if before, ok := x.g.fields.get(key)["groupSet"].(*node); ok {
		var groups []string
		for _, item := range before.children {
			groups = append(groups, item.value("groupId"))
		}
		groups = append(groups, formList(x.form, "AddSecurityGroupId")...)
		gone := formList(x.form, "RemoveSecurityGroupId")
		groups = slices.DeleteFunc(groups, func(id string) bool { return slices.Contains(gone, id) })
		members["groupSet"] = groupSet(groups)
	}
	x.g.fields.set(key, members)
	return nil
}

func groupSet(ids []string) *node {
	set := &node{name: "groupSet"}
	for _, id := range ids {
		item := &node{name: "item"}
		item.set("groupId", id)
		item.set("groupName", id)
		set.children = append(set.children, item)
	}
	return set
}

// showEndpoints answers the remembered members in DescribeVpcEndpoints.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
func showEndpoints(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	for _, item := range answer.child("vpcEndpointSet").items() {
		x.g.showEndpoint(item)
	}
	x.answer = answer.bytes()
	return nil
}

func (g *Gateway) showEndpoint(element *node) {
	g.fields.fill(endpointKey(element.value("vpcEndpointId")), element)
}

func forgetEndpoints(x *exchange) error {
	for _, id := range formList(x.form, "VpcEndpointId") {
		x.g.fields.forget(endpointKey(id))
	}
	return nil
}

package ec2

import (
	"slices"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// EndpointKey is the key of a VPC endpoint in the overlay.
func EndpointKey(id string) string { return "ec2:endpoint/" + id }

// endpointMembers are the stored members of a VPC endpoint, by parameter.
var endpointMembers = map[string]string{
	"IpAddressType": "ipAddressType", "PolicyDocument": "policyDocument", "PrivateDnsEnabled": "privateDnsEnabled",
}

// endpointCreated stores the members of a new VPC endpoint that the emulator
// drops: private DNS, the security groups and the policy.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
func (s *service) endpointCreated(x *call.Exchange) error {
	return x.EditXML(func(response *xmltree.Node) error {
		created := response.Child("vpcEndpoint")
		members := call.FormMembers(x.Form, endpointMembers)
		if created.Value("vpcEndpointType") == "Interface" {
			members["groupSet"] = groupSet(call.FormList(x.Form, "SecurityGroupId"))
			if members["ipAddressType"] == nil {
				members["ipAddressType"] = "ipv4"
			}
		}
		x.Fields.Set(EndpointKey(created.Value("vpcEndpointId")), members)
		s.fillEndpoint(created)
		return nil
	})
}

// endpointModified changes the stored members of a VPC endpoint.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html
func endpointModified(x *call.Exchange) error {
	key := EndpointKey(x.Form.Get("VpcEndpointId"))
	members := call.FormMembers(x.Form, endpointMembers)
	if x.Form.Get("ResetPolicy") == "true" {
		members["policyDocument"] = nil
	}
	if before, ok := x.Fields.Get(key)["groupSet"].(*xmltree.Node); ok {
		var groups []string
		for _, item := range before.Children {
			groups = append(groups, item.Value("groupId"))
		}
		groups = append(groups, call.FormList(x.Form, "AddSecurityGroupId")...)
		removed := call.FormList(x.Form, "RemoveSecurityGroupId")
		groups = slices.DeleteFunc(groups, func(id string) bool { return slices.Contains(removed, id) })
		members["groupSet"] = groupSet(groups)
	}
	x.Fields.Set(key, members)
	return nil
}

func groupSet(ids []string) *xmltree.Node {
	set := &xmltree.Node{Name: "groupSet"}
	for _, id := range ids {
		item := &xmltree.Node{Name: "item"}
		item.Set("groupId", id)
		item.Set("groupName", id)
		set.Children = append(set.Children, item)
	}
	return set
}

// describeEndpoints adds the stored members of VPC endpoints.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html
func (s *service) describeEndpoints(x *call.Exchange) error {
	return x.EditXML(func(response *xmltree.Node) error {
		for _, item := range response.Child("vpcEndpointSet").Items() {
			s.fillEndpoint(item)
		}
		return nil
	})
}

func (s *service) fillEndpoint(element *xmltree.Node) {
	s.Fields.Fill(EndpointKey(element.Value("vpcEndpointId")), element)
}

func endpointsDeleted(x *call.Exchange) error {
	for _, id := range call.FormList(x.Form, "VpcEndpointId") {
		x.Fields.Delete(EndpointKey(id))
	}
	return nil
}

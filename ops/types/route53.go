package types

// Types of Route 53.
const (
	Record = "aws:route53/record:Record"
	Zone   = "aws:route53/zone:Zone"
)

var route53Types = []Type{
	{
		Token: Zone, Name: fixed("name", 255, hostName), Replacement: newName, Cost: monthly("DNS", "hosted zones", "zone.month"),
		HoldsData: true, Label: Label{"hosted zone", "hosted zones"},
	},
	{Token: Record, Name: noName, Replacement: otherTarget, Cost: free},
}

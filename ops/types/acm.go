package types

// Certificate is the type of a certificate of ACM.
const Certificate = "aws:acm/certificate:Certificate"

var acmTypes = []Type{
	{
		Token: Certificate, Name: fixed("domainName", 64, hostName).within("nothing: a host name may have several"),
		Replacement: newName, Cost: free, Label: Label{"certificate", "certificates"},
	},
	{Token: "aws:acm/certificateValidation:CertificateValidation", Name: noName, Replacement: noObject, Cost: free},
}

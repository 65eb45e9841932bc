package openapi

// The ways in which a stack has callers of operations with `security` prove who they are: its configuration and its
// output auth.
const (
	AuthNone = "none"
	AuthJWT  = "jwt" // a token of the issuer
	AuthIAM  = "iam" // a signature (SigV4) with AWS credentials
)

package authorize

// Reason is why a token is not accepted, as the log has it.
type Reason string

// The reasons, in the order in which they are checked.
const (
	Malformed     Reason = "malformed"       // no token, two, or text that is none
	WrongAlg      Reason = "wrong-algorithm" // signed with another algorithm, or not at all
	UnknownKey    Reason = "unknown-key"     // the issuer has no such key
	BadSignature  Reason = "bad-signature"
	WrongIssuer   Reason = "wrong-issuer"
	WrongAudience Reason = "wrong-audience"
	NoExpiry      Reason = "no-expiry"
	Expired       Reason = "expired"
	NotYetValid   Reason = "not-yet-valid"
	FromTheFuture Reason = "issued-in-the-future"
	NoSubject     Reason = "no-subject"
)

// Refusal is the error of a token that is not accepted. It never has the token or a claim in it.
type Refusal struct {
	Reason Reason
	Detail string
}

func (r *Refusal) Error() string { return string(r.Reason) + ": " + r.Detail }

func refuse(reason Reason, detail string) error { return &Refusal{reason, detail} }

// Package dns is the room of names: the hosted zone, and the certificate of the one host name that
// the API answers under, {stage}.{domain}.
//
// A stack's own zone is of the host name, so that the stacks of one domain each have one that the
// parent can delegate to. An existing zone, by its id, may be of the host name or of any domain above.
//
// Nobody but the owner of the parent domain can delegate a new zone, and no certificate is issued
// before that, so the room comes up in two phases. With delegated: false there is only the zone,
// and the update prints the name servers to set at the parent. With delegated: true the certificate
// is asked for, proven by a record in the zone, and waited for: ten minutes at most, where the
// provider on its own would hang for seventy-five when the delegation is not there after all.
package dns

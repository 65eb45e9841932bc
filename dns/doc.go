// Package dns is the component of the hosted zone and of the certificate for the API's host name,
// {stage}.{domain}.
//
// A stack's own zone is of the host name, so that the stacks of one domain each have one that the
// parent can delegate to. An existing zone, by its id, may be of the host name or of any domain above.
//
// Only the owner of the parent domain can delegate a new zone, and no certificate is issued before that, so
// the component is created in two phases. With delegated: false there is only the zone, and the update
// prints the name servers to set in the parent zone. With delegated: true the program requests the
// certificate, adds its validation record to the zone, and waits for 10 minutes at most: by default the
// provider would wait for 75 when the delegation is missing.
package dns

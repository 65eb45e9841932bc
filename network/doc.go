// Package network is the room everything else stands in: one VPC in several zones, with three kinds
// of subnets (public for NAT, private for the function, isolated for the data), the endpoints that
// let the function reach AWS without NAT, flow logs, and one security group per role with rules
// along the request path only:
//
//	lambda -> proxy 5432      proxy -> cluster 5432
//	lambda -> cache 6379      lambda -> interface endpoints 443
//	lambda -> S3 443 (by the gateway endpoint's prefix list)
//
// Without a proxy it is lambda -> cluster 5432 in the place of the first two. Nothing else may talk to
// anything.
package network

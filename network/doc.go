// Package network is the component of the network: one VPC in several zones, with three kinds of subnets
// (public for NAT, private for the function, isolated for the data), the endpoints by which the function
// reaches AWS without NAT, flow logs, and a security group for each kind of network interface, with rules along the
// request path only:
//
//	lambda -> proxy 5432      proxy -> cluster 5432
//	lambda -> cache 6379      lambda -> interface endpoints 443
//	lambda -> S3 443 (by the gateway endpoint's prefix list)
//
// Without a proxy, lambda -> cluster 5432 replaces the first two. With operators there is query -> cluster 5432. All
// other traffic is denied.
package network

package network

const (
	// reservedAddresses is how many addresses of each subnet AWS reserves.
	// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
	reservedAddresses = 5
	// proxyAddresses is how many free addresses RDS Proxy requires in each subnet.
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy-planning.html
	proxyAddresses = 10
)

// DataAddresses is how many database instances and cache nodes the isolated subnets have addresses for, next
// to the proxy. The configuration must have no problems.
func (c Config) DataAddresses() int {
	specs := subnets(zoneMask(c))
	isolated := *specs[len(specs)-1].CidrMask
	return c.Zones * (1<<(32-isolated) - reservedAddresses - proxyAddresses)
}

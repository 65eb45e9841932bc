package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
	"time"
)

func TestEveryRegionHasTheThreeRootsOfRDS(t *testing.T) {
	count := map[string]int{}
	region := ""
	for rest := []byte(rdsRoots); len(rest) > 0; {
		header, _, _ := strings.Cut(string(rest), "\n")
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		region = strings.Fields(header)[1]
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if !root.IsCA || !strings.HasPrefix(root.Subject.CommonName, "Amazon RDS "+region+" Root CA ") || root.NotAfter.Before(time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("under %q: %s, until %s", header, root.Subject, root.NotAfter)
		}
		if err := root.CheckSignatureFrom(root); err != nil {
			t.Errorf("%s: %v", root.Subject, err)
		}
		count[region]++
		rest = after
	}
	if len(count) != 27 {
		t.Errorf("%d regions, want 27", len(count))
	}
	for region, n := range count {
		if n != 3 {
			t.Errorf("%s has %d roots, want RSA2048, RSA4096 and ECC384", region, n)
		}
	}
}

// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.SSL.html
func TestAClusterIsTrustedByItsRegionsRootsAndEverythingElseByTheSystems(t *testing.T) {
	for host, regions := range map[string]int{
		"didomi-dev-data-cluster-1.cluster-cabc1234.eu-west-1.rds.amazonaws.com": 3,
		"didomi-prod-data-proxy-1.proxy-cabc1234.eu-west-1.rds.amazonaws.com":    0,
		"127.77.1.3": 0,
		"cluster-1.cluster-cabc.eu-west-1.rds.amazonaws.com.example.org": 0,
	} {
		settings := &tls.Config{}
		if err := Trust(settings, host); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if (settings.RootCAs != nil) != (regions > 0) {
			t.Errorf("%s is trusted by %v", host, settings.RootCAs)
			continue
		}
		if settings.RootCAs != nil && len(settings.RootCAs.Subjects()) != regions { //nolint:staticcheck // the pool is not the system's
			t.Errorf("%s: %d roots, want %d", host, len(settings.RootCAs.Subjects()), regions) //nolint:staticcheck // as above
		}
	}
	if err := Trust(&tls.Config{}, "c.cluster-1.xx-nowhere-9.rds.amazonaws.com"); err == nil || !strings.Contains(err.Error(), "xx-nowhere-9") {
		t.Errorf("a region without roots: %v", err)
	}
}

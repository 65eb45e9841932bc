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
func TestRootsAreTheRegionsForAClusterAndTheSystemsOtherwise(t *testing.T) {
	for host, region := range map[string]string{
		"didomi-dev-data-cluster-1.cluster-cabc1234.eu-west-1.rds.amazonaws.com": "eu-west-1",
		"didomi-prod-data-proxy-1.proxy-cabc1234.eu-west-1.rds.amazonaws.com":    "",
		"127.77.1.3": "",
		"cluster-1.cluster-cabc.eu-west-1.rds.amazonaws.com.example.org": "",
	} {
		settings := &tls.Config{}
		if err := SetRootCAs(settings, host); err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if want := rootsOf(t, region); !want.Equal(settings.RootCAs) {
			t.Errorf("%s is not trusted by the roots of %q alone", host, region)
		}
	}
	if err := SetRootCAs(&tls.Config{}, "c.cluster-1.xx-nowhere-9.rds.amazonaws.com"); err == nil || !strings.Contains(err.Error(), "xx-nowhere-9") {
		t.Errorf("a region without roots: %v", err)
	}
}

// rootsOf are the roots of RDS whose subject names the region; nil, which stands for the system's, without
// a region.
func rootsOf(t *testing.T, region string) *x509.CertPool {
	t.Helper()
	if region == "" {
		return nil
	}
	roots := x509.NewCertPool()
	for rest := []byte(rdsRoots); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return roots
		}
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(root.Subject.CommonName, " "+region+" ") {
			roots.AddCert(root)
		}
	}
}

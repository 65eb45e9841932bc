package status

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestEveryRowOfTheCalendarNamesTheVendorsPage(t *testing.T) {
	rows, err := readCalendar(calendarFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		vendor := "https://docs.aws.amazon.com/"
		if strings.HasPrefix(row.Type, "pulumi:") {
			vendor = "https://github.com/pulumi/"
		}
		if !strings.HasPrefix(row.Source, vendor) {
			t.Errorf("%s: the source is %s", row.What, row.Source)
		}
	}
}

func TestMistakesInTheCalendarAreReportedTogether(t *testing.T) {
	_, err := readCalendar([]byte("- {what: x, type: t, property: p, ends: 2027-01-01, source: s}\n- {what: y, type: t, property: p, version: v, checked: 2026-01-01}\n"))
	for _, want := range []string{"row 1 (x) has no version", "row 1 (x): checked must be a date", "row 2 (y) has no source"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := readCalendar([]byte("- {what: x, end: 2027-01-01}\n")); err == nil {
		t.Error("an unknown field is accepted")
	}
}

// The row of the CA has the first end of the certificates that the functions accept.
func TestTheCalendarHasTheEndOfTheDatabasesRootCertificates(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("..", "..", "lambda", "postgres", "rds.pem"))
	if err != nil {
		t.Fatal(err)
	}
	var first time.Time
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(root.Subject.CommonName, "RSA2048") && (first.IsZero() || root.NotAfter.Before(first)) {
			first = root.NotAfter
		}
	}
	rows, err := readCalendar(calendarFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.Version == "rds-ca-rsa2048-g1" && row.Ends.Format(time.DateOnly) != first.Format(time.DateOnly) {
			t.Errorf("the calendar has %s, the certificates %s", row.Ends, first)
		}
	}
}

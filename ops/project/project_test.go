package project

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheNameIsThatOfTheProjectFile(t *testing.T) {
	for _, tt := range []struct{ name, file, want, err string }{
		{"a name", "name: payments\nruntime: go\n", "payments", ""},
		{"no name", "runtime: go\n", "", "has no name"},
		{"no YAML", "name: [", "", "Pulumi.yaml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte(tt.file), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Name(dir)
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%q, %v; want %q, %q", got, err, tt.want, tt.err)
			}
		})
	}
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	name := Flag(flags)
	t.Chdir(t.TempDir())
	if err := os.WriteFile("Pulumi.yaml", []byte("name: payments\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := name(); got != "payments" || err != nil {
		t.Errorf("without --project it is %q, %v", got, err)
	}
	if err := flags.Parse([]string{"--project", "orders"}); err != nil {
		t.Fatal(err)
	}
	if got, err := name(); got != "orders" || err != nil {
		t.Errorf("with --project orders it is %q, %v", got, err)
	}
	if _, err := Name(t.TempDir()); err == nil {
		t.Error("a directory without Pulumi.yaml has a name")
	}
}

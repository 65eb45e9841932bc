package licences

import (
	"bytes"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
)

func TestUnknownLicencesAreRejected(t *testing.T) {
	of := func(licences string) string {
		return `{"components":[{"name":"m","version":"v1","evidence":{"licenses":[` + licences + `]}}]}`
	}
	for name, tt := range map[string]struct{ sbom, out, rejected string }{
		"an agreed licence is listed":             {of(`{"license":{"id":"MIT"}}`), "m,v1,MIT\n", ""},
		"one of several is enough":                {of(`{"license":{"id":"GPL-3.0"}},{"license":{"id":"MIT"}}`), "m,v1,GPL-3.0 MIT\n", ""},
		"one that is not on the list is reported": {of(`{"license":{"id":"AGPL-3.0"}}`), "m,v1,AGPL-3.0\n", `m v1: "AGPL-3.0"`},
		"a module without is said":                {of(``), "m,v1,\n", `m v1: ""`},
		"Go's own licence is recognized":          {strings.Replace(of(`{"license":{"id":"BSD-Source-Code"}}`), `"m"`, `"golang.org/x/m"`, 1), "golang.org/x/m,v1,BSD-3-Clause\n", ""},
		"the same id of others is not accepted":   {of(`{"license":{"id":"BSD-Source-Code"}}`), "m,v1,BSD-Source-Code\n", `"BSD-Source-Code"`},
		"an empty SBOM is rejected":               {`{}`, "", "names no modules"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := list(command.IO{Stdout: &out}, strings.NewReader(tt.sbom))
			if out.String() != tt.out || (err == nil) != (tt.rejected == "") || err != nil && !strings.Contains(err.Error(), tt.rejected) {
				t.Errorf("%q, %v, want %q, %q", out.String(), err, tt.out, tt.rejected)
			}
		})
	}
}

package types_test

import (
	"regexp"
	"testing"

	"github.com/didomi/serverless-api/ops/types"
)

func TestEveryTypeHasOneConsistentRow(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range types.All() {
		if seen[row.Token] {
			t.Errorf("%s has two rows", row.Token)
		}
		seen[row.Token] = true
		if _, err := regexp.Compile(row.Name.Pattern); err != nil {
			t.Errorf("%s: the pattern of its name: %v", row.Token, err)
		}
		if row.KeyAtRest != "" && row.NothingAtRest != "" {
			t.Errorf("%s has both KeyAtRest and NothingAtRest", row.Token)
		}
		if len(row.Missing()) > 0 && len(row.Missing()) < 3 {
			t.Errorf("%s lacks %v: a row has all required columns, or none where the program does not create the type", row.Token, row.Missing())
		}
		if c := row.Cost; c.Price != "" && (c.Part == "" || c.Item == "") || c.Free && c.Modelled {
			t.Errorf("%s: its cost is one of free, modelled, and a price with part and item: %+v", row.Token, c)
		}
	}
}

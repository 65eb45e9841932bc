package main

import "testing"

func TestEveryCommandHasANameOfItsOwnASummaryAndSomethingToRun(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range commands {
		if c.Name == "" || c.Summary == "" || c.Run == nil || seen[c.Name] {
			t.Errorf("%+v is not complete, or there twice", c)
		}
		seen[c.Name] = true
	}
}

package dev

import (
	"path/filepath"
	"testing"
)

func TestChangesFollowFromTheImportsOfTheCommands(t *testing.T) {
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	i := readImports(t.Context(), repo)
	for _, test := range []struct {
		name, file string
		want       changes
	}{
		{"a handler is the function's", "lambda/handler/items.go", changes{function: true}},
		{"a rotation is that of the operations", "lambda/rotate/rotate.go", changes{operations: true}},
		{"what both functions import is both's", "lambda/secrets/secrets.go", changes{function: true, operations: true}},
		{"what functions and program agree on is everybody's", "lambda/contract/contract.go", changes{function: true, operations: true, program: true}},
		{"the definition of the API is the program's", "lambda/openapi/openapi.yaml", changes{program: true}},
		{"a migration is run", "lambda/migrate/sql/0002_more.sql", changes{operations: true, migrations: true}},
		{"a component is the program's", "network/vpc.go", changes{program: true}},
		{"a stack file is the program's", "Pulumi.dev.yaml", changes{program: true}},
		{"a new package of the function is the functions'", "lambda/queue/queue.go", changes{function: true, operations: true}},
		{"a new component is the program's", "queue/queue.go", changes{program: true}},
		{"modules are everybody's", "go.mod", changes{function: true, operations: true, program: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := i.of([]string{test.file}); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
	t.Run("files that are saved together require what each requires", func(t *testing.T) {
		want := changes{function: true, program: true}
		if got := i.of([]string{"lambda/handler/items.go", "network/vpc.go"}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	})
}

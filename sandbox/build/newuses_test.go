package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/layout"
)

func TestAProgramThatUsesAnotherServiceIsTheReasonToBuildTheProvider(t *testing.T) {
	l := layout.Layout{Repo: t.TempDir()}
	l.Root = filepath.Join(l.Repo, ".sandbox")
	write := func(path, content string) {
		t.Helper()
		path = filepath.Join(l.Repo, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := func(calls string) {
		t.Helper()
		const sdk = `"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/`
		write("main.go", "package main\nimport ("+sdk+`ec2"; `+sdk+`sqs")`+"\nfunc main() {"+calls+"}\n")
	}
	write("sandbox/provider/main.go", "package main\n")
	key := func() string {
		t.Helper()
		key, err := provider(l).Key(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	program("ec2.NewVpc()")
	first := key()
	for _, c := range []struct {
		name, before, calls string
		reasons             []string
		same                bool
	}{
		{"no provider was built", "", "ec2.NewVpc()", nil, true},
		{"nothing has changed", "ec2.NewVpc\n", "ec2.NewVpc(); ec2.NewVpc(nil)", nil, true},
		{"another service", "ec2.NewVpc\n", "ec2.NewVpc(); sqs.NewQueue()", []string{"the AWS modules sqs (sqs.NewQueue)", "minutes"}, false},
		{"another type of a service", "ec2.NewVpc\n", "ec2.NewVpc(); ec2.NewSubnet()", []string{"ec2.NewSubnet", "seconds"}, false},
		{"a type less", "aws:ec2/route:Route\nec2.NewVpc\n", "ec2.NewVpc()", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.before != "" {
				write(".sandbox/build/terraform-provider-aws/uses.txt", c.before)
			}
			program(c.calls)
			reason, err := newUses(l)
			if err != nil || (reason == "") != (c.reasons == nil) {
				t.Errorf("reason %q, %v", reason, err)
			}
			for _, text := range c.reasons {
				if !strings.Contains(reason, text) {
					t.Errorf("reason %q, want %q in it", reason, text)
				}
			}
			if (key() == first) != c.same {
				t.Errorf("same key: %v, want %v", key() == first, c.same)
			}
		})
	}
	t.Run("while there is a stack, a service less is none", func(t *testing.T) {
		write(".sandbox/build/terraform-provider-aws/uses.txt", "ec2.NewVpc\nsqs.NewQueue\n")
		program("ec2.NewVpc(); sqs.NewQueue()")
		both := key()
		program("ec2.NewVpc()")
		if key() == both {
			t.Error("same key without a stack")
		}
		write(".sandbox/data/pulumi/base.json", "{}")
		if key() != both {
			t.Error("another key: the stack's queue could not be deleted")
		}
	})
}

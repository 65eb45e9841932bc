package build

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/didomi/serverless-api/sandbox/atomicfile"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// pulumiVersion is the version that the CLI reports. It is built from that version's source, which does not contain it.
const pulumiVersion = "v3.250.0"

// Servers returns the steps that `services` needs: the Python environment with PostgreSQL and Redis.
func Servers(l layout.Layout) []Step { return []Step{venv(l)} }

// All returns the steps that `up` needs: first the CLI, whose packages the others share, then the longest. A step that
// waits for another one delays those after it.
func All(l layout.Layout) []Step {
	steps := []Step{pulumi(l), venv(l)}
	for _, step := range []Step{provider(l), program(l), awsx(l), languageHost(l)} {
		step.After = steps[0].Name
		steps = append(steps, step)
	}
	return append(steps, Node(l), pageLibraries(l))
}

// pageLibraries installs what the page (sandbox/page) is drawn with.
func pageLibraries(l layout.Layout) Step {
	return NPM(l, "page", "libraries of the sandbox's page", filepath.Join(l.Repo, "sandbox", "page"), l.PageLibraries(),
		"uplot/dist/uPlot.esm.js", "swagger-ui-dist/swagger-ui-bundle.js")
}

// serviceCompile is the approximate duration of the AWS provider's build when the program first uses an AWS service: all
// services share one generated list of clients and are compiled again.
const serviceCompile = 2 * time.Minute

// provider builds the AWS provider by its own build command.
func provider(l layout.Layout) Step {
	dir := filepath.Join(l.Repo, "sandbox", "provider")
	output := filepath.Join(l.Bin(), "pulumi-resource-aws")
	return Step{
		Name: "provider", Title: "AWS provider", Cold: 5 * time.Minute,
		Outputs: []string{output, filepath.Join(output+".data", "*"), filepath.Join(preparedProvider(l), "go.mod")},
		Key: func(ctx context.Context) (string, error) {
			env, err := goFacts(ctx)
			if err != nil {
				return "", err
			}
			used, err := providerUses(l)
			if err != nil {
				return "", err
			}
			return sources(append(append(env, providerFlags), used...), dir)
		},
		Reason: func() (string, error) { return newUses(l) },
		Make: func(ctx context.Context, log *Log) error {
			return buildProvider(ctx, l, log, output)
		},
	}
}

// providerFlags compile upstream's services without inlining, which takes a third of their compile time. The Makefile has
// them too.
const providerFlags = "-gcflags=github.com/hashicorp/terraform-provider-aws/internal/service/...=-l"

// buildProvider prepares the provider's source before it asks what of it must be compiled.
func buildProvider(ctx context.Context, l layout.Layout, log *Log, output string) error {
	dir := filepath.Join(l.Repo, "sandbox", "provider")
	command := job{
		mark: mark(l), temp: l.BuildTemp(), dir: filepath.Join(dir, "build"), log: log,
		env: []string{"GOFLAGS=" + goFlags(providerFlags)},
	}
	keep := fmt.Sprintf("-keep=%t", hasAccount(l))
	if err := command.run(ctx, "go", "run", ".", keep, "-prepare"); err != nil {
		return err
	}
	provider := command
	provider.dir = dir
	packages, err := stalePackages(ctx, provider, ".")
	if err != nil {
		return err
	}
	log.expect(packages)
	return command.run(ctx, "go", "run", ".", keep, "-out", output)
}

// otherClouds is what the Pulumi CLI is built without: state backends, key services and logs of clouds other than AWS, what
// reads the definition of Pulumi Cloud's API, and colours in source code. The CLI reports the use of a cloud that is left
// out.
var otherClouds = reduction{
	files:   []string{"github.com/alecthomas/chroma", "github.com/pulumi/pulumi/pkg/v3", "gocloud.dev"},
	modules: []string{"gocloud.dev/secrets/hashivault", "google.golang.org/api"},
}

// pulumi builds the Pulumi CLI, without otherClouds.
func pulumi(l layout.Layout) Step {
	const pkg = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
	dir, output := filepath.Join(l.Repo, "sandbox", "tools", "pulumi"), filepath.Join(l.Bin(), "pulumi")
	version := "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + pulumiVersion
	step := goTool(l, "pulumi", "Pulumi CLI", 2*time.Minute+30*time.Second, dir, output, pkg, "-ldflags", version)
	step.Make = func(ctx context.Context, log *Log) error {
		tools := job{mark: mark(l), temp: l.BuildTemp(), dir: dir, log: log}
		modfile, err := tools.reduce(ctx, otherClouds, filepath.Join(l.Build(), "pulumi"))
		if err != nil {
			return err
		}
		return tools.goBuild(ctx, log, output, pkg, "-modfile", modfile, "-ldflags", version)
	}
	return step
}

// languageHost builds the plugin that runs Go programs for the CLI, and the script around it that keeps the compiled
// program.
func languageHost(l layout.Layout) Step {
	dir := filepath.Join(l.Repo, "sandbox", "tools", "language-go")
	script := filepath.Join(l.Bin(), "pulumi-language-go")
	step := goTool(l, "language-go", "Pulumi's Go language host", 15*time.Second, dir,
		filepath.Join(l.Bin(), "language-go", "pulumi-language-go"), "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go")
	step.Outputs = append(step.Outputs, script)
	compile := step.Make
	step.Make = func(ctx context.Context, log *Log) error {
		if err := compile(ctx, log); err != nil {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, "pulumi-language-go"))
		if err != nil {
			return fmt.Errorf("read the language host's script: %w", err)
		}
		return atomicfile.Write(script, content, 0o755)
	}
	return step
}

// awsx builds the stand-in for the awsx provider.
func awsx(l layout.Layout) Step {
	dir := filepath.Join(l.Repo, "sandbox", "awsx")
	return goTool(l, "awsx", "awsx provider", 10*time.Second, dir, filepath.Join(l.Bin(), "pulumi-resource-awsx"), ".")
}

// Browser returns the step that installs the browser of the end-to-end test, which an npm package has compressed. The
// package unpacks its libraries too where it takes the machine for AWS Lambda's.
func Browser(l layout.Layout) Step {
	step := NPM(l, "browser", "the browser Chromium", filepath.Join(l.Repo, "sandbox", "tools", "browser"), l.Browser())
	step.Outputs = []string{filepath.Join(l.Browser(), "chromium"), filepath.Join(l.Browser(), "al2023", "lib", "libnss3.so"), filepath.Join(l.Browser(), "fonts", "fonts.conf")}
	install := step.Make
	step.Make = func(ctx context.Context, log *Log) error {
		if err := os.RemoveAll(l.Browser()); err != nil {
			return fmt.Errorf("clear the browser: %w", err)
		}
		if err := install(ctx, log); err != nil {
			return err
		}
		node, err := NodeDir(l)
		if err != nil {
			return err
		}
		unpack := job{mark: mark(l), temp: l.Browser(), dir: l.Browser(), env: []string{"AWS_EXECUTION_ENV=AWS_Lambda_nodejs22.x"}, log: log}
		return unpack.run(ctx, filepath.Join(node, "bin", "node"), "--input-type=module", "--eval",
			`import chromium from "@sparticuz/chromium"; chromium.setGraphicsMode = false; console.log(await chromium.executablePath())`)
	}
	return step
}

// Delve returns the step that builds the debugger of Go programs.
func Delve(l layout.Layout) Step {
	dir := filepath.Join(l.Repo, "sandbox", "tools", "delve")
	return goTool(l, "delve", "the debugger Delve", 30*time.Second, dir, filepath.Join(l.Bin(), "dlv"), "github.com/go-delve/delve/cmd/dlv")
}

func goTool(l layout.Layout, name, title string, cold time.Duration, dir, output, pkg string, flags ...string) Step {
	return Step{
		Name: name, Title: title, Cold: cold, Outputs: []string{output},
		Key: goKey(dir, append([]string{pkg}, flags...)...),
		Make: func(ctx context.Context, log *Log) error {
			return job{mark: mark(l), temp: l.BuildTemp(), dir: dir, log: log}.goBuild(ctx, log, output, pkg, flags...)
		},
	}
}

// program compiles the programs' packages into Go's build cache, and the programs to the paths to which the language host
// compiles them. Pulumi compiles a changed program itself, so the key contains only its dependencies.
func program(l layout.Layout) Step {
	return Step{
		Name: "program", Title: "the program's packages", Cold: time.Minute,
		Key: func(ctx context.Context) (string, error) {
			facts, err := goFacts(ctx)
			if err != nil {
				return "", err
			}
			return sources(facts, filepath.Join(l.Repo, "go.mod"), filepath.Join(l.Repo, "go.sum"))
		},
		Make: func(ctx context.Context, log *Log) error {
			built := job{mark: mark(l), temp: l.BuildTemp(), dir: l.Repo, log: log}
			packages, err := stalePackages(ctx, built, ".")
			if err != nil {
				return err
			}
			log.expect(packages)
			if err := built.compileProgram(ctx, filepath.Join(l.Build(), "program"), "-v"); err != nil {
				return err
			}
			built.dir = filepath.Join(l.Repo, "bootstrap")
			return built.compileProgram(ctx, filepath.Join(l.Build(), "program-bootstrap"), "-v")
		},
	}
}

// Program compiles the stacks' program as the language host does, which then finds it in Go's build cache.
func Program(ctx context.Context, l layout.Layout, log io.Writer) error {
	return job{mark: programMark(l), temp: l.BuildTemp(), dir: l.Repo, log: log}.compileProgram(ctx, filepath.Join(l.Build(), "program"))
}

func (j job) compileProgram(ctx context.Context, output string, flags ...string) error {
	j.env = append(j.env, "GOFLAGS="+goFlags("-ldflags=-s"))
	return j.run(ctx, "go", append(append([]string{"build"}, flags...), "-o", output, j.dir)...)
}

// goKey returns the key function of a Go build of the directory.
func goKey(dir string, facts ...string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		env, err := goFacts(ctx)
		if err != nil {
			return "", err
		}
		return sources(append(env, facts...), dir)
	}
}

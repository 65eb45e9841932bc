package cli

// commands lists the commands in the order in which help shows them.
func commands() []command {
	return []command{
		{"up", "[--stack dev]", "deploy the stack and serve it", up},
		{"dev", "[--stack dev] [--debug]", "build and serve what is saved, preview changes of the program", develop},
		{"preview", "[--expect-no-changes] [--json]", "show what an up would change", preview},
		{"down", "[--destroy STACK]", "stop everything and remove all files but the tools", down},
		{"status", "[--json]", "show what runs, where and since when", status},
		{"fail", "[--part PART --how HOW]", "let a dependency of the function fail, or show what fails and how", fail},
		{"token", "[--scopes SCOPES] [--subject NAME]", "print a token for the API of a stack whose auth is jwt", token},
		{"logs", "[-f] [--all] [--lines 20]", "show the functions' and the sandbox's logs", logs},
		{"shell", "[--stack STACK]", "open a shell whose pulumi, aws and psql use the sandbox", shell},
		{"pulumi", "ARGUMENTS", "run the Pulumi CLI against the sandbox", passPulumi},
		{"pipeline", "[--quick]", "run .gitlab-ci.yml from merge request to prod against the sandbox", runPipeline},
		{"build", "[servers|browser]", "build the tools (servers: only PostgreSQL and Redis; browser: that of the tests)", buildTools},
		{"services", "-- COMMAND", "run COMMAND with its own PostgreSQL and Redis (TEST_*)", services},
		{"serve", "[--region REGION]", "serve an empty account in the foreground (up does it itself)", serve},
	}
}

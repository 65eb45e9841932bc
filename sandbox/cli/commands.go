package cli

// commands lists the commands in the order in which help shows them.
func commands() []command {
	return []command{
		{"up", "[--stack dev]", "deploy the stack and serve it", up},
		{"preview", "[--stack dev] [--expect-no-changes]", "show what an up would change", preview},
		{"down", "[--destroy STACK]", "stop everything and remove every trace but the tools", down},
		{"build", "[servers]", "build the tools (servers: only PostgreSQL and Redis)", buildTools},
		{"services", "-- COMMAND", "run COMMAND with a PostgreSQL and a Redis of its own (TEST_*)", services},
		{"serve", "[--region eu-west-1]", "serve an empty account in the foreground (up does it itself)", serve},
	}
}

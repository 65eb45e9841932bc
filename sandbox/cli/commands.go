package cli

// commands lists the commands in the order in which help shows them.
func commands() []command {
	return []command{
		{"build", "[servers]", "build the tools (servers: only PostgreSQL and Redis)", buildTools},
		{"services", "-- COMMAND", "run COMMAND with a PostgreSQL and a Redis of its own (TEST_*)", services},
	}
}

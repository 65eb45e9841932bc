package environment

import (
	"cmp"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/lambda/postgres"
)

// Database is the address of the database, with the secret that the API logs in with.
type Database struct {
	Host    string
	Port    int
	Name    string
	User    string // the application's database user
	Secret  string // ARN of that user's secret
	SSLMode string
}

// Postgres returns the settings for a single login.
func (d Database) Postgres() postgres.Database {
	return postgres.Database{Host: d.Host, Port: d.Port, Name: d.Name, SSLMode: d.SSLMode}
}

// Database reads the DB_* variables.
func (r *Reader) Database() Database {
	server := r.Server()
	return Database{
		Host: server.Host, Port: server.Port, Name: server.Name, SSLMode: server.SSLMode,
		User:   cmp.Or(r.Lookup("DB_USER"), postgres.AppUser),
		Secret: r.Required(contract.DBSecret, "the ARN of the application user's secret"),
	}
}

// Server reads the DB_* variables of the database's address.
func (r *Reader) Server() postgres.Database {
	return postgres.Database{
		Host:    r.Required(contract.DBHost, "a host name"),
		Port:    r.port(contract.DBPort),
		Name:    r.Required(contract.DBName, "the name of a database"),
		SSLMode: r.OneOf(contract.DBSSLMode, "verify-full", "disable"),
	}
}

// MasterSecret reads the ARN of the master user's secret.
func (r *Reader) MasterSecret() string {
	return r.Required(contract.DBMasterSecret, "the ARN of the master user's secret")
}

package iam

import (
	"fmt"
	"net/url"
	"regexp"

	"github.com/didomi/serverless-api/internal/config"
)

// How the stack gets the identity provider that validates GitLab's tokens.
const (
	oidcCreate   = "create"
	oidcExisting = "existing"
	oidcOff      = "off"
)

// Config is the stack's configuration of its pipeline.
type Config struct {
	// GitLabURL is the GitLab instance, which is also the audience of its tokens, and ProjectPath the
	// project that may assume the roles, group/project. Neither has a default: the owner of a default path
	// on a default instance could assume the roles of every stack that sets nothing. Both empty: the
	// roles trust no token.
	GitLabURL   string `json:"gitlabUrl"`
	ProjectPath string `json:"projectPath"`
	// ProjectID is the project's number, which is never reused; 0: the roles check the path alone.
	ProjectID int `json:"projectId"`
	// DeployRef is the one branch that may deploy; protect it in GitLab.
	DeployRef string `json:"deployRef"`
	// SubClaims are the components of the subject of the project's tokens, in order: GitLab's setting
	// ci_id_token_sub_claim_components.
	SubClaims []string `json:"subClaims"`
	// DeploymentTier is that of the environment of the jobs that deploy, where SubClaims have it.
	DeploymentTier string `json:"deploymentTier"`
	// OIDC is create, existing or off. An account has one provider for a GitLab instance, which
	// bootstrap creates; a stack that creates it deletes it on destroy. Off: jobs authenticate with an access
	// key of the CI user.
	OIDC string `json:"oidc"`
	// StateBucket and StateKey (an ARN) are bootstrap's: where the stack keeps its Pulumi state. Empty:
	// it is kept elsewhere, and the roles get no permission to it here.
	StateBucket string `json:"stateBucket"`
	StateKey    string `json:"stateKey"`
	// Operators are the IAM users who may query the database with `ops sql`, by name or path, where * stands for any
	// characters. None: there is no such role, and the stack has no function that runs queries.
	Operators []string `json:"operators"`
}

// Default is the configuration of a stack that sets nothing. It trusts no GitLab project.
func Default() Config {
	return Config{DeployRef: "main", OIDC: oidcExisting, SubClaims: []string{claimProjectPath, claimRefType, claimRef}}
}

var (
	projectPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$`)
	refPattern     = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./-]*$`)
	bucketPattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	// operatorPattern begins with a character of a name or a path: "*" alone would be every user of the account.
	operatorPattern = regexp.MustCompile(`^[A-Za-z0-9+=,.@_-][A-Za-z0-9+=,.@_/*-]*$`)
	keyPattern      = regexp.MustCompile(`^arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/[a-z0-9-]{1,36}$`)
)

// Validate lists every invalid value. A project or a branch has no wildcards: they would admit other projects.
func (c Config) Validate() []config.FieldError {
	problems := c.projectProblems()
	if !refPattern.MatchString(c.DeployRef) {
		problems = append(problems, config.FieldError{
			Key: "deployRef", Value: config.Quote(c.DeployRef), MustBe: "the name of one branch, without wildcards",
		})
	}
	problems = append(problems, c.stateProblems()...)
	problems = append(problems, c.operatorProblems()...)
	return append(problems, config.OneOf("oidc", c.OIDC, oidcCreate, oidcExisting, oidcOff)...)
}

// projectProblems requires instance and project, or neither: a project path alone would be another
// owner's on another instance. An identity provider that the stack creates must be for a project.
func (c Config) projectProblems() []config.FieldError {
	if c.GitLabURL == "" && c.ProjectPath == "" && c.OIDC != oidcCreate {
		return nil
	}
	var problems []config.FieldError
	if u, err := url.Parse(c.GitLabURL); err != nil || u.Scheme != "https" || u.Host == "" || (u.Path != "" && u.Path != "/") || u.RawQuery != "" {
		problems = append(problems, config.FieldError{
			Key: "gitlabUrl", Value: config.Quote(c.GitLabURL), MustBe: "an https URL without a path, such as https://gitlab.com",
		})
	}
	if !projectPattern.MatchString(c.ProjectPath) {
		problems = append(problems, config.FieldError{
			Key: "projectPath", Value: config.Quote(c.ProjectPath), MustBe: "a GitLab project as group/project",
		})
	}
	if problems == nil {
		problems = c.claimProblems()
	}
	if length := 4*len(c.host()) + len(c.ProjectPath) + len(c.DeployRef); problems == nil && length > longestTrust {
		problems = append(problems, config.FieldError{
			Key: "projectPath", Value: config.Quote(c.ProjectPath),
			MustBe: fmt.Sprintf("a shorter path, branch or instance: four times the instance, with both, has %d characters, and a role's trust policy has space for %d",
				length, longestTrust),
		})
	}
	return problems
}

// longestTrust is how many of the 2048 characters of a role's trust policy gitlabUrl, projectPath and deployRef
// may have: the policy contains the instance four times, and GitLab.com three times more.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const longestTrust = 1400

// stateProblems requires bucket and key, or neither: a state without its key cannot be decrypted.
func (c Config) stateProblems() []config.FieldError {
	if c.StateBucket == "" && c.StateKey == "" {
		return nil
	}
	var problems []config.FieldError
	if !bucketPattern.MatchString(c.StateBucket) {
		problems = append(problems, config.FieldError{
			Key: "stateBucket", Value: config.Quote(c.StateBucket), MustBe: "the name of a bucket, as bootstrap's output stateBucket has it",
		})
	}
	if !keyPattern.MatchString(c.StateKey) {
		problems = append(problems, config.FieldError{
			Key: "stateKey", Value: config.Quote(c.StateKey), MustBe: "the ARN of a key, as bootstrap's output stateKey has it",
		})
	}
	return problems
}

// mostOperators is how many patterns, of mostOperator characters, a role's trust policy has space for twice.
const (
	mostOperators = 4
	mostOperator  = 64
)

func (c Config) operatorProblems() []config.FieldError {
	var problems []config.FieldError
	for i, operator := range c.Operators {
		if !operatorPattern.MatchString(operator) || len(operator) > mostOperator {
			problems = append(problems, config.FieldError{
				Key: fmt.Sprintf("operators[%d]", i), Value: config.Quote(operator),
				MustBe: fmt.Sprintf("the name or path of IAM users in at most %d characters, such as alice or operators/*", mostOperator),
			})
		}
	}
	if len(c.Operators) > mostOperators {
		problems = append(problems, config.FieldError{
			Key: "operators", Value: fmt.Sprintf("%d entries", len(c.Operators)), MustBe: fmt.Sprintf("at most %d: give users a path", mostOperators),
		})
	}
	return problems
}

// host is the GitLab instance as IAM's condition keys name it.
func (c Config) host() string {
	u, err := url.Parse(c.GitLabURL)
	if err != nil {
		return ""
	}
	return u.Host
}

// Package naming checks the names of a project and a stack, which every physical name of the stack begins with.
package naming

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/internal/config"
)

// Names are what every physical name of the stack begins with: <project>-<stack>-.
type Names struct{ Project, Stack string }

// Longest bounds project, hyphen and stack together. The tightest name is that of a database instance,
// <project>-<stack>-data-instance-NN-, which the provider ends with 26 characters of its own: AWS allows 63.
// TestTheLongestNamesAreAllowed compares every other name with its limit.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
const Longest = 63 - len("-data-instance-NN-") - 26

// LongestStack bounds the stack's name alone: it is a label of the host name too.
const LongestStack = 12

// StackPattern has no hyphens, since roles have permissions on every name project-stack-*: those of a stack
// dev would cover a stack dev-2.
var StackPattern = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

// projectPattern is what RDS, ElastiCache and S3 all accept: lower case, and no two hyphens in a row.
var projectPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// The roles of a stack bootstrap would have permissions on the bucket with every stack's state: the program
// bootstrap names it <project>-bootstrap-state.
const bootstrapStack = "bootstrap"

// reservedPrefixes begin names that EC2 rejects for a security group, and S3 for a bucket.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var reservedPrefixes = []string{"sg-", "sthree-", "amzn-s3-demo-"}

// Validate lists a project or a stack whose name, or both names together, lead to physical names that AWS
// rejects or that belong to another stack.
func (n Names) Validate() []config.FieldError {
	if most := Longest - len("-s"); !projectPattern.MatchString(n.Project) || len(n.Project) > most || n.reserved() {
		return append([]config.FieldError{{
			Key: "project", Value: config.Quote(n.Project),
			MustBe: fmt.Sprintf("at most %d lower case letters, digits and single hyphens, a letter first, and not beginning with %s",
				most, strings.Join(reservedPrefixes, ", ")),
		}}, n.stackProblems(LongestStack, "")...)
	}
	left := Longest - len(n.Project) - len("-")
	if left >= LongestStack {
		return n.stackProblems(LongestStack, "")
	}
	return n.stackProblems(left, fmt.Sprintf("; the project %q leaves that many, since AWS bounds names that begin with both", n.Project))
}

func (n Names) stackProblems(most int, why string) []config.FieldError {
	if StackPattern.MatchString(n.Stack) && len(n.Stack) <= most && n.Stack != bootstrapStack {
		return nil
	}
	return []config.FieldError{{
		Key: "stack", Value: config.Quote(n.Stack),
		MustBe: fmt.Sprintf("at most %d lower case letters and digits, a letter first, and not %s%s", most, bootstrapStack, why),
	}}
}

func (n Names) reserved() bool {
	return slices.ContainsFunc(reservedPrefixes, func(prefix string) bool { return strings.HasPrefix(n.Project+"-", prefix) })
}

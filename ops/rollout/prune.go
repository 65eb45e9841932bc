package rollout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// newest is how many of a function's newest versions are kept, for --rollback --to.
const newest = 5

// Versions are the calls of Lambda that pruning makes; *lambda.Client has them.
type Versions interface {
	lambda.ListAliasesAPIClient
	lambda.ListVersionsByFunctionAPIClient
	lambda.ListProvisionedConcurrencyConfigsAPIClient
	DeleteFunction(context.Context, *lambda.DeleteFunctionInput, ...func(*lambda.Options)) (*lambda.DeleteFunctionOutput, error)
}

// Pruning deletes published versions that no rollback can need. Lambda keeps the code of every version and
// rejects deployments beyond 75 GB in an account and region.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
type Pruning struct {
	Lambda Versions
	Log    io.Writer
	// Keep are versions that are kept in any case, by the name of the function.
	Keep map[string][]string
}

// Run prunes all these functions, even if one fails.
func (p Pruning) Run(ctx context.Context, functions []string) error {
	var all error
	for _, name := range functions {
		if err := p.prune(ctx, name); err != nil {
			all = errors.Join(all, fmt.Errorf("prune the versions of %s: %w", name, err))
		}
	}
	return all
}

func (p Pruning) prune(ctx context.Context, function string) error {
	versions, err := p.published(ctx, function)
	if err != nil {
		return err
	}
	used, err := p.used(ctx, function)
	if err != nil {
		return err
	}
	for _, version := range slices.Concat(p.Keep[function], versions[max(0, len(versions)-newest):]) {
		used[version] = true
	}
	deleted, all := 0, error(nil)
	for _, version := range versions {
		if used[version] {
			continue
		}
		if _, err := p.Lambda.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &function, Qualifier: &version}); err != nil {
			all = errors.Join(all, fmt.Errorf("version %s: %w", version, err))
			continue
		}
		deleted++
	}
	left := slices.DeleteFunc(versions, func(version string) bool { return !used[version] })
	_, _ = fmt.Fprintf(p.Log, "%s: %d versions deleted, %s kept\n", function, deleted, strings.Join(left, ", "))
	return all
}

// published returns the numbers of a function's versions, oldest first. It omits $LATEST: a deletion with that
// qualifier, or without one, would delete the whole function.
func (p Pruning) published(ctx context.Context, function string) ([]string, error) {
	var numbers []int
	pages := lambda.NewListVersionsByFunctionPaginator(p.Lambda, &lambda.ListVersionsByFunctionInput{FunctionName: &function})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list them: %w", err)
		}
		for _, version := range page.Versions {
			if n, err := strconv.Atoi(aws.ToString(version.Version)); err == nil && n > 0 {
				numbers = append(numbers, n)
			}
		}
	}
	slices.Sort(numbers)
	var versions []string
	for _, n := range numbers {
		versions = append(versions, strconv.Itoa(n))
	}
	return versions, nil
}

// rolledOut is what a rollout writes into an alias's description: a rollback may need both versions.
var rolledOut = regexp.MustCompile(`^Version (\d+), (?:after|back from) (\d+)$`)

// used returns the versions that an alias names, points at or pointed at, and those with provisioned concurrency.
func (p Pruning) used(ctx context.Context, function string) (map[string]bool, error) {
	used := map[string]bool{}
	aliases := lambda.NewListAliasesPaginator(p.Lambda, &lambda.ListAliasesInput{FunctionName: &function})
	for aliases.HasMorePages() {
		page, err := aliases.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the aliases: %w", err)
		}
		for _, alias := range page.Aliases {
			names := append(rolledOut.FindStringSubmatch(aws.ToString(alias.Description)), aws.ToString(alias.FunctionVersion))
			if alias.RoutingConfig != nil {
				names = slices.AppendSeq(names, maps.Keys(alias.RoutingConfig.AdditionalVersionWeights))
			}
			for _, version := range names {
				used[version] = true
			}
		}
	}
	provisioned := lambda.NewListProvisionedConcurrencyConfigsPaginator(p.Lambda, &lambda.ListProvisionedConcurrencyConfigsInput{FunctionName: &function})
	for provisioned.HasMorePages() {
		page, err := provisioned.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the provisioned concurrency: %w", err)
		}
		for _, config := range page.ProvisionedConcurrencyConfigs {
			used[qualifier(config)] = true
		}
	}
	return used, nil
}

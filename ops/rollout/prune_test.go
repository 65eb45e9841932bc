package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// published is a Lambda with functions of 20 versions, as AWS lists them: the unpublished code first, one
// page after the other.
type published struct {
	aliases     []types.AliasConfiguration
	provisioned []string
	denied      string   // the version whose deletion is denied
	deleted     []string // "function:version"
}

const versionsPerPage = 6

func (p *published) ListVersionsByFunction(_ context.Context, in *lambda.ListVersionsByFunctionInput, _ ...func(*lambda.Options)) (*lambda.ListVersionsByFunctionOutput, error) {
	if *in.FunctionName == "missing" {
		return nil, &types.ResourceNotFoundException{}
	}
	all := []types.FunctionConfiguration{{Version: aws.String("$LATEST")}}
	for n := 1; n <= 20; n++ {
		all = append(all, types.FunctionConfiguration{Version: aws.String(fmt.Sprint(n))})
	}
	var start int
	_, _ = fmt.Sscan(aws.ToString(in.Marker), &start)
	out := &lambda.ListVersionsByFunctionOutput{Versions: all[start:min(start+versionsPerPage, len(all))]}
	if start+versionsPerPage < len(all) {
		out.NextMarker = aws.String(fmt.Sprint(start + versionsPerPage))
	}
	return out, nil
}

func (p *published) ListAliases(_ context.Context, in *lambda.ListAliasesInput, _ ...func(*lambda.Options)) (*lambda.ListAliasesOutput, error) {
	if *in.FunctionName != "serving" {
		return &lambda.ListAliasesOutput{}, nil
	}
	return &lambda.ListAliasesOutput{Aliases: p.aliases}, nil
}

func (p *published) ListProvisionedConcurrencyConfigs(_ context.Context, in *lambda.ListProvisionedConcurrencyConfigsInput, _ ...func(*lambda.Options)) (*lambda.ListProvisionedConcurrencyConfigsOutput, error) {
	out := &lambda.ListProvisionedConcurrencyConfigsOutput{}
	for _, version := range p.provisioned {
		out.ProvisionedConcurrencyConfigs = append(out.ProvisionedConcurrencyConfigs, types.ProvisionedConcurrencyConfigListItem{
			FunctionArn: aws.String("arn:aws:lambda:eu-west-1:123456789012:function:" + *in.FunctionName + ":" + version),
		})
	}
	return out, nil
}

func (p *published) DeleteFunction(_ context.Context, in *lambda.DeleteFunctionInput, _ ...func(*lambda.Options)) (*lambda.DeleteFunctionOutput, error) {
	if aws.ToString(in.Qualifier) == p.denied {
		return nil, errors.New("denied")
	}
	p.deleted = append(p.deleted, *in.FunctionName+":"+aws.ToString(in.Qualifier))
	return &lambda.DeleteFunctionOutput{}, nil
}

// live is the alias as a rollout leaves it.
func live(version, description string, weights map[string]float64) types.AliasConfiguration {
	return types.AliasConfiguration{
		Name: aws.String("live"), FunctionVersion: &version, Description: &description,
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights},
	}
}

// "You can't delete a version that an alias references": AWS rejects that, and deletes the whole function
// where a deletion names no version.
// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
func TestPruningKeepsTheVersionsForARollback(t *testing.T) {
	newestFive := []string{"16", "17", "18", "19", "20"}
	for _, c := range []struct {
		name        string
		aliases     []types.AliasConfiguration
		provisioned []string
		keep        []string
		want        []string // of the old ones
	}{
		{name: "the newest five"},
		{name: "the version that an alias points at", aliases: []types.AliasConfiguration{live("3", "The version that serves", nil)}, want: []string{"3"}},
		{name: "those that it shares the requests among", aliases: []types.AliasConfiguration{live("3", "", map[string]float64{"4": 0.1})}, want: []string{"3", "4"}},
		{name: "the one that served before", aliases: []types.AliasConfiguration{live("20", "Version 20, after 7", nil)}, want: []string{"7"}},
		{name: "the one that was rolled back", aliases: []types.AliasConfiguration{live("7", "Version 7, back from 9", nil)}, want: []string{"7", "9"}},
		{name: "those of every alias", aliases: []types.AliasConfiguration{live("2", "", nil), live("5", "", nil)}, want: []string{"2", "5"}},
		{name: "those with provisioned concurrency, not aliases that have it", provisioned: []string{"6", "live"}, want: []string{"6"}},
		{name: "the one that served before an update that moved the alias itself", keep: []string{"8", ""}, want: []string{"8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &published{aliases: c.aliases, provisioned: c.provisioned}
			var log strings.Builder
			if err := (Pruning{Lambda: p, Log: &log, Keep: map[string][]string{"serving": c.keep}}).Run(t.Context(), []string{"serving"}); err != nil {
				t.Fatal(err)
			}
			var want []string
			for n := 1; n <= 20; n++ {
				version := fmt.Sprint(n)
				if !slices.Contains(newestFive, version) && !slices.Contains(c.want, version) {
					want = append(want, "serving:"+version)
				}
			}
			if !slices.Equal(p.deleted, want) {
				t.Errorf("deleted %v, want %v", p.deleted, want)
			}
			if kept := strings.Join(slices.Concat(c.want, newestFive), ", ") + " kept"; !strings.Contains(log.String(), kept) {
				t.Errorf("the log is %q, want %q in it", log.String(), kept)
			}
		})
	}
}

func TestPruningContinuesWithOtherFunctionsAfterAnError(t *testing.T) {
	p := &published{denied: "2"}
	err := Pruning{Lambda: p, Log: &strings.Builder{}, Keep: map[string][]string{"serving": {"1"}}}.Run(t.Context(), []string{"serving", "missing", "migrate"})
	for _, want := range []string{"prune the versions of serving: version 2: denied", "prune the versions of missing: list them"} {
		checkError(t, err, want)
	}
	if !slices.Contains(p.deleted, "serving:3") || !slices.Contains(p.deleted, "migrate:1") || slices.Contains(p.deleted, "serving:1") {
		t.Errorf("deleted %v", p.deleted)
	}
}

// versionsOfRollout is an account whose alias a rollout moves and whose versions are pruned.
type versionsOfRollout struct {
	*account
	*published
}

func (v versionsOfRollout) ListProvisionedConcurrencyConfigs(ctx context.Context, in *lambda.ListProvisionedConcurrencyConfigsInput, opts ...func(*lambda.Options)) (*lambda.ListProvisionedConcurrencyConfigsOutput, error) {
	return v.published.ListProvisionedConcurrencyConfigs(ctx, in, opts...)
}

func (v versionsOfRollout) ListAliases(context.Context, *lambda.ListAliasesInput, ...func(*lambda.Options)) (*lambda.ListAliasesOutput, error) {
	return &lambda.ListAliasesOutput{Aliases: []types.AliasConfiguration{live(v.version, v.description, v.shares)}}, nil
}

func (v versionsOfRollout) UpdateAlias(ctx context.Context, in *lambda.UpdateAliasInput, opts ...func(*lambda.Options)) (*lambda.UpdateAliasOutput, error) {
	if slices.Contains(v.deleted, "f:"+*in.FunctionVersion) {
		return nil, &types.ResourceNotFoundException{Message: aws.String("Function not found: f:" + *in.FunctionVersion)}
	}
	return v.account.UpdateAlias(ctx, in, opts...)
}

func TestARollbackIsPossibleAfterPruning(t *testing.T) {
	a := serving() // 7, after 6
	all := versionsOfRollout{a, &published{}}
	r, log := start(a)
	r.Lambda = all
	checkError(t, r.Shift(t.Context()), "")
	checkError(t, Pruning{Lambda: all, Log: log}.Run(t.Context(), []string{"f"}), "")
	checkError(t, r.Rollback(t.Context(), ""), "")
	if got := a.version + ", " + a.description; got != "7, Version 7, back from 8" {
		t.Errorf("serves %s\n%s", got, log)
	}
	if !slices.Contains(all.deleted, "f:6") {
		t.Errorf("no older version was pruned: %v", all.deleted)
	}
}

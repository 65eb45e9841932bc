// Package rollout brings a published version of the function into service: a share of the requests
// first, watched by alarms, then all of them, or none again.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/didomi/serverless-api/lambda/openapi"
)

// Lambda is what a rollout asks of Lambda; *lambda.Client is one.
type Lambda interface {
	GetAlias(context.Context, *lambda.GetAliasInput, ...func(*lambda.Options)) (*lambda.GetAliasOutput, error)
	UpdateAlias(context.Context, *lambda.UpdateAliasInput, ...func(*lambda.Options)) (*lambda.UpdateAliasOutput, error)
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
	ListProvisionedConcurrencyConfigs(context.Context, *lambda.ListProvisionedConcurrencyConfigsInput, ...func(*lambda.Options)) (*lambda.ListProvisionedConcurrencyConfigsOutput, error)
	DeleteProvisionedConcurrencyConfig(context.Context, *lambda.DeleteProvisionedConcurrencyConfigInput, ...func(*lambda.Options)) (*lambda.DeleteProvisionedConcurrencyConfigOutput, error)
}

// Rollout is one version on its way into service.
type Rollout struct {
	Lambda Lambda
	// Ringing names the alarms that have gone off, of those that the rollout looks at.
	Ringing func(context.Context) ([]string, error)
	// Wait waits; it returns early with the context's error.
	Wait func(context.Context, time.Duration) error
	Log  io.Writer

	Function, Alias string
	// Version is the one that shall serve.
	Version string
	// Share of the requests that it gets first, from 0 up to 1; for how long; looked at how often.
	Share        float64
	Watch, Every time.Duration
	// Readiness are the requests that the version has to respond to before it gets any.
	Readiness []openapi.Request
	// Settle is how long an alarm may take to end before the rollout does not begin.
	Settle time.Duration
}

// restoreTime bounds the way back, which is gone when the rollout itself was told to stop.
const restoreTime = 30 * time.Second

// Forward brings the version into service. An error says what was wrong; unless it says otherwise,
// the version that served before serves everybody again.
func (r *Rollout) Forward(ctx context.Context) error {
	alias, err := r.alias(ctx)
	if err != nil {
		return err
	}
	before := *alias.FunctionVersion
	switch {
	case len(weights(alias)) > 0:
		return fmt.Errorf("version %s already shares the requests with %v: another rollout is under way, or one was killed; end it with --back", before, weights(alias))
	case before == r.Version:
		r.log("version %s serves already", before)
		return nil
	}
	if err := r.ready(ctx); err != nil {
		return fmt.Errorf("version %s still serves, nothing was moved: %w", before, err)
	}
	revision, err := r.move(ctx, before, map[string]float64{r.Version: r.Share}, *alias.Description, alias.RevisionId)
	if err != nil {
		return fmt.Errorf("send %.0f %% of the requests to version %s: %w", 100*r.Share, r.Version, err)
	}
	r.log("%.0f %% of the requests go to version %s, the others to %s, for %s", 100*r.Share, r.Version, before, r.Watch)
	if err := r.watch(ctx); err != nil {
		return errors.Join(fmt.Errorf("version %s: %w", r.Version, err), r.restore(ctx, before, *alias.Description))
	}
	if _, err := r.move(ctx, r.Version, nil, fmt.Sprintf("Version %s, after %s", r.Version, before), revision); err != nil {
		return errors.Join(fmt.Errorf("send all requests to version %s: %w", r.Version, err), r.restore(ctx, before, *alias.Description))
	}
	r.log("all requests go to version %s", r.Version)
	return r.cool(ctx)
}

// ready tries the version with a request of its own, before any client meets it, and does not begin
// while customers are hurt anyway.
func (r *Rollout) ready(ctx context.Context) error {
	if err := r.smoke(ctx); err != nil {
		return fmt.Errorf("version %s: %w", r.Version, err)
	}
	return r.settled(ctx)
}

// settled waits until no alarm is in ALARM. An alarm on the new version has the state of the version before
// until its periods have passed: an update of an alarm leaves its state unchanged.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func (r *Rollout) settled(ctx context.Context) error {
	for left := r.Settle; ; left -= r.Every {
		ringing, err := r.Ringing(ctx)
		if err != nil || len(ringing) == 0 {
			return err
		}
		names := strings.Join(ringing, ", ")
		if left <= 0 {
			return fmt.Errorf("already in alarm: %s", names)
		}
		if left == r.Settle {
			r.log("in alarm, waiting %s at the most for the end of it: %s", left, names)
		}
		if err := r.Wait(ctx, min(left, r.Every)); err != nil {
			return fmt.Errorf("stopped: %w", err)
		}
	}
}

// watch looks at the alarms until the time is over. Not being able to look counts as an alarm.
func (r *Rollout) watch(ctx context.Context) error {
	for left := r.Watch; left > 0; left -= r.Every {
		if err := r.Wait(ctx, min(left, r.Every)); err != nil {
			return fmt.Errorf("stopped: %w", err)
		}
		ringing, err := r.Ringing(ctx)
		if err != nil {
			return err
		}
		if len(ringing) > 0 {
			return fmt.Errorf("in alarm: %s", strings.Join(ringing, ", "))
		}
	}
	return nil
}

// restore sends all requests to the version that served before, whatever has happened since. What is
// warm of the new version stays so, for another try.
func (r *Rollout) restore(ctx context.Context, before, description string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTime)
	defer cancel()
	if _, err := r.move(ctx, before, nil, description, nil); err != nil {
		return fmt.Errorf("going back to version %s failed too, requests are still shared; try --back: %w", before, err)
	}
	r.log("all requests go to version %s again", before)
	return nil
}

// servedBefore is what Forward writes into the alias's description.
var servedBefore = regexp.MustCompile(`^Version \d+, after (\d+)$`)

// Back ends a rollout that is under way; when none is, it sends all requests to the version that
// served before the last one, or to the one that is asked for (to, empty: none is). What an update
// moved it does not know: ask for what Serving said before it. Where that version serves alone
// already, nothing is moved.
func (r *Rollout) Back(ctx context.Context, to string) error {
	alias, err := r.alias(ctx)
	if err != nil {
		return err
	}
	serving, description := *alias.FunctionVersion, *alias.Description
	if to == serving && len(weights(alias)) == 0 {
		r.log("version %s serves already, as it did before: nothing is moved", to)
		return nil
	}
	if to == "" && len(weights(alias)) > 0 {
		to = serving
	}
	if found := servedBefore.FindStringSubmatch(description); to == "" && found != nil {
		to = found[1]
	}
	if to == "" {
		return fmt.Errorf("version %s serves, and the alias does not say what served before; name a version with --to", serving)
	}
	// The program's own description stays: the next update would find another one to be drift.
	if to != serving && strings.HasPrefix(description, "Version ") {
		description = fmt.Sprintf("Version %s, back from %s", to, serving)
	}
	if _, err := r.move(ctx, to, nil, description, alias.RevisionId); err != nil {
		return fmt.Errorf("send all requests to version %s: %w", to, err)
	}
	r.log("all requests go to version %s", to)
	return nil
}

// Serving is the version that the alias leads to; empty before the first deployment.
func (r *Rollout) Serving(ctx context.Context) (string, error) {
	alias, err := r.alias(ctx)
	if missing := new(types.ResourceNotFoundException); errors.As(err, &missing) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return *alias.FunctionVersion, nil
}

func (r *Rollout) alias(ctx context.Context) (*lambda.GetAliasOutput, error) {
	alias, err := r.Lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &r.Function, Name: &r.Alias})
	if err != nil {
		return nil, fmt.Errorf("alias %s of %s: %w", r.Alias, r.Function, err)
	}
	if alias.Description == nil {
		alias.Description = new(string)
	}
	return alias, nil
}

func weights(alias *lambda.GetAliasOutput) map[string]float64 {
	if alias.RoutingConfig == nil {
		return nil
	}
	return alias.RoutingConfig.AdditionalVersionWeights
}

// move points the alias at a version, with shares for others (nil: none), if nobody has changed it
// since the revision (nil: whoever has). It returns the new revision.
func (r *Rollout) move(ctx context.Context, version string, shares map[string]float64, description string, revision *string) (*string, error) {
	if shares == nil {
		// Left out they would stay as they are.
		shares = map[string]float64{}
	}
	moved, err := r.Lambda.UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: &r.Function, Name: &r.Alias, FunctionVersion: &version, Description: &description, RevisionId: revision,
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: shares},
	})
	if err != nil {
		return nil, err
	}
	return moved.RevisionId, nil
}

// cool gives up what is kept warm of versions that serve nobody any more: the one before, and those
// whose rollouts were sent back.
func (r *Rollout) cool(ctx context.Context) error {
	pages := lambda.NewListProvisionedConcurrencyConfigsPaginator(r.Lambda, &lambda.ListProvisionedConcurrencyConfigsInput{FunctionName: &r.Function})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("versions that serve nobody may still be kept warm: %w", err)
		}
		for _, config := range page.ProvisionedConcurrencyConfigs {
			version := qualifier(config)
			if version == r.Version || version == r.Alias {
				continue
			}
			_, err := r.Lambda.DeleteProvisionedConcurrencyConfig(ctx, &lambda.DeleteProvisionedConcurrencyConfigInput{
				FunctionName: &r.Function, Qualifier: &version,
			})
			if err != nil {
				return fmt.Errorf("version %s serves nobody and is still kept warm: %w", version, err)
			}
			r.log("version %s is no longer kept warm", version)
		}
	}
	return nil
}

// qualifier is the version or alias whose provisioned concurrency it is.
func qualifier(config types.ProvisionedConcurrencyConfigListItem) string {
	arn := aws.ToString(config.FunctionArn)
	return arn[strings.LastIndex(arn, ":")+1:]
}

func (r *Rollout) log(format string, args ...any) {
	_, _ = fmt.Fprintf(r.Log, format+"\n", args...)
}

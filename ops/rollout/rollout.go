// Package rollout shifts requests to a published version of the function: first a share, monitored by
// alarms, then all of them; an alarm rolls back.
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

// Lambda are the calls of Lambda that a rollout makes; *lambda.Client has them.
type Lambda interface {
	GetAlias(context.Context, *lambda.GetAliasInput, ...func(*lambda.Options)) (*lambda.GetAliasOutput, error)
	UpdateAlias(context.Context, *lambda.UpdateAliasInput, ...func(*lambda.Options)) (*lambda.UpdateAliasOutput, error)
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
	ListProvisionedConcurrencyConfigs(context.Context, *lambda.ListProvisionedConcurrencyConfigsInput, ...func(*lambda.Options)) (*lambda.ListProvisionedConcurrencyConfigsOutput, error)
	DeleteProvisionedConcurrencyConfig(context.Context, *lambda.DeleteProvisionedConcurrencyConfigInput, ...func(*lambda.Options)) (*lambda.DeleteProvisionedConcurrencyConfigOutput, error)
}

// Rollout is the shift of requests to one version.
type Rollout struct {
	Lambda Lambda
	// InAlarm returns the names of the rollout's alarms that are in ALARM.
	InAlarm func(context.Context) ([]string, error)
	// Wait sleeps; it returns early with the context's error.
	Wait func(context.Context, time.Duration) error
	Log  io.Writer

	Function, Alias string
	// Version is the target.
	Version string
	// Share of the requests, from 0 to 1, goes to it first, for Watch; the alarms are read at every interval Every.
	Share        float64
	Watch, Every time.Duration
	// Readiness are the requests that must succeed on the version before it receives clients' requests.
	Readiness []openapi.Request
	// AlarmTimeout is how long the rollout waits for alarms that are in ALARM at its start.
	AlarmTimeout time.Duration
}

// restoreTime bounds the rollback, which must not depend on the context: that may be cancelled already.
const restoreTime = 30 * time.Second

// Shift sends first a share and then all requests to the version. After an error the previous version receives
// all requests again, unless the error says otherwise.
func (r *Rollout) Shift(ctx context.Context) error {
	alias, err := r.alias(ctx)
	if err != nil {
		return err
	}
	before := *alias.FunctionVersion
	switch {
	case len(weights(alias)) > 0:
		return fmt.Errorf("version %s already shares the requests with %v: another rollout is in progress, or one was killed; end it with --rollback", before, weights(alias))
	case before == r.Version:
		r.log("version %s already receives all requests", before)
		return nil
	}
	if err := r.ready(ctx); err != nil {
		return fmt.Errorf("version %s still receives all requests, nothing was changed: %w", before, err)
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
	return r.releaseProvisioned(ctx)
}

// ready invokes the version before any client's request reaches it, and does not start the rollout while an
// alarm is in ALARM.
func (r *Rollout) ready(ctx context.Context) error {
	if err := r.smoke(ctx); err != nil {
		return fmt.Errorf("version %s: %w", r.Version, err)
	}
	return r.waitForAlarms(ctx)
}

// waitForAlarms waits until no alarm is in ALARM. An alarm on the new version keeps the state of the previous
// version until its periods have passed: an update of an alarm leaves its state unchanged.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func (r *Rollout) waitForAlarms(ctx context.Context) error {
	for left := r.AlarmTimeout; ; left -= r.Every {
		inAlarm, err := r.InAlarm(ctx)
		if err != nil || len(inAlarm) == 0 {
			return err
		}
		names := strings.Join(inAlarm, ", ")
		if left <= 0 {
			return fmt.Errorf("already in ALARM: %s", names)
		}
		if left == r.AlarmTimeout {
			r.log("in ALARM, waiting at most %s for OK: %s", left, names)
		}
		if err := r.Wait(ctx, min(left, r.Every)); err != nil {
			return fmt.Errorf("stopped: %w", err)
		}
	}
}

// watch reads the alarms until the time is over. A failure to read them counts as an alarm.
func (r *Rollout) watch(ctx context.Context) error {
	for left := r.Watch; left > 0; left -= r.Every {
		if err := r.Wait(ctx, min(left, r.Every)); err != nil {
			return fmt.Errorf("stopped: %w", err)
		}
		inAlarm, err := r.InAlarm(ctx)
		if err != nil {
			return err
		}
		if len(inAlarm) > 0 {
			return fmt.Errorf("in ALARM: %s", strings.Join(inAlarm, ", "))
		}
	}
	return nil
}

// restore sends all requests to the previous version, whatever has happened since. The new version keeps its
// provisioned concurrency, for another attempt.
func (r *Rollout) restore(ctx context.Context, before, description string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTime)
	defer cancel()
	if _, err := r.move(ctx, before, nil, description, nil); err != nil {
		return fmt.Errorf("rollback to version %s failed too, traffic is still split; try --rollback: %w", before, err)
	}
	r.log("rolled back: all requests go to version %s", before)
	return nil
}

// servedBefore is what Shift writes into the alias's description.
var servedBefore = regexp.MustCompile(`^Version \d+, after (\d+)$`)

// Rollback ends a rollout that is in progress. Without one it sends all requests to the version to, or, if to is
// empty, to the version before the last rollout. If an update has moved the alias, pass what Serving returned before
// that update. If the target already receives all requests, nothing is changed.
func (r *Rollout) Rollback(ctx context.Context, to string) error {
	alias, err := r.alias(ctx)
	if err != nil {
		return err
	}
	serving, description := *alias.FunctionVersion, *alias.Description
	if to == serving && len(weights(alias)) == 0 {
		r.log("version %s already receives all requests: nothing is changed", to)
		return nil
	}
	if to == "" && len(weights(alias)) > 0 {
		to = serving
	}
	if found := servedBefore.FindStringSubmatch(description); to == "" && found != nil {
		to = found[1]
	}
	if to == "" {
		return fmt.Errorf("version %s receives all requests, and the alias does not name the previous version; set --to", serving)
	}
	// The description that the program sets stays: the next update would report another one as drift.
	if to != serving && strings.HasPrefix(description, "Version ") {
		description = fmt.Sprintf("Version %s, back from %s", to, serving)
	}
	if _, err := r.move(ctx, to, nil, description, alias.RevisionId); err != nil {
		return fmt.Errorf("send all requests to version %s: %w", to, err)
	}
	r.log("all requests go to version %s", to)
	return nil
}

// Serving returns the version that the alias points at; "" before the first deployment.
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

// move points the alias at a version, with shares for others (nil: none), provided that it has not changed since
// the revision (nil: in any case). It returns the new revision.
func (r *Rollout) move(ctx context.Context, version string, shares map[string]float64, description string, revision *string) (*string, error) {
	if shares == nil {
		// Without weights in the call, those of the alias would remain.
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

// releaseProvisioned deletes the provisioned concurrency of versions that receive no requests any more: the
// previous one, and those whose rollouts were rolled back.
func (r *Rollout) releaseProvisioned(ctx context.Context) error {
	pages := lambda.NewListProvisionedConcurrencyConfigsPaginator(r.Lambda, &lambda.ListProvisionedConcurrencyConfigsInput{FunctionName: &r.Function})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("versions without requests may still have provisioned concurrency: %w", err)
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
				return fmt.Errorf("version %s receives no requests and still has provisioned concurrency: %w", version, err)
			}
			r.log("provisioned concurrency of version %s is deleted", version)
		}
	}
	return nil
}

// qualifier returns the version or alias that has the provisioned concurrency.
func qualifier(config types.ProvisionedConcurrencyConfigListItem) string {
	arn := aws.ToString(config.FunctionArn)
	return arn[strings.LastIndex(arn, ":")+1:]
}

func (r *Rollout) log(format string, args ...any) {
	_, _ = fmt.Fprintf(r.Log, format+"\n", args...)
}

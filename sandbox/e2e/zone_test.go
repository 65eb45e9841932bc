package e2e

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// checkPrivateZone checks that a preview rejects a private hosted zone: ACM could not find the validation record in it,
// and the update would wait for ten minutes.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func checkPrivateZone(t *testing.T, out outputs) {
	t.Helper()
	client, ctx := route53.NewFromConfig(awsConfig(out)), context.Background()
	created, err := client.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{
		Name: aws.String("didomi.example"), CallerReference: aws.String("private"),
		HostedZoneConfig: &types.HostedZoneConfig{PrivateZone: true},
		VPC:              &types.VPC{VPCId: aws.String(stackOutputs(t, out)["vpcId"].(string)), VPCRegion: types.VPCRegionEuWest1},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := client.DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: created.HostedZone.Id}); err != nil {
			t.Error(err)
		}
	})
	id := strings.TrimPrefix(*created.HostedZone.Id, "/hostedzone/")
	config := filepath.Join(t.TempDir(), "Pulumi.dev.yaml")
	writeFile(t, config, editedConfig(t, out, edit{key: "dns.zoneId", value: id}))
	stdout, stderr, code := pulumi(t, out, repository(t), "preview", "--stack", "dev", "--config-file", config, "--non-interactive")
	if want := `didomi:dns.zoneId "` + id + `" is a private hosted zone of didomi.example`; code == 0 || !strings.Contains(stdout+stderr, want) {
		t.Errorf("exit %d, want %s in\n%s\n%s", code, want, stdout, stderr)
	}
}

package dns

import (
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const component = "didomi-test-dns"

var answers = map[string]func(mocks.Resource) map[string]any{
	"aws:route53/zone:Zone": func(mocks.Resource) map[string]any {
		return map[string]any{"zoneId": "ZNEW", "nameServers": []any{"ns-1.example.net", "ns-2.example.net"}}
	},
	"aws:acm/certificate:Certificate": func(mocks.Resource) map[string]any {
		return map[string]any{"domainValidationOptions": []any{map[string]any{
			"domainName": "test.example.com", "resourceRecordName": "_proof.test.example.com.",
			"resourceRecordType": "CNAME", "resourceRecordValue": "_value.acm.example.",
		}}}
	},
	"aws:route53/record:Record": func(mocks.Resource) map[string]any {
		return map[string]any{"fqdn": "_proof.test.example.com"}
	},
}

// existing mocks the look-up of a public zone named apex.
func existing(apex string) map[string]func(map[string]any) map[string]any {
	return lookUp(apex, false)
}

func lookUp(apex string, private bool) map[string]func(map[string]any) map[string]any {
	return map[string]func(map[string]any) map[string]any{
		"aws:route53/getZone:getZone": func(args map[string]any) map[string]any {
			return map[string]any{
				"id": args["zoneId"], "zoneId": args["zoneId"], "name": apex, "arn": "arn",
				"nameServers": []any{"ns-9.example.net"}, "privateZone": private,
			}
		},
	}
}

// ACM issues a certificate only where it finds the validation record in public DNS.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
// https://repost.aws/knowledge-center/acm-certificate-pending-validation
func TestAPrivateZoneIsRejectedInThePreview(t *testing.T) {
	const want = `didomi:dns.zoneId "Z1" is a private hosted zone of example.com; must be a public one, or empty to create one`
	for name, delegated := range map[string]bool{"with a certificate to issue": true, "before the delegation": false} {
		t.Run(name, func(t *testing.T) {
			r, err := mocks.Mocks{Preview: true, Calls: lookUp("example.com", true)}.Try(func(ctx *pulumi.Context) error {
				_, err := New(ctx, component, Args{Config: Config{Domain: "example.com", ZoneID: "Z1", Delegated: delegated}, Stage: "test"})
				return err
			})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
			if got := r.All(); len(got) != 1 {
				t.Errorf("%d resources were registered, want the component alone", len(got))
			}
		})
	}
}

func TestPhases(t *testing.T) {
	for _, tt := range []struct {
		name        string
		config      Config
		types       []string
		zone, cert  string
		nameServers []string
	}{
		{
			"undelegated, the zone is all there is", Config{Domain: "example.com"},
			[]string{Token(mocks.Project), "aws:route53/zone:Zone"},
			"ZNEW", "", []string{"ns-1.example.net", "ns-2.example.net"},
		},
		{
			"delegated, the certificate is requested, validated and awaited", Config{Domain: "example.com", Delegated: true},
			[]string{
				Token(mocks.Project), "aws:route53/zone:Zone", "aws:acm/certificate:Certificate",
				"aws:route53/record:Record", "aws:acm/certificateValidation:CertificateValidation",
			},
			"ZNEW", "arn:aws:acm:eu-west-1:123456789012:" + component + "-certificate", []string{"ns-1.example.net", "ns-2.example.net"},
		},
		{
			"an existing zone is looked up and not created", Config{Domain: "api.example.com", ZoneID: "Z1", Delegated: true},
			[]string{
				Token(mocks.Project), "aws:acm/certificate:Certificate",
				"aws:route53/record:Record", "aws:acm/certificateValidation:CertificateValidation",
			},
			"Z1", "arn:aws:acm:eu-west-1:123456789012:" + component + "-certificate", []string{"ns-9.example.net"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var outputs []any
			r := mocks.Mocks{Outputs: answers, Calls: existing("example.com")}.Run(t, func(ctx *pulumi.Context) error {
				d, err := New(ctx, component, Args{Config: tt.config, Stage: "test"})
				if err != nil {
					return err
				}
				pulumi.All(d.ZoneID, d.CertificateARN, d.NameServers).ApplyT(func(v []any) error {
					outputs = v
					return nil
				})
				return nil
			})
			var types []string
			for _, res := range r.All() {
				types = append(types, res.Type)
				if res.Type != Token(mocks.Project) && res.ParentName() != component {
					t.Errorf("%s has the parent %q, want %q", res.Name, res.ParentName(), component)
				}
			}
			if !reflect.DeepEqual(types, tt.types) {
				t.Errorf("registered %v, want %v", types, tt.types)
			}
			if want := []any{tt.zone, tt.cert, tt.nameServers}; !reflect.DeepEqual(outputs, want) {
				t.Errorf("outputs %v, want %v", outputs, want)
			}
		})
	}
}

// certified is a stack whose zone is delegated and protected.
func certified(ctx *pulumi.Context) error {
	_, err := New(ctx, component, Args{Config: Config{Domain: "example.com", Delegated: true, Protect: true}, Stage: "test"})
	return err
}

// timeouts records each resource's custom timeouts, which mocks do not.
type timeouts struct {
	pulumi.MockResourceMonitor
	mu     sync.Mutex
	create map[string]string
}

func (p *timeouts) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.create[args.Name] = args.RegisterRPC.GetCustomTimeouts().GetCreate()
	return p.MockResourceMonitor.NewResource(args)
}

func TestCertificate(t *testing.T) {
	r := mocks.Mocks{Outputs: answers}.Run(t, certified)
	cert := r.Find(t, "aws:acm/certificate:Certificate", component+"-certificate")
	validation := r.Find(t, "aws:route53/record:Record", component+"-certificate-proof")
	issued := r.Find(t, "aws:acm/certificateValidation:CertificateValidation", component+"-certificate-issued")
	zone := r.Find(t, "aws:route53/zone:Zone", component+"-zone")

	t.Run("it covers exactly the host name", func(t *testing.T) {
		if cert.Inputs["domainName"] != "test.example.com" || cert.Inputs["subjectAlternativeNames"] != nil {
			t.Errorf("%v and %v, want test.example.com alone", cert.Inputs["domainName"], cert.Inputs["subjectAlternativeNames"])
		}
	})
	t.Run("its validation record is in the zone", func(t *testing.T) {
		for key, want := range map[string]any{
			"zoneId": "ZNEW", "name": "_proof.test.example.com.", "type": "CNAME",
			"records": []any{"_value.acm.example."},
		} {
			if !reflect.DeepEqual(validation.Inputs[key], want) {
				t.Errorf("%s is %v, want %v", key, validation.Inputs[key], want)
			}
		}
	})
	t.Run("the update waits for the validation record, ten minutes at most", func(t *testing.T) {
		if got := issued.Inputs["validationRecordFqdns"]; !reflect.DeepEqual(got, []any{"_proof.test.example.com"}) {
			t.Errorf("waits for %v", got)
		}
		p := &timeouts{MockResourceMonitor: r, create: map[string]string{}}
		if err := pulumi.RunErr(certified, pulumi.WithMocks(mocks.Project, mocks.Stack, p)); err != nil {
			t.Fatal(err)
		}
		if got := p.create[issued.Name]; got != "10m" {
			t.Errorf("timeout %q, want 10m", got)
		}
	})
	t.Run("the zone is of the host name, so that another stack of the domain has its own", func(t *testing.T) {
		if zone.Inputs["name"] != "test.example.com" {
			t.Errorf("it is of %v", zone.Inputs["name"])
		}
	})
	t.Run("the zone is retained on destroy, since the deploy role cannot delete one", func(t *testing.T) {
		if !zone.Options.RetainOnDelete {
			t.Error("it does not")
		}
	})
	t.Run("the zone is protected when configured", func(t *testing.T) {
		if !zone.Options.Protect {
			t.Error("it is not")
		}
	})
}

func TestAnInvalidZoneIsRejected(t *testing.T) {
	for _, tt := range []struct {
		name, apex string
		config     Config
		want       string
	}{
		{"a zone of another domain", "example.org", Config{Domain: "example.com", ZoneID: "Z1"},
			`didomi:dns.zoneId "Z1" is the zone of example.org, which cannot hold test.example.com`},
		{"a zone whose name only ends alike", "ample.com", Config{Domain: "example.com", ZoneID: "Z1"}, "cannot hold"},
		{"a bad configuration", "example.com", Config{}, "dns.domain is not set"},
	} {
		t.Run(tt.name+" is rejected", func(t *testing.T) {
			_, err := mocks.Mocks{Calls: existing(tt.apex)}.Try(func(ctx *pulumi.Context) error {
				_, err := New(ctx, component, Args{Config: tt.config, Stage: "test"})
				return err
			})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	const domain = "a domain name in lower case of at most 51 characters, such as example.com"
	for _, tt := range []struct {
		name   string
		config Config
		want   []config.FieldError
	}{
		{"a domain is enough", Config{Domain: "example.com"}, nil},
		{"a deep domain and a zone are fine", Config{Domain: "a-1.b.example.com", ZoneID: "Z0123456789ABCDEFGHIJ"}, nil},
		{"no domain", Config{}, []config.FieldError{{Key: "domain", MustBe: domain}}},
		{"a domain with a capital", Config{Domain: "Example.com"}, []config.FieldError{{Key: "domain", Value: `"Example.com"`, MustBe: domain}}},
		{"a domain without a dot", Config{Domain: "example"}, []config.FieldError{{Key: "domain", Value: `"example"`, MustBe: domain}}},
		{"an address", Config{Domain: "https://example.com"}, []config.FieldError{{Key: "domain", Value: `"https://example.com"`, MustBe: domain}}},
		{"a name too long for a certificate", Config{Domain: strings.Repeat("a", 50) + ".com"},
			[]config.FieldError{{Key: "domain", Value: `"` + strings.Repeat("a", 50) + `.com"`, MustBe: domain}}},
		{"two mistakes at once", Config{Domain: "example.", ZoneID: "zone"}, []config.FieldError{
			{Key: "domain", Value: `"example."`, MustBe: domain},
			{Key: "zoneId", Value: `"zone"`, MustBe: "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ, or empty to create one"},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.config.Validate(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

package gateway

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/didomi/serverless-api/sandbox/gateway/admit"
)

func TestAnInjectedErrorIsReturnedOnce(t *testing.T) {
	s := newTestEnv(t, nil)
	client := function(t, s, "injected", "v1")
	inject := func(body string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL+InjectErrorPath, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set(admit.SandboxHeader, "test")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	if status := inject(`{"Service":"lambda","Method":"PUT","Path":"/2015-03-31/functions/*/configuration","Status":400,"Code":"InvalidParameterValueException","Message":"exceeded the 4KB limit"}`); status != http.StatusNoContent {
		t.Fatalf("status %d, want 204", status)
	}
	update := func() error {
		_, err := client.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("injected"), MemorySize: aws.Int32(256)})
		return err
	}
	if _, err := client.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("injected")}); err != nil {
		t.Errorf("another call failed: %v", err)
	}
	if err := update(); errorCode(err) != "InvalidParameterValueException" || !strings.Contains(err.Error(), "4KB") {
		t.Errorf("got %v, want the injected error", err)
	}
	if err := update(); err != nil {
		t.Errorf("the second call failed too: %v", err)
	}
	for _, invalid := range []string{`not JSON`, `{}`, `{"Service":"lambda","Method":"PUT","Path":"[","Status":400,"Code":"C"}`} {
		if status := inject(invalid); status != http.StatusBadRequest {
			t.Errorf("%s: status %d, want 400", invalid, status)
		}
	}
}

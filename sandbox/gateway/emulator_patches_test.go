package gateway

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runInEmulator runs Python code with the modules of sandbox/ministack, for what no call of the emulator shows.
func runInEmulator(t *testing.T, code string) string {
	t.Helper()
	readsEmulator(t)
	python, err := emulatorPython()
	if err != nil {
		t.Fatal(err)
	}
	modules, err := filepath.Abs(filepath.Join("..", "ministack"))
	if err != nil {
		t.Fatal(err)
	}
	run := exec.Command(python, "-c", code)
	run.Dir = t.TempDir()
	run.Env = append(os.Environ(), "PYTHONPATH="+modules, "PYTHONDONTWRITEBYTECODE=1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"PERSIST_STATE=1", "STATE_DIR="+filepath.Join(run.Dir, "state"), "S3_DATA_DIR="+run.Dir)
	var stderr strings.Builder
	run.Stderr = &stderr
	out, err := run.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func TestABatchOfAQueueFailsAsItsWorkerReports(t *testing.T) {
	const code = `
import json
from ministack.services import lambda_svc, sqs
lambda_svc._execute_function = lambda function, event: {"body": %s}
import batches
batches.install()
deleted = set()
sqs._delete_messages_for_esm = lambda url, handles: deleted.update(handles)
batch = [{"id": "one", "receipt_handle": "one"}, {"id": "two", "receipt_handle": "two"}]
event = {"Records": [{"eventSource": "aws:sqs", "messageId": message["id"]} for message in batch]}
esm = {"UUID": "1", "FunctionName": "worker", "FunctionResponseTypes": ["ReportBatchItemFailures"]}
lambda_svc._run_sqs_batch(esm, {}, event, batch, "url", "queue")
print(",".join(sorted({"one", "two"} - deleted)))
`
	for _, test := range []struct{ name, body, failed string }{
		{"an empty list is a success", `{"batchItemFailures": []}`, ""},
		{"a null list is a success", `{"batchItemFailures": None}`, ""},
		{"a null list in JSON is a success", `'{"batchItemFailures": null}'`, ""},
		{"an empty response is a success", `{}`, ""},
		{"a null response is a success", `None`, ""},
		{"a null response in JSON is a success", `"null"`, ""},
		{"a message that is named fails", `{"batchItemFailures": [{"itemIdentifier": "two"}]}`, "two"},
		{"a message that is named in JSON fails", `'{"batchItemFailures": [{"itemIdentifier": "two"}]}'`, "two"},
		{"an empty identifier fails all", `{"batchItemFailures": [{"itemIdentifier": "two"}, {"itemIdentifier": ""}]}`, "one,two"},
		{"a null identifier fails all", `{"batchItemFailures": [{"itemIdentifier": None}]}`, "one,two"},
		{"another key than itemIdentifier fails all", `{"batchItemFailures": [{"messageId": "two"}]}`, "one,two"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if failed := runInEmulator(t, fmt.Sprintf(code, test.body)); failed != test.failed {
				t.Errorf("failed: %q, want %q", failed, test.failed)
			}
		})
	}
}

func TestASaveOfTheStateReadsOnlyNewCodeAndNoLogEvents(t *testing.T) {
	const code = `
import pickle
import ministack.app, savestate, keptlogs
from ministack.services import cloudwatch_logs, lambda_svc
read = []
whole = lambda_svc._write_code_blob
savestate.write_code = lambda code: read.append(len(code)) or whole(code)
keptlogs.install()
savestate.install()
lambda_svc._functions["f"] = {"code_zip": b"x" * 1000, "config": {}, "versions": {}}
stream = {"events": [], "firstEventTimestamp": None, "lastEventTimestamp": None, "uploadSequenceToken": "1"}
cloudwatch_logs._log_groups["g"] = {"arn": "a", "retentionInDays": None, "streams": {"s": stream}}
cloudwatch_logs._put_log_events({"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "hello"}]})
savestate.save()
savestate.save()
lambda_svc._functions["f"]["code_zip"] = b"y" * 2000
savestate.save()
savestate.save()
logs = savestate.load_state("cloudwatch_logs")["log_groups"]["g"]["streams"]["s"]
code = savestate.load_state("lambda")["functions"]["f"]["code_zip"]
print(read, logs["events"], len(stream["events"]), len(lambda_svc._read_code_blob(code["code_blob_ref"])))
`
	if got, want := runInEmulator(t, code), "[1000, 2000] [] 1 2000"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

package undelete

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
)

// bucket has a deleted file, a replaced one, a deleted one without versions, and one that is as it was.
func bucket() *fakeS3 {
	f := &fakeS3{}
	f.put("docs/deleted", "one")    // second 1
	f.put("docs/deleted", "two")    // 2
	f.put("docs/replaced", "old")   // 3
	f.put("docs/same", "same")      // 4
	f.remove("docs/deleted")        // 5
	f.put("docs/replaced", "newer") // 6
	f.remove("docs/gone")           // 7
	f.put("docs/deleted-not", "x")  // 8
	return f
}

// content is what a reader of the key gets, "-" where it is deleted.
func (f *fakeS3) content(key string) string {
	o := f.current(key)
	if o.marker {
		return "-"
	}
	return strings.TrimPrefix(aws.ToString(o.head.ChecksumCRC64NVME), "sum of ")
}

func (f *fakeS3) run(t *testing.T, o options) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := o.run(t.Context(), &out, store{api: f, bucket: "files", copyLimit: copyLimit, partSize: partSize})
	return out.String(), err
}

func TestADeletedFileIsBackAsItWasAndASecondRunChangesNothing(t *testing.T) {
	f := bucket()
	printed, err := f.run(t, options{keys: []string{"docs/deleted"}})
	if err != nil || f.content("docs/deleted") != "two" || !strings.Contains(printed, "docs/deleted: version v2 of 2026-12-02T10:00:02Z, 3 bytes restored as version v9\n1 files restored") {
		t.Fatalf("%v, %s\n%s", err, f.content("docs/deleted"), printed)
	}
	if got := f.current("docs/deleted"); len(got.tags) != 1 || got.head.Metadata["owner"] != "a" {
		t.Errorf("got %+v", got)
	}
	versions := len(f.objects)
	printed, err = f.run(t, options{keys: []string{"docs/deleted"}})
	if err != nil || len(f.objects) != versions || !strings.Contains(printed, "nothing to do: it is not deleted") {
		t.Errorf("%v\n%s", err, printed)
	}
	if f.find("docs/deleted", "v5").marker != true {
		t.Error("the delete marker is gone")
	}
}

func TestAtATimeEveryFileOfAPrefixIsAsItWasThen(t *testing.T) {
	f := bucket()
	o := options{prefix: "docs/", time: start.Add(4 * time.Second)}
	printed, err := f.run(t, o)
	if f.content("docs/deleted") != "two" || f.content("docs/replaced") != "old" || f.content("docs/same") != "same" {
		t.Errorf("got\n%s", printed)
	}
	// What did not exist then stays, and is said, after the others.
	for _, want := range []string{"2 files were not restored", "docs/gone: no version is as old as 2026-12-02T10:00:04Z", "docs/deleted-not: no version is as old"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if f.content("docs/deleted-not") != "x" {
		t.Error("a file that is newer than the time is gone")
	}
	versions := len(f.objects)
	if printed, _ = f.run(t, o); len(f.objects) != versions || strings.Count(printed, "nothing to do: the current version is the same") != 2 {
		t.Errorf("another run copies again:\n%s", printed)
	}
}

func TestWhatCannotBeRestoredIsSaidAndTheRestIsRestored(t *testing.T) {
	f := bucket()
	f.put("docs/archived", "x")
	f.current("docs/archived").head.StorageClass = types.StorageClassDeepArchive
	f.remove("docs/archived")
	f.put("docs/denied", "x")
	f.remove("docs/denied")
	f.denied = "docs/denied"
	_, err := f.run(t, options{keys: []string{"docs/gone", "docs/archived", "docs/none", "docs/denied", "docs/deleted"}})
	for _, want := range []string{
		"4 files were not restored", "docs/gone: it is deleted, and its versions have expired", "docs/archived: version v9 is in DEEP_ARCHIVE",
		"docs/none: the bucket files has no version of it", "docs/denied: copy version v11: the credentials of the environment lack the permission s3:PutObject",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if f.content("docs/deleted") != "two" {
		t.Error("the last file is not restored")
	}
}

func TestAFileThatWasDeletedAtTheTimeIsNotRestored(t *testing.T) {
	f := bucket()
	_, err := f.run(t, options{keys: []string{"docs/deleted"}, time: start.Add(6 * time.Second)})
	if err == nil || !strings.Contains(err.Error(), "it was deleted at 2026-12-02T10:00:06Z: since 2026-12-02T10:00:05Z") {
		t.Errorf("got %v", err)
	}
}

func TestADryRunWritesNothing(t *testing.T) {
	f := bucket()
	versions := len(f.objects)
	printed, err := f.run(t, options{keys: []string{"docs/deleted"}, dryRun: true})
	if err != nil || len(f.objects) != versions || !strings.Contains(printed, "would be restored\n1 files to restore") {
		t.Errorf("%v\n%s", err, printed)
	}
}

func TestAFileAboveTheLimitIsCopiedInPartsWithAllThatItHas(t *testing.T) {
	f := &fakeS3{}
	f.put("big", "0123456789")
	f.remove("big")
	var out bytes.Buffer
	o := options{keys: []string{"big"}}
	if err := o.run(t.Context(), &out, store{api: f, bucket: "files", copyLimit: 9, partSize: 4}); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(f.parts), "[1 bytes=0-3 2 bytes=4-7 3 bytes=8-9]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c := f.created
	if c.Metadata["owner"] != "a" || aws.ToString(c.Tagging) != "kind=a+b" || aws.ToString(c.ContentType) != "text/plain" || aws.ToString(c.SSEKMSKeyId) != "arn:key" ||
		c.StorageClass != types.StorageClassStandardIa || c.ChecksumAlgorithm != types.ChecksumAlgorithmCrc64nvme || c.ChecksumType != types.ChecksumTypeFullObject {
		t.Errorf("got %+v", c)
	}
	if d := f.completed; aws.ToString(d.ChecksumCRC64NVME) != "sum of 0123456789" || len(d.MultipartUpload.Parts) != 3 || aws.ToString(d.MultipartUpload.Parts[2].ChecksumCRC64NVME) != "part" {
		t.Errorf("got %+v", f.completed)
	}
	if f.content("big") != "0123456789" {
		t.Errorf("got %s", &out)
	}
}

func TestAKeyOfAnyCharactersIsCopied(t *testing.T) {
	const key = "a b+c/ü?versionId=x%2F&d"
	f := &fakeS3{}
	f.put(key, "x")
	f.remove(key)
	if printed, err := f.run(t, options{keys: []string{key}}); err != nil || f.content(key) != "x" {
		t.Errorf("%v\n%s", err, printed)
	}
	if got, want := f.sources[0], "files/a%20b%2Bc/%C3%BC%3FversionId=x%252F&d?versionId=v1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOfOneSecondADeleteMarkerIsNewerThanAVersion(t *testing.T) {
	f := file{"k", newestFirst([]version{{id: "v1", modified: start}, {id: "v2", modified: start}, {id: "marker", modified: start, deleted: true}, {id: "v3", modified: start, latest: true}})}
	var order []string
	for _, v := range f.versions {
		order = append(order, v.id)
	}
	if got := strings.Join(order, " "); got != "v3 marker v1 v2" {
		t.Errorf("got %s", got)
	}
}

func TestMistakesOfTheCommandLine(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no file":               {[]string{"--stack", "dev"}, "name the keys of the files, or set --prefix"},
		"files and a prefix":    {[]string{"a", "--stack", "dev", "--prefix", "b"}, "or set --prefix"},
		"a time without a zone": {[]string{"--at", "2026-12-02 15:04", "a"}, "must be a time with its zone"},
		"a time to come":        {[]string{"--at", "2999-12-02T15:04:05Z", "a"}, "is in the future"},
		"no stack":              {[]string{"a"}, "set --stack"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Run(t.Context(), command.IO{}, c.args); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestTheBucketIsTheStacksOutput(t *testing.T) {
	g := &graph.Graph{Resources: []graph.Resource{{Type: "pulumi:pulumi:Stack", Outputs: map[string]any{"bucket": "files-1a2b3c4"}}}}
	if name, err := filesBucket(g); err != nil || name != "files-1a2b3c4" {
		t.Errorf("got %s, %v", name, err)
	}
	if _, err := filesBucket(&graph.Graph{}); err == nil {
		t.Error("a stack without a bucket has one")
	}
}

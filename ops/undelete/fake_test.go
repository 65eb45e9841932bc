package undelete

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

var start = time.Date(2026, 12, 2, 10, 0, 0, 0, time.UTC)

// object is a version, or a delete marker, in the fake bucket.
type object struct {
	key, id string
	at      time.Time
	marker  bool
	head    s3.HeadObjectOutput
	tags    []types.Tag
}

// fakeS3 is a versioned bucket. Its clock is a second later for each write.
type fakeS3 struct {
	objects []object // the newest last
	now     time.Time
	// denied are the keys that no copy may write.
	denied string
	// parts are the ranges of a multipart copy, created its request.
	parts     []string
	created   *s3.CreateMultipartUploadInput
	completed *s3.CompleteMultipartUploadInput
	sources   []string
}

func (f *fakeS3) tick() (string, time.Time) {
	if f.now.IsZero() {
		f.now = start
	}
	f.now = f.now.Add(time.Second)
	return "v" + strconv.Itoa(len(f.objects)+1), f.now
}

// put writes content as a version.
func (f *fakeS3) put(key, content string) {
	id, at := f.tick()
	f.objects = append(f.objects, object{key: key, id: id, at: at, head: s3.HeadObjectOutput{
		ContentLength: aws.Int64(int64(len(content))), ChecksumType: types.ChecksumTypeFullObject, ChecksumCRC64NVME: aws.String("sum of " + content),
		ContentType: aws.String("text/plain"), Metadata: map[string]string{"owner": "a"}, StorageClass: types.StorageClassStandardIa,
		ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: aws.String("arn:key"), BucketKeyEnabled: aws.Bool(true),
	}, tags: []types.Tag{{Key: aws.String("kind"), Value: aws.String("a b")}}})
}

func (f *fakeS3) remove(key string) {
	id, at := f.tick()
	f.objects = append(f.objects, object{key: key, id: id, at: at, marker: true})
}

func (f *fakeS3) current(key string) *object {
	for i := len(f.objects) - 1; i >= 0; i-- {
		if f.objects[i].key == key {
			return &f.objects[i]
		}
	}
	return nil
}

func (f *fakeS3) find(key, id string) *object {
	i := slices.IndexFunc(f.objects, func(o object) bool { return o.key == key && o.id == id })
	return &f.objects[i]
}

// ListObjectVersions returns one version or delete marker a page.
func (f *fakeS3) ListObjectVersions(_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	var all []object
	for _, o := range slices.Backward(f.objects) {
		if strings.HasPrefix(o.key, aws.ToString(in.Prefix)) {
			all = append(all, o)
		}
	}
	at, _ := strconv.Atoi(aws.ToString(in.KeyMarker))
	out := &s3.ListObjectVersionsOutput{}
	if at < len(all) {
		o := all[at]
		latest := aws.Bool(f.current(o.key).id == o.id)
		if o.marker {
			out.DeleteMarkers = []types.DeleteMarkerEntry{{Key: &o.key, VersionId: &o.id, LastModified: &o.at, IsLatest: latest}}
		} else {
			out.Versions = []types.ObjectVersion{{Key: &o.key, VersionId: &o.id, LastModified: &o.at, IsLatest: latest, Size: o.head.ContentLength}}
		}
	}
	if at+1 < len(all) {
		out.IsTruncated, out.NextKeyMarker = aws.Bool(true), aws.String(strconv.Itoa(at+1))
	}
	return out, nil
}

func (f *fakeS3) HeadObject(_ context.Context, in *s3.HeadObjectInput, _ ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	head := f.find(*in.Key, *in.VersionId).head
	return &head, nil
}

func (f *fakeS3) GetObjectTagging(_ context.Context, in *s3.GetObjectTaggingInput, _ ...func(*s3.Options)) (*s3.GetObjectTaggingOutput, error) {
	return &s3.GetObjectTaggingOutput{TagSet: f.find(*in.Key, *in.VersionId).tags}, nil
}

// write adds a copy of the version that a copy source names.
func (f *fakeS3) write(key, copySource string) (string, error) {
	f.sources = append(f.sources, copySource)
	if key == f.denied {
		return "", &smithy.GenericAPIError{Code: "AccessDenied", Message: "no"}
	}
	path, id, _ := strings.Cut(copySource, "?versionId=")
	from, err := url.PathUnescape(path)
	if err != nil {
		return "", err
	}
	copied := *f.find(strings.TrimPrefix(from, "files/"), id)
	copied.key = key
	copied.id, copied.at = f.tick()
	f.objects = append(f.objects, copied)
	return copied.id, nil
}

func (f *fakeS3) CopyObject(_ context.Context, in *s3.CopyObjectInput, _ ...func(*s3.Options)) (*s3.CopyObjectOutput, error) {
	if in.StorageClass != types.StorageClassStandardIa || aws.ToString(in.SSEKMSKeyId) != "arn:key" || !aws.ToBool(in.BucketKeyEnabled) ||
		in.MetadataDirective != types.MetadataDirectiveCopy || in.TaggingDirective != types.TaggingDirectiveCopy {
		return nil, fmt.Errorf("the copy loses something: %+v", in)
	}
	id, err := f.write(*in.Key, *in.CopySource)
	return &s3.CopyObjectOutput{VersionId: &id}, err
}

func (f *fakeS3) CreateMultipartUpload(_ context.Context, in *s3.CreateMultipartUploadInput, _ ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error) {
	f.created = in
	return &s3.CreateMultipartUploadOutput{UploadId: aws.String("upload")}, nil
}

func (f *fakeS3) UploadPartCopy(_ context.Context, in *s3.UploadPartCopyInput, _ ...func(*s3.Options)) (*s3.UploadPartCopyOutput, error) {
	f.sources = append(f.sources, *in.CopySource)
	f.parts = append(f.parts, fmt.Sprintf("%d %s", *in.PartNumber, *in.CopySourceRange))
	return &s3.UploadPartCopyOutput{CopyPartResult: &types.CopyPartResult{ETag: aws.String("etag"), ChecksumCRC64NVME: aws.String("part")}}, nil
}

func (f *fakeS3) CompleteMultipartUpload(_ context.Context, in *s3.CompleteMultipartUploadInput, _ ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	f.completed = in
	id, err := f.write(*in.Key, f.sources[0])
	return &s3.CompleteMultipartUploadOutput{VersionId: &id}, err
}

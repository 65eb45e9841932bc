package undelete

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/didomi/serverless-api/ops/deployed"
)

// API are the calls of S3 that the command makes; *s3.Client has them. None deletes.
type API interface {
	s3.ListObjectVersionsAPIClient
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	GetObjectTagging(context.Context, *s3.GetObjectTaggingInput, ...func(*s3.Options)) (*s3.GetObjectTaggingOutput, error)
	CopyObject(context.Context, *s3.CopyObjectInput, ...func(*s3.Options)) (*s3.CopyObjectOutput, error)
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	UploadPartCopy(context.Context, *s3.UploadPartCopyInput, ...func(*s3.Options)) (*s3.UploadPartCopyOutput, error)
	CompleteMultipartUpload(context.Context, *s3.CompleteMultipartUploadInput, ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error)
}

const (
	// copyLimit is the largest object that one call copies.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html
	copyLimit = 5 << 30
	// partSize is that of a multipart copy: 5 TiB have 5,120 parts, of 10,000 that S3 allows.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
	partSize = 1 << 30
)

// store is a bucket.
type store struct {
	api                 API
	bucket              string
	copyLimit, partSize int64
}

// source is a version to copy, with all that a copy keeps.
type source struct {
	id   string
	head *s3.HeadObjectOutput
	tags string // as in a query
}

// offline are the storage classes whose objects must be restored from the archive before they are copied.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
var offline = map[types.StorageClass]bool{types.StorageClassGlacier: true, types.StorageClassDeepArchive: true}

// read reads a version's headers and tags.
func (s store) read(ctx context.Context, key, id string) (source, error) {
	head, err := s.api.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &key, VersionId: &id, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil {
		return source{}, deployed.Failed(err, "read version "+id, "s3:GetObjectVersion (or kms:Decrypt)")
	}
	if offline[head.StorageClass] && !strings.Contains(aws.ToString(head.Restore), `ongoing-request="false"`) {
		return source{}, fmt.Errorf("version %s is in %s: restore it from the archive first, with aws s3api restore-object --version-id", id, head.StorageClass)
	}
	tagging, err := s.api.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &s.bucket, Key: &key, VersionId: &id})
	if err != nil {
		return source{}, deployed.Failed(err, "read the tags of version "+id, "s3:GetObjectVersionTagging")
	}
	tags := url.Values{}
	for _, tag := range tagging.TagSet {
		tags.Set(aws.ToString(tag.Key), aws.ToString(tag.Value))
	}
	return source{id, head, tags.Encode()}, nil
}

// same reports whether a version has the source's content and headers. It is false if the two have no kind of checksum of
// the whole object in common: another copy does no harm.
func (s store) same(ctx context.Context, key, id string, wanted source) (bool, error) {
	current, err := s.read(ctx, key, id)
	if err != nil {
		return false, err
	}
	a, b := current.head, wanted.head
	return sameContent(a, b) && current.tags == wanted.tags && maps.Equal(a.Metadata, b.Metadata) &&
		aws.ToString(a.ContentType) == aws.ToString(b.ContentType) && aws.ToString(a.ContentEncoding) == aws.ToString(b.ContentEncoding) &&
		aws.ToString(a.CacheControl) == aws.ToString(b.CacheControl) && aws.ToString(a.ContentDisposition) == aws.ToString(b.ContentDisposition), nil
}

// sameContent compares sizes and checksums of two versions. An ETag is no checksum where KMS encrypts.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html (ETag)
func sameContent(a, b *s3.HeadObjectOutput) bool {
	if aws.ToInt64(a.ContentLength) != aws.ToInt64(b.ContentLength) || a.ChecksumType != b.ChecksumType {
		return false
	}
	equal := false
	for _, pair := range [][2]*string{
		{a.ChecksumCRC64NVME, b.ChecksumCRC64NVME},
		{a.ChecksumCRC32C, b.ChecksumCRC32C},
		{a.ChecksumCRC32, b.ChecksumCRC32},
		{a.ChecksumSHA256, b.ChecksumSHA256},
		{a.ChecksumSHA1, b.ChecksumSHA1},
	} {
		if pair[0] == nil || pair[1] == nil {
			continue
		}
		if *pair[0] != *pair[1] {
			return false
		}
		equal = true
	}
	return equal
}

// copy copies a version over the current one, as a new version, and returns its id. S3 copies metadata, tags and checksum;
// storage class and encryption must be set, or the copy has the defaults.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
func (s store) copy(ctx context.Context, key string, from source) (string, error) {
	if aws.ToInt64(from.head.ContentLength) > s.copyLimit {
		return s.copyInParts(ctx, key, from)
	}
	copied, err := s.api.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: &s.bucket, Key: &key, CopySource: s.copySource(key, from),
		MetadataDirective: types.MetadataDirectiveCopy, TaggingDirective: types.TaggingDirectiveCopy,
		StorageClass: from.head.StorageClass, ServerSideEncryption: from.head.ServerSideEncryption,
		SSEKMSKeyId: from.head.SSEKMSKeyId, BucketKeyEnabled: from.head.BucketKeyEnabled,
	})
	if err != nil {
		return "", deployed.Failed(err, "copy version "+from.id, writing)
	}
	return aws.ToString(copied.VersionId), nil
}

// writing are the permissions of a copy.
const writing = "s3:PutObject or s3:PutObjectTagging (or kms:GenerateDataKey)"

func (s store) copySource(key string, from source) *string {
	// Each part of the path is encoded; a plus would be read as a space.
	parts := strings.Split(key, "/")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(url.PathEscape(part), "+", "%2B")
	}
	return aws.String(s.bucket + "/" + strings.Join(parts, "/") + "?versionId=" + url.QueryEscape(from.id))
}

// copyInParts copies a version that is too large for one call. The bucket's lifecycle removes what an interrupted copy
// leaves.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/CopyingObjectsMPUapi.html
func (s store) copyInParts(ctx context.Context, key string, from source) (string, error) {
	head := from.head
	algorithm, err := checksum(head)
	if err != nil {
		return "", err
	}
	started, err := s.api.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: &key, Metadata: head.Metadata, Tagging: &from.tags,
		ContentType: head.ContentType, ContentEncoding: head.ContentEncoding, ContentLanguage: head.ContentLanguage,
		ContentDisposition: head.ContentDisposition, CacheControl: head.CacheControl, WebsiteRedirectLocation: head.WebsiteRedirectLocation,
		StorageClass: head.StorageClass, ServerSideEncryption: head.ServerSideEncryption,
		SSEKMSKeyId: head.SSEKMSKeyId, BucketKeyEnabled: head.BucketKeyEnabled,
		ChecksumAlgorithm: algorithm, ChecksumType: head.ChecksumType,
	})
	if err != nil {
		return "", deployed.Failed(err, "begin the copy of version "+from.id, writing)
	}
	var parts []types.CompletedPart
	size := aws.ToInt64(head.ContentLength)
	for first := int64(0); first < size; first += s.partSize {
		part := int32(len(parts) + 1)
		copied, err := s.api.UploadPartCopy(ctx, &s3.UploadPartCopyInput{
			Bucket: &s.bucket, Key: &key, UploadId: started.UploadId, PartNumber: &part, CopySource: s.copySource(key, from),
			CopySourceRange: aws.String(fmt.Sprintf("bytes=%d-%d", first, min(first+s.partSize, size)-1)),
		})
		if err != nil {
			return "", deployed.Failed(err, fmt.Sprintf("copy part %d of version %s", part, from.id), writing)
		}
		r := copied.CopyPartResult
		parts = append(parts, types.CompletedPart{
			PartNumber: &part, ETag: r.ETag, ChecksumCRC32: r.ChecksumCRC32, ChecksumCRC32C: r.ChecksumCRC32C,
			ChecksumCRC64NVME: r.ChecksumCRC64NVME, ChecksumSHA1: r.ChecksumSHA1, ChecksumSHA256: r.ChecksumSHA256,
		})
	}
	complete := &s3.CompleteMultipartUploadInput{
		Bucket: &s.bucket, Key: &key, UploadId: started.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		ChecksumType: head.ChecksumType, MpuObjectSize: &size,
	}
	if head.ChecksumType == types.ChecksumTypeFullObject { // S3 compares it with that of the copy
		complete.ChecksumCRC64NVME, complete.ChecksumCRC32C, complete.ChecksumCRC32 = head.ChecksumCRC64NVME, head.ChecksumCRC32C, head.ChecksumCRC32
	}
	done, err := s.api.CompleteMultipartUpload(ctx, complete)
	if err != nil {
		return "", deployed.Failed(err, "end the copy of version "+from.id, writing)
	}
	return aws.ToString(done.VersionId), nil
}

// checksum is the algorithm of a version's checksum; "": it has none.
func checksum(head *s3.HeadObjectOutput) (types.ChecksumAlgorithm, error) {
	switch {
	case head.ChecksumCRC64NVME != nil:
		return types.ChecksumAlgorithmCrc64nvme, nil
	case head.ChecksumCRC32C != nil:
		return types.ChecksumAlgorithmCrc32c, nil
	case head.ChecksumCRC32 != nil:
		return types.ChecksumAlgorithmCrc32, nil
	case head.ChecksumSHA256 != nil:
		return types.ChecksumAlgorithmSha256, nil
	case head.ChecksumSHA1 != nil:
		return types.ChecksumAlgorithmSha1, nil
	case head.ChecksumType != "":
		return "", errors.New("its checksum has an algorithm that this command does not support")
	}
	return "", nil
}

package undelete

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/didomi/serverless-api/ops/deployed"
)

// version is a version of a file, or a delete marker.
type version struct {
	id       string
	modified time.Time // in whole seconds
	size     int64
	latest   bool
	deleted  bool
}

// file is a key with its versions, the newest first.
type file struct {
	key      string
	versions []version
}

// files are the keys that begin with the prefix, or the one key, each with all its versions. S3 lists them by key.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
func (s store) files(ctx context.Context, prefix string, exactly bool) ([]file, error) {
	found := map[string][]version{}
	add := func(key *string, v version) {
		if !exactly || aws.ToString(key) == prefix {
			found[aws.ToString(key)] = append(found[aws.ToString(key)], v)
		}
	}
	pages := s3.NewListObjectVersionsPaginator(s.api, &s3.ListObjectVersionsInput{Bucket: &s.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, deployed.Failed(err, "list the versions of "+prefix, "s3:ListBucketVersions")
		}
		for _, v := range page.Versions {
			add(v.Key, version{aws.ToString(v.VersionId), aws.ToTime(v.LastModified), aws.ToInt64(v.Size), aws.ToBool(v.IsLatest), false})
		}
		for _, m := range page.DeleteMarkers {
			add(m.Key, version{aws.ToString(m.VersionId), aws.ToTime(m.LastModified), 0, aws.ToBool(m.IsLatest), true})
		}
	}
	var all []file
	for key, versions := range found {
		all = append(all, file{key, newestFirst(versions)})
	}
	slices.SortFunc(all, func(a, b file) int { return cmp.Compare(a.key, b.key) })
	return all, nil
}

// newestFirst sorts versions and delete markers, which the SDK returns as two lists. Of one second the latest is first,
// then delete markers: a file is written before it is deleted.
func newestFirst(all []version) []version {
	slices.SortStableFunc(all, func(a, b version) int {
		return cmp.Or(-compare(a.latest, b.latest), -a.modified.Compare(b.modified), -compare(a.deleted, b.deleted))
	})
	return all
}

func compare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// wanted is the version to restore; nil: none, and why.
func (f file) wanted(at time.Time) (*version, string, error) {
	if at.IsZero() {
		return f.lastBeforeDeletion()
	}
	for i := range f.versions {
		v := &f.versions[i]
		if v.modified.After(at) {
			continue
		}
		switch {
		case v.deleted:
			return nil, "", fmt.Errorf("it was deleted at %s: since %s", at.Format(time.RFC3339), v.modified.UTC().Format(time.RFC3339))
		case i == 0:
			return nil, "the current version is of " + v.modified.UTC().Format(time.RFC3339), nil
		}
		return v, "", nil
	}
	return nil, "", fmt.Errorf("no version is as old as %s: it did not exist, or that version has expired (data.bucket.noncurrentDays)", at.Format(time.RFC3339))
}

func (f file) lastBeforeDeletion() (*version, string, error) {
	if !f.versions[0].deleted {
		return nil, "it is not deleted; --at restores an earlier version", nil
	}
	for i := range f.versions {
		if !f.versions[i].deleted {
			return &f.versions[i], "", nil
		}
	}
	return nil, "", errors.New("it is deleted, and its versions have expired (data.bucket.noncurrentDays)")
}

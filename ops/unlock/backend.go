package unlock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/didomi/serverless-api/ops/command"
)

// open reads a backend's address as the Pulumi CLI does: s3://bucket[/prefix][?region=..] or
// file://directory.
func open(ctx context.Context, address string) (backend, error) {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return nil, command.BadUsage("PULUMI_BACKEND_URL is %q; must be s3://bucket or file:///directory", address)
	}
	switch u.Scheme {
	case "file":
		return directory(u.Path), nil
	case "s3":
		c, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, fmt.Errorf("sign in to AWS: %w", err)
		}
		if region := u.Query().Get("region"); region != "" {
			c.Region = region
		}
		client := s3.NewFromConfig(c, func(o *s3.Options) {
			if endpoint := u.Query().Get("endpoint"); endpoint != "" {
				o.BaseEndpoint = aws.String(endpoint)
			}
			o.UsePathStyle = u.Query().Get("s3ForcePathStyle") == "true" || u.Query().Get("use_path_style") == "true"
		})
		return bucket{client, u.Host, strings.Trim(u.Path, "/")}, nil
	}
	return nil, command.BadUsage("PULUMI_BACKEND_URL %q: only s3:// and file:// are supported", address)
}

type bucket struct {
	client       *s3.Client
	name, prefix string
}

func (b bucket) list(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{
		Bucket: aws.String(b.name), Prefix: aws.String(strings.TrimPrefix(path.Join(b.prefix, prefix)+"/", "/")),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			keys = append(keys, aws.ToString(object.Key))
		}
	}
	return keys, nil
}

func (b bucket) read(ctx context.Context, key string) ([]byte, error) {
	object, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(b.name), Key: aws.String(key)})
	if err != nil {
		return nil, err
	}
	defer func() { _ = object.Body.Close() }()
	return io.ReadAll(object.Body)
}

func (b bucket) remove(ctx context.Context, key string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(b.name), Key: aws.String(key)})
	return err
}

// directory is a backend of files.
type directory string

func (f directory) list(_ context.Context, prefix string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(string(f), prefix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var keys []string
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == ".json" {
			keys = append(keys, path.Join(prefix, entry.Name()))
		}
	}
	return keys, err
}

func (f directory) read(_ context.Context, key string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(f), key))
}

func (f directory) remove(_ context.Context, key string) error {
	return os.Remove(filepath.Join(string(f), key))
}

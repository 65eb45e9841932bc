package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// sizes of the objects that are streamed.
var sizes = []struct {
	name  string
	bytes int64
}{{"64 MiB", 64 << 20}, {"1 GiB", 1 << 30}}

// stream measures downloads of objects through each candidate, and by the SDK alone. All use the SDKs' default: the
// checksum of the full object is validated if the response has one.
func (b *bench) stream(ctx context.Context) error {
	if err := b.servers.cloud.store("small", 1<<10); err != nil {
		return err
	}
	for _, size := range sizes {
		if err := b.servers.cloud.store("large", size.bytes); err != nil {
			return err
		}
		for range b.plan.streams {
			for _, c := range b.candidates.streaming() {
				if err := b.streamFrom(ctx, c, size.name, size.bytes); err != nil {
					return fmt.Errorf("%s of %s: %w", size.name, c.name, err)
				}
			}
			if err := b.streamDirect(ctx, size.name, size.bytes); err != nil {
				return fmt.Errorf("%s directly: %w", size.name, err)
			}
		}
	}
	return nil
}

// streamFrom starts a new process, so that its peak memory is the stream's.
func (b *bench) streamFrom(ctx context.Context, c candidate, size string, bytes int64) error {
	work := make(chan *invocation)
	i, err := b.launch(c, work)
	if err != nil {
		return err
	}
	defer i.stop()
	if _, err := ask(ctx, work, file("small")); err != nil {
		return err
	}
	got, err := ask(ctx, work, file("large"))
	if err != nil {
		return err
	}
	if got.bytes != bytes {
		return fmt.Errorf("received %d bytes", got.bytes)
	}
	peak := i.peak()
	name := c.name
	if name == b.candidates.unlimited.name {
		name = b.candidates.ours.name
	}
	b.streamed(size, name, bytes, got.took, got.firstByte)
	b.figures.add("stream "+size+" peak MiB "+name, float64(peak)/(1<<20))
	return nil
}

func (b *bench) streamed(size, name string, bytes int64, took, firstByte time.Duration) {
	b.figures.add("stream "+size+" MiB/s "+name, float64(bytes)/(1<<20)/took.Seconds())
	b.figures.add("stream "+size+" first byte ms "+name, microseconds(firstByte)/1e3)
}

// streamDirect measures one GetObject of the SDK, whose body is discarded.
func (b *bench) streamDirect(ctx context.Context, size string, bytes int64) error {
	client := s3.New(s3.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(b.servers.cloud.url()), UsePathStyle: true,
		Credentials:                awscredentials.NewStaticCredentialsProvider("key", "secret", "token"),
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	})
	began := time.Now()
	out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("large")})
	if err != nil {
		return err
	}
	defer func() { _ = out.Body.Close() }()
	one := make([]byte, 1)
	if _, err := io.ReadFull(out.Body, one); err != nil {
		return err
	}
	firstByte := time.Since(began)
	n, err := io.Copy(io.Discard, out.Body)
	if err != nil {
		return err
	}
	if n+1 != bytes {
		return fmt.Errorf("received %d bytes", n+1)
	}
	b.streamed(size, "direct", bytes, time.Since(began), firstByte)
	return nil
}

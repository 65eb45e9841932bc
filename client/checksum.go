package client

import (
	"context"
	"crypto/md5" //nolint:gosec // against damage on the way, not against an attacker; what S3 compares
	"encoding/base64"
	"fmt"
	"hash"
	"hash/crc64"
	"io"
)

// section is a part of a file, or all of it.
type section struct {
	content io.ReaderAt
	at, len int64
	md5     string // in base64
}

// read computes the section's MD5, and adds its bytes to whole, the checksum of the complete file.
func (s *section) read(ctx context.Context, whole hash.Hash) error {
	sum := md5.New() //nolint:gosec // see the import
	n, err := io.Copy(io.MultiWriter(sum, whole), contextReader{ctx, io.NewSectionReader(s.content, s.at, s.len)})
	if err == nil && n < s.len {
		err = io.ErrUnexpectedEOF
	}
	s.md5 = base64.StdEncoding.EncodeToString(sum.Sum(nil))
	return err
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context //nolint:containedctx // a Reader has no other place for it
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}

// newCRC64NVME returns the checksum that S3 computes of each object (NVM Express NVM Command Set Specification 1.0,
// 5.2.1.3.4, with the polynomial's bits reversed).
func newCRC64NVME() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) }

// compare compares S3's checksum of the complete file, if it reports one, with the file's.
func compare(reported string, whole hash.Hash) error {
	if own := base64.StdEncoding.EncodeToString(whole.Sum(nil)); reported != "" && reported != own {
		return fmt.Errorf("S3 has stored other bytes: their CRC-64/NVME is %s, that of the file %s; upload it again", reported, own)
	}
	return nil
}

package files

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// checksum compares what is read with the checksum that S3 stores for the object. The SDK does so for an object that is read by one
// request. It cannot for one that is read in ranges, for which S3 sends no checksum, so this does it for both. The zero value
// compares nothing.
type checksum struct {
	hash     hash.Hash
	expected []byte
}

// requestChecksum makes S3 send the object's checksum, without the SDK checking it as well.
func requestChecksum(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, smithyhttp.SetHeaderValue("X-Amz-Checksum-Mode", "ENABLED"))
}

// newChecksum returns the strongest check that is cheap. A composite checksum (of the checksums of an upload's parts) is useless
// without the sizes of the parts.
func newChecksum(object *s3.GetObjectOutput) checksum {
	if object.ChecksumType == types.ChecksumTypeComposite {
		return checksum{}
	}
	for _, known := range []struct {
		value *string
		new   func() hash.Hash
	}{
		{object.ChecksumCRC64NVME, newCRC64NVME},
		{object.ChecksumCRC32C, func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }},
		{object.ChecksumCRC32, func() hash.Hash { return crc32.NewIEEE() }},
		{object.ChecksumSHA256, sha256.New},
		{object.ChecksumSHA1, sha1.New},
	} {
		if known.value == nil {
			continue
		}
		if expected, err := base64.StdEncoding.DecodeString(*known.value); err == nil {
			return checksum{hash: known.new(), expected: expected}
		}
	}
	return checksum{}
}

// newCRC64NVME returns S3's own checksum: NVM Express NVM Command Set Specification 1.0, 5.2.1.3.4, with the polynomial's bits
// reversed.
func newCRC64NVME() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) }

func (c checksum) add(p []byte) {
	if c.hash != nil {
		c.hash.Write(p)
	}
}

func (c checksum) matches() bool { return c.hash == nil || bytes.Equal(c.hash.Sum(nil), c.expected) }

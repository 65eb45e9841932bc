package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	masterSecret, appSecret = "arn:master", "arn:app"

	bucket = "bench-files"
)

// cloud serves the AWS calls of the candidates: Secrets Manager, and a bucket of files on disk. Its objects have the
// checksum that an upload by an SDK adds (CRC-32 of the full object).
type cloud struct {
	server *http.Server
	addr   net.Addr
	dir    string

	mu        sync.Mutex
	secrets   map[string]string
	checksums map[string]string // by key, base64
}

func newCloud(user, password string) (*cloud, error) {
	master, err := json.Marshal(map[string]string{"username": user, "password": password})
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-files-")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &cloud{
		addr: listener.Addr(), dir: dir, checksums: map[string]string{},
		secrets: map[string]string{masterSecret: string(master)},
	}
	c.server = &http.Server{Handler: c, ReadHeaderTimeout: time.Minute}
	go func() { _ = c.server.Serve(listener) }() // ends with close
	return c, nil
}

func (c *cloud) url() string { return "http://" + c.addr.String() }

func (c *cloud) close() error { return errors.Join(c.server.Close(), os.RemoveAll(c.dir)) }

// store creates an object of size random bytes.
func (c *cloud) store(key string, size int64) error {
	f, err := os.Create(filepath.Join(c.dir, key))
	if err != nil {
		return err
	}
	sum := crc32.NewIEEE()
	noise := rand.NewChaCha8([32]byte{})
	_, err = io.CopyN(io.MultiWriter(f, sum), noise, size)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.checksums[key] = base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum.Sum32()))
	return errors.Join(err, f.Close())
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		c.serveSecret(w, r, target)
		return
	}
	c.serveObject(w, r, path.Base(r.URL.Path))
}

func (c *cloud) serveSecret(w http.ResponseWriter, r *http.Request, target string) {
	var in struct{ SecretID, SecretString string }
	_ = json.NewDecoder(r.Body).Decode(&in) // an unreadable request names no secret
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.HasSuffix(target, ".PutSecretValue") {
		c.secrets[in.SecretID] = in.SecretString
	}
	value, ok := c.secrets[in.SecretID]
	response := map[string]string{"ARN": in.SecretID, "SecretString": value}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		response = map[string]string{"__type": "ResourceNotFoundException"}
	}
	_ = json.NewEncoder(w).Encode(response)
}

type credentials struct{ Username, Password string }

func (c *cloud) credentials(arn string) (found credentials, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return found, json.Unmarshal([]byte(c.secrets[arn]), &found)
}

// serveObject serves GetObject and HeadObject with conditions and ranges. Like S3, it returns the checksum only if the
// request asks for it, and not for a range.
func (c *cloud) serveObject(w http.ResponseWriter, r *http.Request, key string) {
	f, err := os.Open(filepath.Join(c.dir, key))
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		_, _ = fmt.Fprint(w, `<Error><Code>NoSuchKey</Code></Error>`)
		return
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	c.mu.Lock()
	checksum := c.checksums[key]
	c.mu.Unlock()
	h := w.Header()
	h.Set("ETag", strconv.Quote(checksum))
	h.Set("Content-Type", "application/octet-stream")
	if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && r.Header.Get("Range") == "" {
		h.Set("X-Amz-Checksum-Crc32", checksum)
		h.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	}
	http.ServeContent(w, r, key, info.ModTime(), f)
}

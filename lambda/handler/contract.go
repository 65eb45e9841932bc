package handler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"sync"
)

const contractResource = "/openapi.json"

// contractCaching lets every cache keep the contract, which needs no key, for five minutes: it changes with deployments.
const contractCaching = "public, max-age=300"

// Contract is the client's contract of the API, an OpenAPI document.
type Contract struct {
	text []byte
	etag func() string
}

// NewContract returns the contract with that text. Its entity tag is computed when it is first requested, so that no
// cold start reads the text.
func NewContract(text []byte) *Contract {
	return &Contract{text, sync.OnceValue(func() string {
		sum := sha256.Sum256(text)
		return `"` + hex.EncodeToString(sum[:16]) + `"`
	})}
}

// contract needs no key: a client reads there how to authenticate.
func (h *Handler) contract(_ context.Context, r *request) (*response, error) {
	now := representation{etag: h.Contract.etag(), cacheControl: contractCaching}
	resp, err := r.checkConditions(now)
	if resp != nil || err != nil {
		return resp, err
	}
	resp = rawJSONResponse(http.StatusOK, h.Contract.text)
	now.setHeaders(resp.header)
	return resp, nil
}

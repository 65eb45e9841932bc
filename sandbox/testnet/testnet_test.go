package testnet_test

import (
	"testing"

	"github.com/didomi/serverless-api/sandbox/testnet"
)

func TestANetworkIsReservedForOneTest(t *testing.T) {
	var first string
	t.Run("the first", func(t *testing.T) {
		if first = testnet.Claim(t); testnet.Claim(t) == first {
			t.Errorf("%s was assigned twice", first)
		}
	})
}

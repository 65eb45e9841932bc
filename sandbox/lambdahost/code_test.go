package lambdahost

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
)

func TestIncompleteCodeIsNotUsed(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range []string{"bootstrap", "../outside"} {
		if _, err := z.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	source := &fakeSource{}
	source.put(b.Bytes())
	store := &codeStore{dir: t.TempDir()}
	for _, try := range []string{"first", "second"} {
		t.Run("the "+try+" attempt reports the invalid package", func(t *testing.T) {
			dir, err := store.directory(t.Context(), source, source.function)
			if err == nil || !strings.Contains(err.Error(), "leads out of the package") {
				t.Errorf("%q, %v", dir, err)
			}
		})
	}
}

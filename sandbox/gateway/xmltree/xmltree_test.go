package xmltree

import (
	"strings"
	"testing"
)

func TestAResponseKeepsEverythingThatIsNotChanged(t *testing.T) {
	const document = `<?xml version="1.0" encoding="UTF-8"?>
<DescribeResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
  <Result><Items><Item><Name>a &lt; b &amp; "c"</Name><Empty/><Text> kept </Text></Item><Item><Name>second</Name></Item></Items></Result>
</DescribeResponse>`
	tree, err := Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	tree.First("Item").Set("Added", "1 > 0")
	tree.First("Item").Remove("Empty")
	again, err := Parse(tree.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	item := again.First("Item")
	if item.Value("Name") != `a < b & "c"` || item.Child("Text").Text != " kept " || item.Value("Added") != "1 > 0" || item.Child("Empty") != nil {
		t.Errorf("got %s", tree.Bytes())
	}
	if items := again.First("Items").Items(); len(items) != 2 || items[1].Value("Name") != "second" {
		t.Errorf("got %d items", len(items))
	}
	if !strings.Contains(string(tree.Bytes()), `<DescribeResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">`) {
		t.Errorf("the response has no namespace: %s", tree.Bytes())
	}
}

func TestAnInvalidDocumentIsRejected(t *testing.T) {
	for name, document := range map[string]string{"an empty document": "", "plain text": "oops", "an element without its end": "<a><b></a>"} {
		t.Run(name, func(t *testing.T) {
			if tree, err := Parse([]byte(document)); err == nil {
				t.Errorf("Parse() = %+v, want an error", tree)
			}
		})
	}
}

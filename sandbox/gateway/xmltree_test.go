package gateway

import (
	"strings"
	"testing"
)

func TestAnAnswerKeepsEverythingThatIsNotChanged(t *testing.T) {
	const document = `<?xml version="1.0" encoding="UTF-8"?>
<DescribeResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">
  <Result><Items><Item><Name>a &lt; b &amp; "c"</Name><Empty/><Text> kept </Text></Item><Item><Name>second</Name></Item></Items></Result>
</DescribeResponse>`
	tree, err := parseXML([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	tree.first("Item").set("Added", "1 > 0")
	tree.first("Item").remove("Empty")
	again, err := parseXML(tree.bytes())
	if err != nil {
		t.Fatal(err)
	}
	item := again.first("Item")
	if item.value("Name") != `a < b & "c"` || item.child("Text").text != " kept " || item.value("Added") != "1 > 0" || item.child("Empty") != nil {
		t.Errorf("got %s", tree.bytes())
	}
	if items := again.first("Items").items(); len(items) != 2 || items[1].value("Name") != "second" {
		t.Errorf("got %d items", len(items))
	}
	if !strings.Contains(string(tree.bytes()), `<DescribeResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">`) {
		t.Errorf("the namespace is lost: %s", tree.bytes())
	}
}

func TestWhatIsNoDocumentIsAnError(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "plain text": "oops", "cut off": "<a><b></a>"} {
		t.Run(name, func(t *testing.T) {
			if tree, err := parseXML([]byte(text)); err == nil {
				t.Errorf("got %+v", tree)
			}
		})
	}
}

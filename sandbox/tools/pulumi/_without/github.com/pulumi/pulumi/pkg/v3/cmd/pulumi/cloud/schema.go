package cloud

// Pulumi's file renders schemas, which LoadIndex returns none of. What renders operations calls these two.

func markdownEnumTail([]string) string { return "" }

func mdInline(text string) string { return text }

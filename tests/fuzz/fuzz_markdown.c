/*
 * Foreign text in Markdown, as CommonMark with GitHub's extensions reads it: in a fence it is one block of code, and on
 * a line it is text and nothing else, in which GitHub finds nobody to notify and nothing to link.
 */
#include "common/markdown.h"
#include "common/text.h"
#include "tests/fuzz/commonmark.h"
#include "tests/fuzz/fuzz.h"

#define MAX_BYTES (256 * 1024)

static char *plan_of(struct buffer *out, const char *before, const char *after,
	int (*append)(struct buffer *out, const char *text), const char *text) {
	char *plan;

	buffer_init(out, 4 * MAX_BYTES);
	FUZZ_CHECK(buffer_append_str(out, before) == 0 && append(out, text) == 0);
	FUZZ_CHECK(buffer_append_str(out, after) == 0);
	FUZZ_CHECK(text_is_utf8(out->data, out->len));
	plan = commonmark_plan(out->data, out->len);
	buffer_finish(out);
	return plan;
}

/* What stands around the foreign text, and how it then has to read, whatever the text is. */
static void reads_as(const char *before, const char *after,
	int (*append)(struct buffer *out, const char *text), const char *text) {
	struct buffer out;
	char *expected = plan_of(&out, before, after, append, "x");
	char *plan = plan_of(&out, before, after, append, text);

	if (strcmp(plan, expected) != 0) {
		fprintf(stderr, "%s\ninstead of\n%s\n", plan, expected);
	}
	FUZZ_CHECK(strcmp(plan, expected) == 0);
	free(plan);
	free(expected);
}

static int append_fence(struct buffer *out, const char *text) {
	return markdown_fence(out, "text", text, 4096);
}

void fuzz_one(struct fuzz in) {
	char *text = fuzz_string((struct fuzz){ in.data, MIN(in.len, (size_t)8192) });
	char *line = NULL;
	struct buffer out;

	reads_as("Before.\n\n", "\nAfter.\n", append_fence, text);
	reads_as("- Item\n\n<details>\n\n", "\n</details>\n", append_fence, text);
	reads_as("Before ", " after.\n\nEnd.\n", markdown_code, text);
	reads_as("- Name: ", "\n- Next\n", markdown_code, text);
	reads_as("# Title: ", "\n\nEnd.\n", markdown_inline, text);
	/* At the beginning of a line, too; there it must not be empty. */
	reads_as("", "x\n\nEnd.\n", markdown_inline, text);

	buffer_init(&out, MAX_BYTES);
	FUZZ_CHECK(markdown_inline(&out, text) == 0);
	line = commonmark_text(out.data != NULL ? out.data : "", out.len);
	FUZZ_CHECK(!commonmark_notifies(line));
	free(line);
	buffer_finish(&out);
	free(text);
}

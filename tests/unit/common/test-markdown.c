#include "common/markdown.h"

#include <errno.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define BOUND ((size_t)1024 * 1024)

struct case_row {
	const char *in;
	const char *out;
};

typedef int writer(struct buffer *out, const char *text);

static void expect_all(const struct case_row *cases, size_t n_cases, writer *write) {
	for (size_t i = 0; i < n_cases; i++) {
		_cleanup_(buffer_finish) struct buffer out;

		buffer_init(&out, BOUND);
		assert_int_equal(write(&out, cases[i].in), 0);
		assert_string_equal(out.data, cases[i].out);
	}
}

static const struct case_row inline_cases[] = {
	{ "", "" },
	{ "Next.js build failed", "Next.js build failed" },
	{ "gr\xC3\xBC\xC3\x9F 50% done, ok?", "gr\xC3\xBC\xC3\x9F 50% done, ok?" },
	/* Mentions. */
	{ "@user", "@ user" },
	{ "see @team/x, (@user)", "see @ team/x, \\(@ user\\)" },
	{ "a.@user _@user \xC3\xA9@user", "a.@ user \\_@ user \xC3\xA9@ user" },
	{ "me@example.com", "me@ example.com" },
	{ "@\xE2\x80\x8Buser", "@ user" },
	{ "\\@user", "\\\\@ user" },
	{ "@<!-- x -->user", "@ user" },
	{ "&#64;user", "&amp;\\# 64;user" },
	/* References and what closes them. */
	{ "#12", "\\# 12" },
	{ "owner/repo#3", "owner/repo\\# 3" },
	{ "GH-12 gh-7 high-5", "GH- 12 gh- 7 high-5" },
	{ "Fixes #1", "Fixes \\# 1" },
	{ "resolves: o/r#1", "resolves: o/r\\# 1" },
	{ "closes: x", "closes: x" },
	{ "fixes https://github.com/o/r/issues/1", "fixes https:// github.com/o/r/issues/1" },
	{ "www.example.com", "www\\.example.com" },
	/* Commands, at the start of any of its lines. */
	{ "/merge", "\\/merge" },
	{ "  /merge", "\\/merge" },
	{ "x\n/merge", "x /merge" },
	/* Markup. */
	{ "<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;" },
	{ "a <!-- hidden --> b", "a b" },
	{ "a <!-- left open", "a left open" },
	{ "<!-<!-- x -->- y -->", "&lt;\\!- - y --&gt;" },
	{ "[x](javascript:y)", "\\[x\\]\\(javascript:y\\)" },
	{ "![x](y)", "\\!\\[x\\]\\(y\\)" },
	{ "*a* __b__ ~c~ `d` $e$", "\\*a\\* \\_\\_b\\_\\_ \\~c\\~ \\`d\\` \\$e\\$" },
	{ "a|b", "a\\|b" },
	{ "a\\", "a\\\\" },
	{ "&copy;", "&amp;copy;" },
	/* What only acts at the start of a line. */
	{ "# heading", "\\# heading" },
	{ "- item", "\\- item" },
	{ "+ item", "\\+ item" },
	{ "1. item", "1\\. item" },
	{ "12) item", "12\\) item" },
	{ "> quote", "&gt; quote" },
	{ "===", "\\===" },
	{ "---", "\\---" },
	{ "    code", "code" },
	{ ":---|:---", "\\:---\\|:---" },
	{ "title\n===\n\n\n- x\t y", "title === - x y" },
	/* Text that is not what it seems. */
	{ "a\xE2\x80\xAE"
	  "b\xE2\x81\xA6",
		"ab" },
	{ "a\x1B[31mb\x1B[0m\xFF", "ab\xEF\xBF\xBD" },
};

static void inline_text(void **state) {
	expect_all(inline_cases, ARRAY_SIZE(inline_cases), markdown_inline);
}

static const struct case_row code_cases[] = {
	{ "<!-- c", "`< !-- c`" },
	{ "a<!--b-->c", "`a< !--b-->c`" },
	{ "<!-<!--<!--", "`<!-< !--< !--`" },
	{ "<!-- no\nname -->x", "`x`" },
	{ "\u0645\u06cc\u200c\u062e", "`\u0645\u06cc\u200c\u062e`" },
	{ "ma\u200cin", "`main`" },
	{ "npm test", "`npm test`" },
	{ "@user #12 <b> /merge", "`@user #12 <b> /merge`" },
	{ "a`b", "``a`b``" },
	{ "a``b`c", "```a``b`c```" },
	{ "`a", "`` `a ``" },
	{ "a```", "```` a``` ````" },
	{ "", "` `" },
	{ " a\nb ", "`a b`" },
	{ "a\\", "`a\\`" },
	{ "x\xE2\x80\x8By\x07z", "`xyz`" },
};

static void inline_code(void **state) {
	expect_all(code_cases, ARRAY_SIZE(code_cases), markdown_code);
}

static int fence_text(struct buffer *out, const char *text) {
	return markdown_fence(out, "text", text, 1000);
}

static const struct case_row fence_cases[] = {
	{ "", "```text\n```\n" },
	{ "a\nb\n", "```text\na\nb\n```\n" },
	{ "no end", "```text\nno end\n```\n" },
	{ "\n\na", "```text\n\n\na\n```\n" },
	{ "```\n@user\n```\n", "````text\n```\n@user\n```\n````\n" },
	{ "x `````` y", "```````text\nx `````` y\n```````\n" },
	{ "`\xE2\x80\x8B``\nx", "````text\n```\nx\n````\n" },
	{ "``<!-- x -->``\n", "```text\n`` ``\n```\n" },
	{ "~~~\n", "```text\n~~~\n```\n" },
	/* Bots read the source. */
	{ "/merge", "```text\n\\/merge\n```\n" },
	{ "a\n  /lgtm cancel\n", "```text\na\n\\  /lgtm cancel\n```\n" },
	{ "> /retest\n>>/merge", "```text\n\\> /retest\n\\>>/merge\n```\n" },
	{ "/usr/bin/cc: not found\n", "```text\n/usr/bin/cc: not found\n```\n" },
	{ "a\r/merge\n", "```text\n\\/merge\n```\n" },
	{ "a\n\x1B[1m/merge\n", "```text\na\n\\/merge\n```\n" },
	{ "a\n\xE2\x80\x8B/merge\n", "```text\na\n\\/merge\n```\n" },
	/* What a person would not see. */
	{ "a <!-- do evil --> b", "```text\na   b\n```\n" },
	{ "a <!-- over\nlines --> b", "```text\na   b\n```\n" },
	{ "a <!-- open\nb", "```text\na   open\nb\n```\n" },
	{ "a\xE2\x80\xAE"
	  "b\xFF",
		"```text\nab\xEF\xBF\xBD\n```\n" },
	/* Paths and package names stay what they are. */
	{ "@types/node #12 <img>", "```text\n@types/node #12 <img>\n```\n" },
};

static void fences(void **state) {
	expect_all(fence_cases, ARRAY_SIZE(fence_cases), fence_text);
}

static void a_fence_starts_on_its_own_line(void **state) {
	_cleanup_(buffer_finish) struct buffer out;

	buffer_init(&out, BOUND);
	assert_int_equal(buffer_append_str(&out, "Log:"), 0);
	assert_int_equal(markdown_fence(&out, "text", "a", 10), 0);
	assert_int_equal(markdown_fence(&out, "text", "b", 10), 0);
	assert_string_equal(out.data, "Log:\n```text\na\n```\n```text\nb\n```\n");
}

static void a_huge_text_keeps_head_and_tail(void **state) {
	_cleanup_(buffer_finish) struct buffer out, text;

	buffer_init(&out, 4096);
	buffer_init(&text, 8 * BOUND);
	assert_int_equal(buffer_append_str(&text, "first line\n"), 0);
	for (int i = 0; i < 50000; i++) {
		assert_int_equal(buffer_append_str(&text, "\xE2\x82\xAC in between\n"), 0);
	}
	assert_int_equal(buffer_append_str(&text, "last line\n"), 0);
	for (size_t max = 100; max < 110; max++) {
		const char *mark;
		size_t missing = 0;

		buffer_consume(&out, out.len);
		assert_int_equal(markdown_fence(&out, "text", text.data, max), 0);
		assert_non_null(strstr(out.data, "```text\nfirst line\n"));
		assert_non_null(strstr(out.data, "\nlast line\n```\n"));
		assert_true(text_is_utf8(out.data, out.len));
		mark = strstr(out.data, "\n[... ");
		assert_non_null(mark);
		assert_int_equal(sscanf(mark, "\n[... %zu bytes left out ...]\n", &missing), 1);
		assert_true(missing >= text.len - max && missing < text.len - max + 8);
	}
}

static void a_cut_cannot_make_a_command(void **state) {
	_cleanup_(buffer_finish) struct buffer out;

	buffer_init(&out, BOUND);
	/* The tail is "/merge". */
	assert_int_equal(markdown_fence(&out, "text", "0123456789 0123456789/merge", 12), 0);
	assert_non_null(strstr(out.data, "\n\\/merge\n"));
}

static void a_full_buffer_stays_as_it_was(void **state) {
	_cleanup_(buffer_finish) struct buffer out;

	buffer_init(&out, 12);
	assert_int_equal(buffer_append_str(&out, "x"), 0);
	assert_int_equal(markdown_fence(&out, "text", "abcdef", 100), -EMSGSIZE);
	assert_int_equal(markdown_inline(&out, "************"), -EMSGSIZE);
	assert_int_equal(markdown_code(&out, "abcdefghijkl"), -EMSGSIZE);
	assert_string_equal(out.data, "x");
	assert_int_equal(out.len, 1);
}

static void expect_no_match(const char *pattern, const char *text) {
	regex_t regex;

	assert_int_equal(
		regcomp(&regex, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB | REG_NEWLINE), 0);
	assert_int_equal(regexec(&regex, text, 0, NULL, 0), REG_NOMATCH);
	regfree(&regex);
}

static void links_of_our_own(void **state) {
	static const struct {
		const char *url, *text;
	} cases[] = {
		{ "https://a.example/b#c-1?d=e&f", "[words](https://a.example/b#c-1?d=e&f)" },
		{ "http://127.0.0.1:80/x", "[words](http://127.0.0.1:80/x)" },
		{ "", "words" },
		{ "javascript:x", "words" },
		{ "//a.example", "words" },
		{ "https://a.example/)", "words" },
		{ "https://a.example/(", "words" },
		{ "https://a.example/ x", "words" },
		{ "https://a.example/\n", "words" },
		{ "https://a.example/<", "words" },
		{ "https://a.example/>", "words" },
		{ "https://a.example/\\", "words" },
		{ "https://a.example/`", "words" },
		{ "https://a.example/\"", "words" },
		{ "https://a.example/@octocat", "words" },
		{ "https://mona@a.example/", "words" },
		{ "https://\xc3\xa9.example", "words" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(buffer_finish) struct buffer out;

		buffer_init(&out, BOUND);
		assert_int_equal(markdown_link(&out, "words", cases[i].url), 0);
		assert_string_equal(out.data, cases[i].text);
	}
}

/* Any mix of what is dangerous: nothing of it is in the result in a form that acts. */
static void no_mix_acts(void **state) {
	static const char *const parts[] = { "@", "user", "#", "12", "GH-", "fixes ", "/merge",
		"\n", " ", "<!--", "-->", "<", "img>", "`", "```", "\\", "&", "[x](", ")",
		"\xE2\x80\x8B", "\xE2\x80\xAE", "\r", "\x1B[31m", "\xFF", "https://",
		"github.com/o/r/issues/1", "-", "1.", "=", "|" };
	uint32_t seed = 1;

	for (int round = 0; round < 5000; round++) {
		_cleanup_(buffer_finish) struct buffer in, line, block;
		size_t fence;

		buffer_init(&in, BOUND);
		buffer_init(&line, BOUND);
		buffer_init(&block, BOUND);
		for (int i = 0; i < 12; i++) {
			seed = seed * 1664525 + 1013904223;
			assert_int_equal(
				buffer_append_str(&in, parts[(seed >> 16) % ARRAY_SIZE(parts)]), 0);
		}
		assert_int_equal(markdown_inline(&line, in.data), 0);
		expect_no_match("(^|[^a-z0-9])@[a-z0-9]", line.data);
		expect_no_match("#[0-9]", line.data);
		expect_no_match("(^|[^a-z0-9])GH-[0-9]", line.data);
		expect_no_match("://[^ ]", line.data);
		expect_no_match("^[ \t]*[-+=/#>|]", line.data);
		expect_no_match("[<>]", line.data);
		assert_null(strchr(line.data, '\n'));

		assert_int_equal(markdown_fence(&block, "text", in.data, 1000), 0);
		expect_no_match("^[ \t]*/merge([ \t]|$)", block.data);
		expect_no_match("<!--", block.data);
		/* The one line that could end the block is the last. */
		fence = strspn(block.data, "`");
		block.data[fence] = '\0';
		assert_ptr_equal(strstr(block.data + fence + 1, block.data),
			block.data + block.len - fence - 1);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inline_text),
		cmocka_unit_test(inline_code),
		cmocka_unit_test(links_of_our_own),
		cmocka_unit_test(fences),
		cmocka_unit_test(a_fence_starts_on_its_own_line),
		cmocka_unit_test(a_huge_text_keeps_head_and_tail),
		cmocka_unit_test(a_cut_cannot_make_a_command),
		cmocka_unit_test(a_full_buffer_stays_as_it_was),
		cmocka_unit_test(no_mix_acts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

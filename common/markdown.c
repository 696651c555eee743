#include "common/markdown.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"

#define COMMENT_OPEN "<!--"
#define COMMENT_CLOSE "-->"
#define FENCE_MIN 3
/*
 * GitHub reads with cmark-gfm, which takes a longer run than 80 for no code (MAXBACKTICKS in inlines.c) and a fence of
 * more than 255 for one of 255 (fence_length in node.h). What opens the code is one longer than any run inside.
 */
#define BACKTICK_RUN_MAX 79

/*
 * In place. A comment becomes a blank, so that what stood around it cannot join to another one; an opening without
 * an end loses its marker only.
 */
static void strip_comments(char *text) {
	char *to = text;
	char *from = text;
	bool may_close = true;

	while (*from != '\0') {
		char *end = NULL;

		if (strncmp(from, COMMENT_OPEN, strlen(COMMENT_OPEN)) != 0) {
			*to++ = *from++;
			continue;
		}
		if (may_close) {
			end = strstr(from + strlen(COMMENT_OPEN), COMMENT_CLOSE);
			may_close = end != NULL;
		}
		*to++ = ' ';
		from = end != NULL ? end + strlen(COMMENT_CLOSE) : from + strlen(COMMENT_OPEN);
	}
	*to = '\0';
}

/* In place. */
static void cut_backtick_runs(char *text) {
	char *to = text;
	size_t run = 0;

	for (const char *from = text; *from != '\0'; from++) {
		run = *from == '`' ? run + 1 : 0;
		if (run <= BACKTICK_RUN_MAX) {
			*to++ = *from;
		}
	}
	*to = '\0';
}

/* What every text goes through first. NULL: memory. */
static char *prepare(const char *text) {
	char *clean = text_clean(text, strlen(text));

	if (clean != NULL) {
		strip_comments(clean);
		cut_backtick_runs(clean);
	}
	return clean;
}

/* In place: one line, blanks joined, none at either end. */
static void join_lines(char *text) {
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		bool blank = *from == ' ' || *from == '\t' || *from == '\n';

		if (!blank) {
			*to++ = *from;
		} else if (to > text && to[-1] != ' ') {
			*to++ = ' ';
		}
	}
	if (to > text && to[-1] == ' ') {
		to--;
	}
	*to = '\0';
}

static size_t longest_backtick_run(const char *data, size_t len) {
	size_t longest = 0;
	size_t run = 0;

	for (size_t i = 0; i < len; i++) {
		run = data[i] == '`' ? run + 1 : 0;
		longest = MAX(longest, run);
	}
	return longest;
}

static int append_run(struct buffer *out, char c, size_t n) {
	int status = 0;

	for (size_t i = 0; status == 0 && i < n; i++) {
		status = buffer_append(out, &c, 1);
	}
	return status;
}

/*
 * "/merge", "/lgtm cancel": a word behind the slash and then a blank or the end. Bots read the source of a comment,
 * fences and all; "/usr/bin/cc: ..." is no command.
 */
static bool is_slash_command(const char *line, size_t len) {
	size_t i = 1;

	if (len < 2 || line[0] != '/' || !isalpha((unsigned char)line[1])) {
		return false;
	}
	while (i < len && (isalnum((unsigned char)line[i]) || line[i] == '-' || line[i] == '_')) {
		i++;
	}
	return i == len || line[i] == ' ' || line[i] == '\t';
}

static int append_line(struct buffer *out, const char *line, size_t len) {
	size_t indent = 0;
	int status = 0;

	/* A quotation is stripped by some, as blanks are. */
	while (indent < len && strchr(" \t>", line[indent]) != NULL && line[indent] != '\0') {
		indent++;
	}
	if (is_slash_command(line + indent, len - indent)) {
		status = buffer_append_str(out, "\\");
	}
	if (status == 0) {
		status = buffer_append(out, line, len);
	}
	return status < 0 ? status : buffer_append_str(out, "\n");
}

/* Ends with a newline, whether `data` does or not. */
static int append_lines(struct buffer *out, const char *data, size_t len) {
	const char *end = data + len;
	int status = 0;

	while (status == 0 && data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		const char *line_end = newline != NULL ? newline : end;

		status = append_line(out, data, (size_t)(line_end - data));
		data = newline != NULL ? newline + 1 : end;
	}
	return status;
}

/* Where a tail of at most `len` bytes starts. */
static const char *tail_start(const char *data, size_t total, size_t len) {
	const char *start = data + total - len;

	while (((unsigned char)*start & 0xC0) == 0x80) {
		start++;
	}
	return start;
}

static int append_head_and_tail(struct buffer *out, const char *text, size_t len, size_t max_bytes) {
	size_t head = text_cut(text, max_bytes / 2);
	const char *tail = tail_start(text, len, max_bytes - max_bytes / 2);
	int status = append_lines(out, text, head);

	if (status < 0) {
		return status;
	}
	status = buffer_appendf(out, "[... %zu bytes left out ...]\n", (size_t)(tail - text) - head);
	if (status < 0) {
		return status;
	}
	return append_lines(out, tail, strlen(tail));
}

static int append_fenced(struct buffer *out, const char *info, const char *text, size_t max_bytes) {
	size_t len = strlen(text);
	size_t fence = MAX(longest_backtick_run(text, len) + 1, (size_t)FENCE_MIN);
	int status = 0;

	if (out->len > 0 && out->data[out->len - 1] != '\n') {
		status = buffer_append_str(out, "\n");
	}
	if (status == 0) {
		status = append_run(out, '`', fence);
	}
	if (status == 0) {
		status = buffer_appendf(out, "%s\n", info);
	}
	if (status == 0) {
		status = len <= max_bytes ? append_lines(out, text, len)
					  : append_head_and_tail(out, text, len, max_bytes);
	}
	if (status == 0) {
		status = append_run(out, '`', fence);
	}
	return status < 0 ? status : buffer_append_str(out, "\n");
}

/* After a failure nothing was appended. */
static int keep_or_undo(struct buffer *out, size_t len, int status) {
	if (status < 0 && out->cap > 0) {
		out->len = len;
		out->data[len] = '\0';
	}
	return status;
}

int markdown_fence(struct buffer *out, const char *info, const char *text, size_t max_bytes) {
	_cleanup_(freep) char *clean = prepare(text);
	size_t len = out->len;

	if (clean == NULL) {
		return -ENOMEM;
	}
	return keep_or_undo(out, len, append_fenced(out, info, clean, max_bytes));
}

/* HTML's own characters as entities, the rest by a backslash (CommonMark 2.4). */
static const char *html_entity(char c) {
	switch (c) {
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '&': return "&amp;";
	default: return NULL;
	}
}

static bool starts_word(const char *text, const char *p) {
	return p == text || !isalnum((unsigned char)p[-1]);
}

/*
 * Whether a blank behind `p` is what stops the forge: it looks for names, numbers and addresses in the rendered text,
 * where an escape is gone. Without a reference behind it a closing keyword closes nothing.
 */
static bool is_reference_sign(const char *text, const char *p) {
	unsigned char next = (unsigned char)p[1];

	switch (*p) {
	case '@': return next != '\0' && next != ' '; /* behind a word: an address to write to */
	case '#': return isdigit(next);
	case '-':
		return isdigit(next) && p - text >= 2 && strncasecmp(p - 2, "GH", 2) == 0 &&
			starts_word(text, p - 2);
	case '/': return p - text >= 2 && p[-1] == '/' && p[-2] == ':';
	default: return false;
	}
}

/* "1." and "1)" start a list. */
static bool is_list_mark(const char *text, const char *p) {
	size_t n_digits = strspn(text, "0123456789");

	return n_digits > 0 && p == text + n_digits && (*p == '.' || *p == ')');
}

static bool needs_backslash(const char *text, const char *p) {
	if (p == text && strchr("/-+=:", *p) != NULL) {
		return true;
	}
	if (*p == '.' && p - text >= 3 && strncasecmp(p - 3, "www", 3) == 0) {
		return true;
	}
	return strchr("\\`*_{}[]()#!|~$^", *p) != NULL || is_list_mark(text, p);
}

static int append_escaped(struct buffer *out, const char *text, const char *p) {
	const char *entity = html_entity(*p);
	int status = 0;

	if (entity != NULL) {
		return buffer_append_str(out, entity);
	}
	if (needs_backslash(text, p)) {
		status = buffer_append_str(out, "\\");
	}
	if (status == 0) {
		status = buffer_append(out, p, 1);
	}
	if (status == 0 && is_reference_sign(text, p)) {
		status = buffer_append_str(out, " ");
	}
	return status;
}

int markdown_inline(struct buffer *out, const char *text) {
	_cleanup_(freep) char *clean = prepare(text);
	size_t len = out->len;
	int status = 0;

	if (clean == NULL) {
		return -ENOMEM;
	}
	join_lines(clean);
	for (const char *p = clean; status == 0 && *p != '\0'; p++) {
		status = append_escaped(out, clean, p);
	}
	return keep_or_undo(out, len, status);
}

static int append_code(struct buffer *out, const char *text) {
	size_t len = strlen(text);
	size_t fence = longest_backtick_run(text, len) + 1;
	/* CommonMark 6.1: one blank at both ends is taken off, and keeps a backtick from joining the fence. */
	bool pad = len == 0 || text[0] == '`' || text[len - 1] == '`';
	int status = append_run(out, '`', fence);

	if (status == 0) {
		status = buffer_appendf(
			out, "%s%s%s", pad ? " " : "", text, pad && len > 0 ? " " : "");
	}
	return status < 0 ? status : append_run(out, '`', fence);
}

/* A name stays what it is, but for a blank that makes no comment of it: without its beginning it were another one. */
static char *prepare_name(const char *name) {
	size_t left = strlen(name) / strlen(COMMENT_OPEN) + strlen(name) + 1;
	char *out = malloc(left), *to = out;

	for (; out != NULL && *name != '\0'; name++) {
		*to++ = *name;
		if (strncmp(name, COMMENT_OPEN, strlen(COMMENT_OPEN)) == 0) {
			*to++ = ' ';
		}
	}
	if (out != NULL) {
		*to = '\0';
		cut_backtick_runs(out);
	}
	return out;
}

int markdown_code(struct buffer *out, const char *text) {
	bool is_name = text_is_name(text, strlen(text) + 1);
	_cleanup_(freep) char *clean = is_name ? prepare_name(text) : prepare(text);
	size_t len = out->len;

	if (clean == NULL) {
		return -ENOMEM;
	}
	join_lines(clean);
	return keep_or_undo(out, len, append_code(out, clean));
}

static bool is_linkable(const char *url) {
	for (const char *c = url; *c != '\0'; c++) {
		if (*c <= ' ' || *c >= 0x7f || strchr("()<>[]\\`\"@", *c) != NULL) {
			return false;
		}
	}
	return text_is_web_url(url);
}

int markdown_link(struct buffer *out, const char *words, const char *url) {
	return is_linkable(url) ? buffer_appendf(out, "[%s](%s)", words, url)
				: buffer_append_str(out, words);
}

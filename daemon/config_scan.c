/*
 * libconfuse 3.3 is left with text it reads as people mean it. By itself it takes a section left open for closed,
 * drops characters it has no use for ("acme/" for acme/ with a star), miscounts lines after comments, accepts comments
 * in a few places only, and carries an open string or comment over into the next file it reads.
 */
#include "daemon/config_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* What ends a bare word; as lexer.l of libconfuse has it. */
#define WORD_END " #\"'\t\n\r={}()+,*"

#define SECTIONS_MAX (LIMIT_CONFIG_FORGES + LIMIT_CONFIG_AGENTS + LIMIT_CONFIG_PROJECTS)

/* More keys than any section has, so that repeats are found; of further ones they are not. */
#define KEYS_MAX 32

/* A word of the text, without its quotes. */
struct word {
	const char *text;
	size_t len;
	int line;
};

/* The keys set so far in one section, or at the top level. */
struct keys {
	struct word words[KEYS_MAX];
	size_t n;
};

struct scan {
	struct config_source *source;
	char *text;
	size_t pos;
	size_t len;
	int line;
	size_t depth;	   /* braces open */
	int open_line;	   /* of the outermost of them */
	bool after_equals; /* the last word or sign was "=": a brace opens a list */
	bool in_list;	   /* the outermost brace opened a list */
	struct word last;  /* a key, if "=" follows */
	struct keys top;
	struct keys section; /* the one that is open */
	char *problem;
};

static int problem(struct scan *scan, const char *what) {
	text_copy(scan->problem, LIMIT_SENTENCE_MAX, what);
	return -EINVAL;
}

static char peek(const struct scan *scan, size_t ahead) {
	return scan->pos + ahead < scan->len ? scan->text[scan->pos + ahead] : '\0';
}

static void blank(struct scan *scan) {
	if (scan->text[scan->pos] == '\n') {
		scan->line++;
	} else {
		scan->text[scan->pos] = ' ';
	}
	scan->pos++;
}

static void blank_line_comment(struct scan *scan) {
	while (scan->pos < scan->len && scan->text[scan->pos] != '\n') {
		blank(scan);
	}
}

static int blank_block_comment(struct scan *scan) {
	int line = scan->line;

	blank(scan);
	blank(scan);
	while (!(peek(scan, 0) == '*' && peek(scan, 1) == '/')) {
		if (scan->pos >= scan->len) {
			scan->line = line;
			return problem(
				scan, "the comment that begins here is not closed; \"*/\" ends it");
		}
		blank(scan);
	}
	blank(scan);
	blank(scan);
	return 0;
}

/* ${NAME} or ${NAME:-default}. libconfuse looks for its end beyond the string and the line. */
static int check_reference(struct scan *scan) {
	size_t n = strcspn(scan->text + scan->pos, "}\"\n");

	if (scan->text[scan->pos + n] != '}') {
		return problem(scan,
			"\"${\" begins the name of an environment variable, which \"}\" ends; "
			"'single quotes' or \"\\$\" keep it as text");
	}
	scan->pos += n + 1;
	return 0;
}

static int check_escape(struct scan *scan) {
	char c = peek(scan, 1);

	if (c >= '0' && c <= '9') {
		return problem(scan,
			"there are no octal escapes; a character by number is \"\\x\" and two "
			"hexadecimal digits");
	}
	if (c == 'x' && peek(scan, 2) == '0' && strchr("0\"", peek(scan, 3))) {
		return problem(scan, "\"\\x0\" would end the text");
	}
	if (c == '\n') {
		scan->line++;
	}
	scan->pos += 2;
	return 0;
}

static int scan_string(struct scan *scan, char quote) {
	const char *start = scan->text + scan->pos + 1;
	int line = scan->line;

	scan->pos++;
	while (scan->pos < scan->len && scan->text[scan->pos] != quote) {
		char c = scan->text[scan->pos];
		int r = 0;

		if (c == '\\' && quote == '"') {
			r = check_escape(scan);
		} else if (c == '$' && quote == '"' && peek(scan, 1) == '{') {
			r = check_reference(scan);
		} else {
			size_t n = c == '\\' ? 2 : 1;

			scan->line += c == '\n' || (n == 2 && peek(scan, 1) == '\n');
			scan->pos += n;
		}
		if (r < 0) {
			return r;
		}
	}
	if (scan->pos >= scan->len) {
		scan->line = line;
		return problem(scan, "the text that begins here has no closing quote");
	}
	scan->last = (struct word){ start, (size_t)(scan->text + scan->pos - start), line };
	scan->pos++;
	return 0;
}

static int scan_word(struct scan *scan) {
	size_t n = strcspn(scan->text + scan->pos, WORD_END);
	const char *word = scan->text + scan->pos;

	if (n > 0 && word[n - 1] == '$' && word[n] == '{') {
		return problem(scan, "an environment variable stands in \"double quotes\"");
	}
	if (n == 0 || word[n] == '*') {
		return problem(scan,
			"\"*\" and \"+\" have no meaning here; a text with such signs stands in "
			"\"double quotes\"");
	}
	scan->last = (struct word){ word, n, scan->line };
	scan->pos += n;
	return 0;
}

static int add_repeat(
	struct config_source *source, const struct word *first, const struct word *again) {
	struct config_repeat *repeats;

	if (source->n_repeats >= LIMIT_CONFIG_ERRORS) {
		return 0;
	}
	repeats = reallocarray(source->repeats, source->n_repeats + 1, sizeof(*repeats));
	if (!repeats) {
		return -ENOMEM;
	}
	source->repeats = repeats;
	repeats += source->n_repeats++;
	*repeats = (struct config_repeat){ .first_line = first->line, .line = again->line };
	text_format(repeats->name, sizeof(repeats->name), "%.*s", (int)again->len, again->text);
	return 0;
}

/* The last word is set by "=". */
static int take_key(struct scan *scan) {
	struct keys *keys = scan->depth == 0 ? &scan->top : &scan->section;
	const struct word *key = &scan->last;

	if (scan->depth > 1 || key->len == 0) {
		return 0; /* libconfuse will say what is wrong with it */
	}
	for (size_t i = 0; i < keys->n; i++) {
		const struct word *first = &keys->words[i];

		if (first->len == key->len && memcmp(first->text, key->text, key->len) == 0) {
			return add_repeat(scan->source, first, key);
		}
	}
	if (keys->n < KEYS_MAX) {
		keys->words[keys->n++] = *key;
	}
	return 0;
}

static void open_brace(struct scan *scan) {
	if (scan->depth++ == 0) {
		scan->open_line = scan->line;
		scan->in_list = scan->after_equals;
		scan->section.n = 0;
	}
}

static int close_brace(struct scan *scan) {
	struct config_source *source = scan->source;
	struct config_span *sections;

	if (scan->depth == 0) {
		return problem(scan, "this \"}\" closes nothing");
	}
	if (--scan->depth > 0 || scan->in_list) {
		return 0;
	}
	if (source->n_sections >= SECTIONS_MAX) {
		return problem(scan, "this section is one too many for a file");
	}
	sections = reallocarray(source->sections, source->n_sections + 1, sizeof(*sections));
	if (!sections) {
		return -ENOMEM;
	}
	source->sections = sections;
	sections[source->n_sections++] =
		(struct config_span){ .open_line = scan->open_line, .close_line = scan->line };
	return 0;
}

static int scan_sign(struct scan *scan, char c) {
	int r = 0;

	if (c == '{') {
		open_brace(scan);
	} else if (c == '}') {
		r = close_brace(scan);
	} else if (c == '=' && (scan->pos == 0 || scan->text[scan->pos - 1] != '+')) {
		r = take_key(scan);
	}
	scan->last.len = 0;
	scan->after_equals = c == '=';
	scan->pos++;
	return r;
}

static int scan_next(struct scan *scan) {
	char c = scan->text[scan->pos];
	char next = peek(scan, 1);
	int r;

	switch (c) {
	case '\n':
		scan->line++;
		scan->pos++;
		return 0;
	case ' ':
	case '\t':
	case '\r': scan->pos++; return 0;
	case '#': blank_line_comment(scan); return 0;
	case '{':
	case '}':
	case '(':
	case ')':
	case ',':
	case '=': return scan_sign(scan, c);
	}
	if (c == '/' && next == '/') {
		blank_line_comment(scan);
		return 0;
	}
	if (c == '/' && next == '*') {
		return blank_block_comment(scan);
	}
	if (c == '+' && next == '=') {
		scan->pos++;
		return scan_sign(scan, '=');
	}
	r = c == '"' || c == '\'' ? scan_string(scan, c) : scan_word(scan);
	scan->after_equals = false;
	return r;
}

/* The line of the first byte that text may not have; 0: there is none. */
static int bad_byte_line(const char *text, size_t len) {
	int line = 1;

	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) + 1 : len;

		if (!text_is_utf8(text, n) || memchr(text, '\0', n)) {
			return line;
		}
		text += n;
		len -= n;
		line++;
	}
	return 0;
}

int config_scan(struct config_source *source, char *text, size_t len, int *ret_line,
	char ret_problem[LIMIT_SENTENCE_MAX]) {
	struct scan scan = {
		.source = source, .text = text, .len = len, .line = 1, .problem = ret_problem
	};
	int line = bad_byte_line(text, len);
	int r = 0;

	if (line > 0) {
		*ret_line = line;
		return problem(&scan, "a byte here is no text; the file must be UTF-8 without NUL");
	}
	while (r == 0 && scan.pos < scan.len) {
		r = scan_next(&scan);
	}
	*ret_line = scan.line;
	if (r == 0 && scan.depth > 0) {
		text_format(ret_problem, LIMIT_SENTENCE_MAX,
			"the file ends, and the %s opened in line %d is not closed; \"}\" closes it",
			scan.in_list ? "list" : "section", scan.open_line);
		r = -EINVAL;
	}
	return r;
}

/* ---- what libconfuse does not know ---- */

static void skip_blanks(struct scan *scan) {
	while (scan->pos < scan->len && strchr(" \t\r\n", scan->text[scan->pos])) {
		(void)scan_next(scan);
	}
}

static bool is_equals(const struct scan *scan) {
	return peek(scan, 0) == '=' || (peek(scan, 0) == '+' && peek(scan, 1) == '=');
}

/* Moves behind the value of a key, or behind the title and the end of a section. Returns: 0; -ENOENT, it is neither. */
static int skip_rest(struct scan *scan, bool *ret_section) {
	size_t depth = scan->depth;
	bool is_key;
	int r = 0;

	skip_blanks(scan);
	is_key = is_equals(scan);
	if (is_key) {
		r = scan_next(scan);
		skip_blanks(scan);
	}
	if (r == 0 && peek(scan, 0) != '{') { /* a value or a title */
		r = scan_next(scan);
		if (is_key) {
			return r;
		}
		skip_blanks(scan);
	}
	*ret_section = !is_key;
	if (peek(scan, 0) != '{') {
		return -ENOENT;
	}
	do {
		r = r < 0 ? r : scan_next(scan);
	} while (r == 0 && scan->depth > depth && scan->pos < scan->len);
	return r;
}

int config_blank_unknown(char *text, size_t len, int line, const char *name, bool *ret_section) {
	struct config_source scratch = { 0 };
	char problem[LIMIT_SENTENCE_MAX];
	struct scan scan = {
		.source = &scratch, .text = text, .len = len, .line = 1, .problem = problem
	};
	size_t start = 0;
	bool found = false;
	int r = 0;

	while (r == 0 && !found && scan.pos < len) {
		bool is_value =
			scan.after_equals || scan.depth > 1 || (scan.depth == 1 && scan.in_list);

		start = scan.pos;
		scan.last.len = 0;
		r = scan_next(&scan);
		found = !is_value && scan.last.len == strlen(name) && scan.last.line == line &&
			memcmp(scan.last.text, name, scan.last.len) == 0;
	}
	r = r == 0 && found ? skip_rest(&scan, ret_section) : r;
	for (size_t i = start; r == 0 && found && i < scan.pos; i++) {
		text[i] = text[i] == '\n' ? '\n' : ' ';
	}
	free(scratch.repeats);
	free(scratch.sections);
	return r < 0 ? r : found ? 0 : -ENOENT;
}

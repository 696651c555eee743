#include "common/logscan/line.h"

#include <string.h>

#include "common/logscan/mojibake.h"
#include "common/text.h"

#define ESC 0x1B
#define BEL 0x07
/* Wrappers stand in wrappers: a step's stamp, a container's stamp, a task's name. */
#define PREFIXES_MAX 5
/* A BOM that was read as another encoding is some junk between column and stamp. */
#define JUNK_MAX 10

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static bool is_lower(char c) {
	return c >= 'a' && c <= 'z';
}

/* "9" in `shape` is a digit, anything else itself; "T" may be a blank. Returns its length, 0 when it does not match. */
static size_t match_shape(const char *text, const char *shape) {
	size_t i = 0;

	for (; shape[i] != '\0'; i++) {
		bool fits = shape[i] == '9' ? is_digit(text[i])
			: shape[i] == 'T'   ? text[i] == 'T' || text[i] == ' '
					    : text[i] == shape[i];

		if (!fits) {
			return 0;
		}
	}
	return i;
}

static size_t skip_fraction(const char *text, size_t i) {
	if ((text[i] == '.' || text[i] == ',') && is_digit(text[i + 1])) {
		i++;
		while (is_digit(text[i])) {
			i++;
		}
	}
	return i;
}

static size_t skip_zone(const char *text, size_t i) {
	if (text[i] == 'Z') {
		return i + 1;
	}
	if ((text[i] == '+' || text[i] == '-') && match_shape(text + i + 1, "99:99") > 0) {
		return i + 6;
	}
	return i;
}

/* "2025-06-27T20:34:18.7013104Z", also with a blank in the middle. Returns its length. */
static size_t match_iso(const char *text) {
	size_t i = match_shape(text, "9999-99-99T99:99:99");

	return i == 0 ? 0 : skip_zone(text, skip_fraction(text, i));
}

/* "17:03:01.252"; without a fraction it may be anything. */
static size_t match_clock(const char *text) {
	size_t i = match_shape(text, "99:99:99");

	return i > 0 && text[i] == '.' ? skip_fraction(text, i) : 0;
}

/* A stamp in front, in brackets or not: the bytes to skip. */
static size_t skip_stamp(const char *text) {
	size_t start = text[0] == '[', i;

	if (start == 0 && !is_digit(text[0])) {
		return 0;
	}
	if (strncmp(text, "[task ", 6) == 0) {
		start = 6;
	} else if (strncmp(text, "[taskcluster ", 13) == 0) {
		start = 13;
	}
	i = match_iso(text + start);
	i = i > 0 ? i : match_clock(text + start);
	if (i == 0) {
		return 0;
	}
	i += start;
	if (start > 0 && text[i] != ']') {
		return 0;
	}
	i += start > 0;
	if (text[i] == '\0') {
		return i;
	}
	return text[i] == ' ' || text[i] == '\t' ? i + 1 : 0;
}

/* "00O ", "01E+": GitLab's stream number behind its stamp. */
static size_t skip_gitlab(const char *text) {
	bool is_stream = is_digit(text[0]) && is_digit(text[1]) &&
		(text[2] == 'O' || text[2] == 'E') && (text[3] == ' ' || text[3] == '+');

	return is_stream ? 4 : 0;
}

/* "#12 0.123 " and "#12 ERROR": docker buildx. */
static size_t skip_buildx(const char *text) {
	size_t i = 1, start;

	if (text[0] != '#' || !is_digit(text[1])) {
		return 0;
	}
	while (is_digit(text[i])) {
		i++;
	}
	if (text[i++] != ' ') {
		return 0;
	}
	start = i;
	while (is_digit(text[i])) {
		i++;
	}
	if (i > start && text[i] == '.' && is_digit(text[i + 1])) {
		i = skip_fraction(text, i);
		return text[i] == ' ' ? i + 1 : i;
	}
	return strncmp(text + start, "ERROR", 5) == 0 ? start : 0;
}

/* "DEBUG util.py:608:  ": mock. */
static size_t skip_mock(const char *text) {
	const char *level[] = { "DEBUG ", "INFO ", "ERROR ", "WARNING " };

	if (text[0] == '\0' || strchr("DEIW", text[0]) == NULL) {
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(level); i++) {
		size_t n = strlen(level[i]);

		if (strncmp(text, level[i], n) == 0) {
			while (is_lower(text[n]) || text[n] == '_') {
				n++;
			}
			if (strncmp(text + n, ".py:", 4) != 0 || !is_digit(text[n + 4])) {
				return 0;
			}
			for (n += 4; is_digit(text[n]) || text[n] == ':' || text[n] == ' ';) {
				n++;
			}
			return n;
		}
	}
	return 0;
}

static bool is_task_character(char c) {
	return is_lower(c) || is_digit(c) || c == '-' || c == '_' || c == '.' || c == '/' ||
		c == '@' || c == ':' || c == '#';
}

/* "user.proto:1:1": a place in a file. */
static bool is_place(const char *text, size_t len) {
	while (len > 0 && is_digit(text[len - 1])) {
		len--;
	}
	return len > 0 && text[len] != ']' && text[len - 1] == ':';
}

/* "[ci] ", "[lint:shell] ": a task runner's; "web:build: ": turbo's. In capitals it is a level of a logger. */
static size_t skip_task(const char *text) {
	static const char *const tasks[] = {
		":build: ", ":check-types: ", ":lint: ", ":test: ", ":type-check: ", ":typecheck: "
	};
	size_t i = 1;

	if (text[0] == '[' && is_lower(text[1])) {
		while (text[i] != '\0' && is_task_character(text[i])) {
			i++;
		}
		return text[i] == ']' && text[i + 1] == ' ' && !is_place(text + 1, i - 1) &&
				strncmp(text, "[command", 8) != 0 &&
				strncmp(text, "[error", 6) != 0 && strncmp(text, "[warn", 5) != 0
			? i + 2
			: 0;
	}
	for (i = 0; is_task_character(text[i]) && text[i] != ':' && text[i] != '\0';) {
		i++;
	}
	for (size_t t = 0; i > 0 && text[i] == ':' && t < ARRAY_SIZE(tasks); t++) {
		size_t n = strlen(tasks[t]);

		if (strncmp(text + i, tasks[t], n) == 0) {
			return i + n;
		}
	}
	return 0;
}

/* "##[error]", "::error file=a,line=1::", "##vso[task.logissue type=error;...]". */
static size_t skip_mark(const char *text, enum line_mark *mark) {
	static const struct mark_row {
		const char *start;
		const char *end; /* of its parameters */
		enum line_mark mark;
	} marks[] = {
		{ "##[error]", "", MARK_ERROR },
		{ "##[notice]", "", MARK_NOTICE },
		{ "##[warning]", "", MARK_WARNING },
		{ "##vso[task.logissue type=error", "]", MARK_ERROR },
		{ "##vso[task.logissue type=warning", "]", MARK_WARNING },
		{ "::error", "::", MARK_ERROR },
		{ "::notice", "::", MARK_NOTICE },
		{ "::warning", "::", MARK_WARNING },
	};

	if (text[0] != '#' && text[0] != ':') {
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		size_t n = strlen(marks[i].start);
		const char *end;

		if (strncmp(text, marks[i].start, n) != 0) {
			continue;
		}
		end = strstr(text + n, marks[i].end);
		if (end != NULL) {
			*mark = marks[i].mark;
			return (size_t)(end - text) + strlen(marks[i].end);
		}
	}
	return 0;
}

/* The escape sequence at `i`: where it ends. Some logs have it in letters, "^[[31m". */
static size_t skip_escape(const char *raw, size_t i, size_t len) {
	size_t start = i;

	if (raw[i] == '^') {
		if (i + 2 >= len || raw[i + 1] != '[' || raw[i + 2] != '[') {
			return start;
		}
		i++;
	}
	i++;
	if (i < len && raw[i] == ']') {
		while (i < len && raw[i] != BEL && raw[i] != ESC) {
			i++;
		}
		return i + (i < len) + (i + 1 < len && raw[i] == ESC && raw[i + 1] == '\\');
	}
	if (i < len && strchr("()*+#%", raw[i]) != NULL) {
		return MIN(i + 2, len); /* "ESC ( B": a character set, tput's way to end a colour */
	}
	if (i >= len || raw[i] != '[') {
		return MIN(i + 1, len);
	}
	for (i++; i < len && (is_digit(raw[i]) || raw[i] == ';' || raw[i] == '?');) {
		i++;
	}
	return MIN(i + 1, len);
}

/* What a terminal would show: without escape codes; of what carriage returns overwrite, the last text. */
static void copy_visible(struct line *line, const char *raw, size_t len) {
	size_t n = 0;
	bool returned = false;

	while (len > 0 && (raw[len - 1] == '\r' || raw[len - 1] == '\n')) {
		len--;
	}
	for (size_t i = 0; i < len && n < LOGSCAN_LINE_MAX_BYTES;) {
		if (raw[i] == ESC || raw[i] == '^') {
			size_t end = skip_escape(raw, i, len);

			if (end > i) {
				i = end;
				line->has_codes = true;
				continue;
			}
		}
		if (raw[i] == '\r') {
			returned = true;
		} else if (raw[i] != '\0') {
			n = returned ? 0 : n;
			returned = false;
			line->data[n++] = raw[i];
		}
		i++;
	}
	line->data[n] = '\0';
	line->has_codes = mojibake_undo(line->data, &n) || line->has_codes;
	line->text = line->data;
	line->len = n;
}

static void advance(struct line *line, size_t n) {
	line->text += n;
	line->len -= n;
}

static uint64_t hash_bytes(const char *data, size_t len) {
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ (uint8_t)data[i]) * 1099511628211u;
	}
	return hash | 1;
}

/* "job<TAB>step<TAB>stamp text" */
static void take_columns(struct line *line) {
	const char *first = memchr(line->text, '\t', MIN(line->len, (size_t)200)), *second;
	size_t n, junk = 0;

	if (first == NULL || first == line->text) {
		return;
	}
	second = memchr(first + 1, '\t', line->len - (size_t)(first + 1 - line->text));
	if (second == NULL) {
		return;
	}
	while (junk < JUNK_MAX && second[1 + junk] != '\0' && match_iso(second + 1 + junk) == 0) {
		junk++;
	}
	if (match_iso(second + 1 + junk) == 0) {
		return;
	}
	n = (size_t)(second - line->text);
	line->place = hash_bytes(line->text, n);
	(void)text_copy(line->columns, sizeof(line->columns), "");
	n = MIN((size_t)(second - first - 1), sizeof(line->columns) - 1);
	memcpy(line->columns, first + 1, n);
	line->columns[n] = '\0';
	advance(line, (size_t)(second + 1 - line->text) + junk);
}

static void skip_bom(struct line *line) {
	size_t junk = 0;

	if (strncmp(line->text, "\xEF\xBB\xBF", 3) == 0) {
		advance(line, 3);
	}
	/* "?2026-07-15T...": a BOM that was lost on the way */
	while (junk < JUNK_MAX && line->text[junk] != '\0' && !is_digit(line->text[junk]) &&
		((unsigned char)line->text[junk] >= 0x80 || line->text[junk] == '?')) {
		junk++;
	}
	if (junk > 0 && match_iso(line->text + junk) > 0) {
		advance(line, junk);
	}
}

/* One character of a JSON string; the bytes it took. */
static size_t unescape(const char *text, char *out, size_t *n) {
	static const char from[] = "nrt\"\\/", to[] = "\n\r\t\"\\/";
	const char *found;

	if (text[0] != '\\' || text[1] == '\0') {
		out[(*n)++] = text[0];
		return 1;
	}
	if (text[1] == 'u' && strlen(text) >= 6) {
		bool is_quote = strncmp(text, "\\u003c", 6) == 0 || strncmp(text, "\\u003e", 6) == 0;

		out[(*n)++] = !is_quote ? '?' : text[5] == 'c' ? '<' : '>';
		return 6;
	}
	found = strchr(from, text[1]);
	out[(*n)++] = found != NULL ? to[found - from] : text[1];
	return 2;
}

/* {"Action":"output",...,"Output":"--- FAIL: TestOne\n"}: what the test printed. */
static void take_go_output(struct line *line) {
	static const char member[] = "\"Output\":\"";
	const char *found = line->text[0] == '{' ? strstr(line->text, "\"Action\":\"output\"") : NULL;
	size_t n = 0;

	found = found != NULL ? strstr(found, member) : NULL;
	if (found == NULL) {
		/* what `go test -json` says of itself */
		if (strncmp(line->text, "{\"Time\":", 8) == 0 &&
			strstr(line->text, "\"Action\":\"") != NULL) {
			line->data[0] = '\0';
			line->text = line->data;
			line->len = 0;
		}
		return;
	}
	for (found += strlen(member); *found != '\0' && *found != '"';) {
		found += unescape(found, line->data, &n);
	}
	while (n > 0 && (line->data[n - 1] == '\n' || line->data[n - 1] == '\r')) {
		n--;
	}
	line->data[n] = '\0';
	line->text = line->data;
	line->len = n;
}

void line_read(struct line *line, const char *raw, size_t len) {
	line->mark = MARK_NONE;
	line->has_codes = false;
	line->place = 0;
	line->step = "";
	line->columns[0] = '\0';
	copy_visible(line, raw, len);
	skip_bom(line);
	take_columns(line);
	line->step = line->columns;
	for (int i = 0; i < PREFIXES_MAX; i++) {
		const char *before = line->text;
		size_t stamp = skip_stamp(line->text);

		advance(line, stamp);
		advance(line, stamp > 0 ? skip_gitlab(line->text) : 0);
		advance(line, skip_buildx(line->text));
		advance(line, skip_mock(line->text));
		advance(line, skip_task(line->text));
		advance(line, skip_mark(line->text, &line->mark));
		if (line->text == before) {
			break;
		}
	}
	take_go_output(line);
	for (line->n_indent = 0; line->text[line->n_indent] == ' ';) {
		line->n_indent++;
	}
}

bool line_is_file_name(const struct line *line) {
	const char *dot = memrchr(line->text, '.', line->len);
	const char *slash = memrchr(line->text, '/', line->len);

	return line->len > 2 && line->len < 300 && line->n_indent == 0 &&
		(dot != NULL || slash != NULL || memchr(line->text, '\\', line->len) != NULL) &&
		line->text[line->len - 1] != '.' && strchr("#$>{}[]-*=+", line->text[0]) == NULL &&
		strstr(line->text, ": ") == NULL;
}

int64_t line_count(const char *data, size_t len) {
	const char *end = data + len;
	int64_t n = 0;

	for (const char *at = data; at < end; at++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (at == NULL) {
			break;
		}
		n++;
	}
	return n;
}

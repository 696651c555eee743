#include "client/options.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

/* Words longer than this are never a near miss. */
#define SUGGESTION_MAX 32
#define SUGGESTION_DISTANCE_MAX 3
/* Of a commit's name: git shortens it to no less; SHA-256 has no more. */
#define COMMIT_MIN 4
#define COMMIT_MAX 64

void option_values_init(struct option_values *values, const struct option_row *rows) {
	static const struct option_row none[] = { OPTIONS_END };

	*values = (struct option_values){ .rows = rows != NULL ? rows : none };
}

int option_parse_number(const char *text, int64_t *ret_number) {
	char *end;
	long long number;

	if (text[0] < '0' || text[0] > '9') {
		return -EINVAL;
	}
	errno = 0;
	number = strtoll(text, &end, 10);
	if (*end != '\0') {
		return -EINVAL;
	}
	if (errno == ERANGE) {
		return -ERANGE;
	}
	*ret_number = number;
	return 0;
}

static bool is_number(const char *text, int64_t least, int64_t most) {
	int64_t number;

	return option_parse_number(text, &number) == 0 && number >= least && number <= most;
}

static bool is_commit(const char *text) {
	size_t len = strlen(text);

	return len >= COMMIT_MIN && len <= COMMIT_MAX &&
		strspn(text, "0123456789abcdefABCDEF") == len;
}

static const char *lacking_span(const char *text) {
	int64_t ignored;
	int r = clock_parse_span(text, &ignored);

	return r == 0	       ? NULL
		: r == -ERANGE ? "a shorter duration, at most 100y"
			       : "a duration such as 45s, 30m, 1h or 7d";
}

/* What is missing when the value is none of its type; NULL: it is one. */
static const char *lacking(const struct option_row *row, const char *text) {
	switch (row->type) {
	case OPTION_FLAG:
	case OPTION_TEXT: break;
	case OPTION_NUMBER:
		return is_number(text, 0, INT64_MAX)		? NULL
			: strcmp(row->argument, "SECONDS") == 0 ? "a whole number of seconds"
								: "a whole number";
	case OPTION_COMMIT: return is_commit(text) ? NULL : "a commit's hexadecimal name";
	case OPTION_EXIT: return is_number(text, 0, 255) ? NULL : "a number from 0 to 255";
	case OPTION_PULL: return is_number(text, 1, INT32_MAX) ? NULL : "a pull request's number";
	case OPTION_SPAN: return lacking_span(text);
	}
	return NULL;
}

static int option_check(const struct option_values *values, int found, const char *text,
	char *message, size_t size) {
	const struct option_row *row = &values->rows[found];
	const char *needed = lacking(row, text);

	if (values->text[found] != NULL) {
		(void)text_format(message, size, "option \"--%s\" is given twice, here with \"%s\"",
			row->name, text);
		return -EINVAL;
	}
	if (needed != NULL) {
		(void)text_format(message, size, "option \"--%s\" needs %s, not \"%s\"", row->name,
			needed, text);
		return -EINVAL;
	}
	return 0;
}

/* The row that `name` of `len` bytes names; its index, or -ENOENT. */
static int option_find(const struct option_row *rows, const char *name, size_t len) {
	for (int i = 0; rows[i].name != NULL; i++) {
		assert(i < CLIENT_OPTIONS_MAX);
		if (strlen(rows[i].name) == len && memcmp(rows[i].name, name, len) == 0) {
			return i;
		}
	}
	return -ENOENT;
}

int option_take(struct option_values *values, int argc, char **argv, int *index, char *message,
	size_t size) {
	const char *name = argv[*index] + 2, *equals = strchr(name, '='), *text;
	int found = option_find(
		values->rows, name, equals != NULL ? (size_t)(equals - name) : strlen(name));
	const struct option_row *row;

	if (found < 0) {
		return found;
	}
	row = &values->rows[found];
	values->doubtful[found] = true;
	if (row->type == OPTION_FLAG) {
		if (equals != NULL) {
			(void)text_format(message, size, "option \"--%s\" takes no value", row->name);
			return -EINVAL;
		}
		values->text[found] = "";
		values->doubtful[found] = false;
		return 0;
	}
	if (equals == NULL && *index + 1 >= argc) {
		(void)text_format(message, size, "option \"--%s\" needs a value: %s", row->name,
			row->argument);
		return -EINVAL;
	}
	text = equals != NULL ? equals + 1 : argv[*index + 1];
	if (option_check(values, found, text, message, size) < 0) {
		/* "--exit-code --job x": the value was forgotten, and the next option is one. */
		*index += equals == NULL && strncmp(text, "--", 2) != 0;
		return -EINVAL;
	}
	*index += equals == NULL;
	values->text[found] = text;
	values->doubtful[found] = false;
	return 0;
}

bool option_is_doubtful(const struct option_values *values, const char *name) {
	int found = option_find(values->rows, name, strlen(name));

	return found >= 0 && values->doubtful[found];
}

void option_doubt(struct option_values *values, const char *name) {
	int found = option_find(values->rows, name, strlen(name));

	if (found >= 0) {
		values->doubtful[found] = true;
	}
}

const char *option_text(const struct option_values *values, const char *name) {
	int found = option_find(values->rows, name, strlen(name));

	return found >= 0 ? values->text[found] : NULL;
}

const char *option_branch(const struct option_values *values) {
	static const char heads[] = "refs/heads/";
	const char *branch = option_text(values, "branch");

	if (branch != NULL && strncmp(branch, heads, strlen(heads)) == 0) {
		branch += strlen(heads);
	}
	return branch;
}

bool option_flag(const struct option_values *values, const char *name) {
	return option_text(values, name) != NULL;
}

bool option_given(const struct option_values *values, const char *name) {
	return option_text(values, name) != NULL;
}

int64_t option_number(const struct option_values *values, const char *name, int64_t fallback) {
	const char *text = option_text(values, name);
	int64_t number = fallback;
	int r = text != NULL ? option_parse_number(text, &number) : 0;

	assert(r == 0);
	return r == 0 ? number : fallback;
}

int64_t option_span_ms(const struct option_values *values, const char *name, int64_t fallback) {
	const char *text = option_text(values, name);
	int64_t span_ms = fallback;
	int r = text != NULL ? clock_parse_span(text, &span_ms) : 0;

	assert(r == 0);
	return r == 0 ? span_ms : fallback;
}

/* Levenshtein's distance of two words of at most SUGGESTION_MAX bytes. */
static size_t word_distance(const char *a, const char *b) {
	size_t row[SUGGESTION_MAX + 1], len = strlen(b);

	for (size_t j = 0; j <= len; j++) {
		row[j] = j;
	}
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t changed = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = MIN(changed, MIN(row[j], row[j + 1]) + 1);
		}
	}
	return row[len];
}

void suggestion_init(struct suggestion *suggestion, const char *word) {
	*suggestion = (struct suggestion){ .word = word, .distance = SUGGESTION_DISTANCE_MAX };
}

void suggestion_offer(struct suggestion *suggestion, const char *name) {
	size_t len = strlen(suggestion->word), distance;

	if (len > SUGGESTION_MAX || strlen(name) > SUGGESTION_MAX) {
		return;
	}
	distance = word_distance(suggestion->word, name);
	/* Half of a short word replaced is another word, not a misspelt one. */
	if (distance < suggestion->distance && distance * 2 <= len) {
		suggestion->best = name;
		suggestion->distance = distance;
	}
}

#define PCRE2_CODE_UNIT_WIDTH 8

#include "common/logscan/match.h"

#include <errno.h>
#include <pcre2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Rows one line may ask for. */
#define NOTES_MAX 96
/* Groups a pattern may have, with the whole. */
#define GROUPS_MAX 24
/* A pattern that needs more on some line does not match it. */
#define STEPS_MAX 100000
#define DEPTH_MAX 1000

struct compiled {
	bool tried;
	pcre2_code *code;
	uint8_t group[CAPTURE_COUNT]; /* 0: none */
};

struct matcher {
	const struct grammar *grammar;
	struct compiled *compiled; /* by rank */
	pcre2_match_context *limits;
	pcre2_match_data *data;
	size_t n_notes;
	uint16_t notes[NOTES_MAX]; /* ranks, ascending, each once */
};

static const char *const capture_names[] = {
	[CAPTURE_CMD] = "cmd",
	[CAPTURE_CODE] = "code",
	[CAPTURE_COL] = "col",
	[CAPTURE_FILE] = "file",
	[CAPTURE_LINE] = "line",
	[CAPTURE_MSG] = "msg",
	[CAPTURE_RULE] = "rule",
	[CAPTURE_TEST] = "test",
};

int matcher_create(struct matcher **ret_matcher) {
	_cleanup_(matcher_destroyp) struct matcher *matcher = calloc(1, sizeof(*matcher));

	if (matcher == NULL) {
		return -ENOMEM;
	}
	matcher->grammar = grammar_get();
	matcher->limits = pcre2_match_context_create(NULL);
	matcher->data = pcre2_match_data_create(GROUPS_MAX, NULL);
	if (matcher->grammar == NULL || matcher->limits == NULL || matcher->data == NULL) {
		return -ENOMEM;
	}
	matcher->compiled = calloc(matcher->grammar->n_rows, sizeof(*matcher->compiled));
	if (matcher->compiled == NULL) {
		return -ENOMEM;
	}
	(void)pcre2_set_match_limit(matcher->limits, STEPS_MAX);
	(void)pcre2_set_depth_limit(matcher->limits, DEPTH_MAX);
	*ret_matcher = TAKE_PTR(matcher);
	return 0;
}

void matcher_destroy(struct matcher *matcher) {
	if (matcher == NULL) {
		return;
	}
	for (size_t i = 0; matcher->compiled != NULL && i < matcher->grammar->n_rows; i++) {
		pcre2_code_free(matcher->compiled[i].code);
	}
	free(matcher->compiled);
	pcre2_match_context_free(matcher->limits);
	pcre2_match_data_free(matcher->data);
	free(matcher);
}

static void note_rank(struct matcher *matcher, uint16_t rank) {
	size_t i = matcher->n_notes;

	while (i > 0 && matcher->notes[i - 1] > rank) {
		i--;
	}
	if ((i > 0 && matcher->notes[i - 1] == rank) || matcher->n_notes == NOTES_MAX) {
		return;
	}
	memmove(matcher->notes + i + 1, matcher->notes + i,
		(matcher->n_notes - i) * sizeof(matcher->notes[0]));
	matcher->notes[i] = rank;
	matcher->n_notes++;
}

void matcher_note(struct matcher *matcher, const uint16_t *keyword_ids, size_t n) {
	const struct grammar *grammar = matcher->grammar;

	for (size_t k = 0; k < n; k++) {
		size_t end = grammar->first_row[keyword_ids[k] + 1];

		for (size_t i = grammar->first_row[keyword_ids[k]]; i < end; i++) {
			note_rank(matcher, grammar->ranks[i]);
		}
	}
}

/* The just-in-time compiler may be forbidden (MemoryDenyWriteExecute): then the interpreter matches. */
static void compile(struct compiled *compiled, const char *pattern) {
	PCRE2_SIZE offset;
	int code;

	compiled->tried = true;
	compiled->code =
		pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, 0, &code, &offset, NULL);
	if (compiled->code == NULL) {
		return;
	}
	(void)pcre2_jit_compile(compiled->code, PCRE2_JIT_COMPLETE);
	for (size_t i = 0; i < CAPTURE_COUNT; i++) {
		int number = pcre2_substring_number_from_name(
			compiled->code, (PCRE2_SPTR)capture_names[i]);

		compiled->group[i] = (uint8_t)(number > 0 && number < GROUPS_MAX ? number : 0);
	}
}

static void take_spans(const struct matcher *matcher, const struct compiled *compiled, int n_groups,
	const struct line *line, struct match *match) {
	const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(matcher->data);

	for (size_t i = 0; i < CAPTURE_COUNT; i++) {
		int group = compiled->group[i];

		if (group > 0 && group < n_groups && offsets[2 * group] != PCRE2_UNSET) {
			match->spans[i].text = line->text + offsets[2 * group];
			match->spans[i].len = offsets[2 * group + 1] - offsets[2 * group];
		}
	}
}

static bool try_row(
	struct matcher *matcher, size_t rank, const struct line *line, struct match *match) {
	const struct grammar_row *row = matcher->grammar->rows[rank];
	struct compiled *compiled = &matcher->compiled[rank];
	int n;

	if (row->pattern == NULL) {
		return true;
	}
	if (!compiled->tried) {
		compile(compiled, row->pattern);
	}
	if (compiled->code == NULL) {
		return false;
	}
	n = pcre2_match(compiled->code, (PCRE2_SPTR)line->text, line->len, 0, 0, matcher->data,
		matcher->limits);
	if (n <= 0) {
		return false;
	}
	take_spans(matcher, compiled, n, line, match);
	return true;
}

void matcher_match(struct matcher *matcher, const struct line *line, struct match *ret_match) {
	memset(ret_match, 0, sizeof(*ret_match));
	for (size_t i = 0; i < matcher->n_notes && ret_match->row == NULL; i++) {
		if (try_row(matcher, matcher->notes[i], line, ret_match)) {
			ret_match->row = matcher->grammar->rows[matcher->notes[i]];
		}
	}
	matcher->n_notes = 0;
}

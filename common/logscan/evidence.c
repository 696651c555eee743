#include "common/logscan/evidence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/logscan/merge.h"
#include "common/text.h"

#define NUMBER_DIGITS_MAX 15
/* Of the kept ones, the first are never dropped for later ones. */
#define KEPT_FIRST (LOGSCAN_FINDINGS_MAX / 2)
/* Hashes of tests lie at most so far from their place. */
#define DROPPED_PROBES 8

static void evidence_destroy(struct evidence *evidence) {
	if (evidence == NULL) {
		return;
	}
	free(evidence->above);
	free(evidence->text);
	free(evidence->details);
	free(evidence->file);
	free(evidence->rule);
	free(evidence->message);
	free(evidence->test);
	free(evidence);
}
DEFINE_CLEANUP(struct evidence *, evidence_destroy);

void evidences_finish(struct evidences *evidences) {
	for (size_t i = 0; i < evidences->n; i++) {
		evidence_destroy(evidences->all[i]);
	}
	evidences->n = 0;
}

/* Clean, without blanks at the end, not too long. */
static char *clean_copy(const char *text, size_t len) {
	char *clean = text_clean(text, text_cut(text, MIN(len, (size_t)EVIDENCE_TEXT_MAX_BYTES)));
	size_t n = clean != NULL ? strlen(clean) : 0;

	while (n > 0 && (clean[n - 1] == ' ' || clean[n - 1] == '\t' || clean[n - 1] == '\n')) {
		clean[--n] = '\0';
	}
	return clean;
}

static int64_t span_number(const struct span *span) {
	int64_t number = 0;

	for (size_t i = 0; i < MIN(span->len, (size_t)NUMBER_DIGITS_MAX); i++) {
		if (span->text[i] < '0' || span->text[i] > '9') {
			return 0;
		}
		number = 10 * number + (span->text[i] - '0');
	}
	return number;
}

static int fill_text(char **member, const struct span *span) {
	if (span->len == 0 || *member != NULL) {
		return 0;
	}
	*member = clean_copy(span->text, span->len);
	return *member != NULL ? 0 : -ENOMEM;
}

int evidence_complete(struct evidence *evidence, const struct match *match) {
	const struct span *spans = match->spans;
	const struct span *file = &spans[CAPTURE_FILE];
	bool fits = evidence->file == NULL || file->len == 0 ||
		merge_same_file(evidence->file, strlen(evidence->file), file->text, file->len);
	int r;

	evidence->file_below = evidence->file_below ||
		(evidence->file == NULL && file->len > 0 && match->row->role == ROLE_DETAIL);
	r = fill_text(&evidence->file, file);

	r = r < 0 ? r : fill_text(&evidence->rule, &spans[CAPTURE_RULE]);
	r = r < 0 ? r : fill_text(&evidence->message, &spans[CAPTURE_MSG]);
	r = r < 0 ? r : fill_text(&evidence->test, &spans[CAPTURE_TEST]);
	if (fits && evidence->line == 0) {
		evidence->line = span_number(&spans[CAPTURE_LINE]);
		evidence->column = span_number(&spans[CAPTURE_COL]);
	}
	return r;
}

static int add_detail(struct evidence *evidence, const char *text, size_t len) {
	size_t used = evidence->details != NULL ? strlen(evidence->details) : 0, n;
	char *clean = clean_copy(text, len), *grown;

	if (clean == NULL) {
		return -ENOMEM;
	}
	n = strlen(clean);
	if (n == 0 || used + n + 2 > EVIDENCE_DETAILS_MAX_BYTES) {
		free(clean);
		return 0;
	}
	grown = realloc(evidence->details, used + n + 2);
	if (grown == NULL) {
		free(clean);
		return -ENOMEM;
	}
	if (used > 0) {
		grown[used++] = '\n';
	}
	memcpy(grown + used, clean, n + 1);
	evidence->details = grown;
	free(clean);
	return 0;
}

#define HASH_BEGIN 14695981039346656037u /* FNV-1a */

static uint64_t hash_text(uint64_t hash, const char *text, size_t len) {
	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ (uint8_t)text[i]) * 1099511628211u;
	}
	return hash;
}

int evidence_add_detail(struct evidence *evidence, const struct line *line) {
	return add_detail(evidence, line->text, line->len);
}

/* Whether this line was kept for this step before; it is remembered. */
static bool was_seen(struct evidences *evidences, const struct line *line, const char *above) {
	uint64_t hash = hash_text(HASH_BEGIN + evidences->now.id, line->text, line->len);
	uint64_t *slot;
	bool seen;

	hash = above != NULL ? hash_text(hash, above, strlen(above)) : hash;
	slot = &evidences->seen[hash % EVIDENCE_SEEN_MAX];
	seen = *slot == hash;
	*slot = hash;
	return seen;
}

static bool is_of_failed_step(const struct evidences *evidences, const struct evidence *evidence) {
	if (evidence->step == evidences->now.id) {
		return true;
	}
	for (size_t i = 0; i < evidences->n_failed; i++) {
		if (evidences->failed[i].id == evidence->step) {
			return true;
		}
	}
	return false;
}

/* The one that tells least: of a step that passed, a mere sentence, else in the middle. */
static size_t least_index(const struct evidences *evidences) {
	for (size_t i = 0; evidences->n_failed > 0 && i < evidences->n; i++) {
		if (!is_of_failed_step(evidences, evidences->all[i])) {
			return i;
		}
	}
	for (size_t i = KEPT_FIRST / 4; i < evidences->n; i++) {
		if (evidences->all[i]->weight < WEIGHT_LIKELY) {
			return i;
		}
	}
	return KEPT_FIRST;
}

static void remove_at(struct evidences *evidences, size_t index) {
	evidence_destroy(evidences->all[index]);
	evidences->n--;
	memmove(&evidences->all[index], &evidences->all[index + 1],
		(evidences->n - index) * sizeof(evidences->all[0]));
}

static uint64_t hash_of_test(const struct evidence *evidence) {
	const char *test = evidence->test;

	return test != NULL ? hash_text(HASH_BEGIN, test, strlen(test)) : 0;
}

/* The place among `hash`'s few of `value`. NULL: none. */
static uint64_t *find_dropped(struct evidences *evidences, uint64_t hash, uint64_t value) {
	for (size_t i = 0; hash != 0 && i < DROPPED_PROBES; i++) {
		uint64_t *slot = &evidences->dropped[(hash + i) % EVIDENCE_SEEN_MAX];

		if (*slot == value) {
			return slot;
		}
	}
	return NULL;
}

/* A failure that was dropped may be told again by another line: it is remembered, to be counted once. */
static void make_room(struct evidences *evidences, const struct evidence *evidence) {
	uint64_t hash = hash_of_test(evidence), *slot = find_dropped(evidences, hash, hash);
	const struct evidence *least;
	size_t index;

	if (slot != NULL) {
		*slot = 0;
		evidences->n_dropped--;
	}
	if (evidences->n < LOGSCAN_FINDINGS_MAX) {
		return;
	}
	index = least_index(evidences);
	least = evidences->all[index];
	if (least->row->role == ROLE_FINDING && least->weight >= WEIGHT_LIKELY && !least->warning) {
		hash = hash_of_test(least);
		slot = find_dropped(evidences, hash, 0);
		if (slot != NULL) {
			*slot = hash;
		}
		evidences->n_dropped++;
	}
	remove_at(evidences, index);
}

/* The line that tells the place is shown with the one that is kept. */
static int take(struct evidence *to, struct evidence *from) {
	bool tells = from->file != NULL && !from->file_below && to->file == NULL;

	merge_take(to, from);
	return tells ? add_detail(to, from->text, strlen(from->text)) : 0;
}

/*
 * Of two lines about one failure the surer one is kept. Returns: 1, there was another, and `*evidence` is the one that
 * is kept; 0; -ENOMEM.
 */
static int merge(struct evidences *evidences, struct evidence **evidence) {
	size_t index = merge_find(evidences, *evidence);
	struct evidence *other;
	int r;

	if (index == evidences->n) {
		return 0;
	}
	other = evidences->all[index];
	if ((*evidence)->weight > other->weight) {
		r = take(*evidence, other);
		if (r < 0) {
			return r;
		}
		evidence_destroy(other);
		evidences->all[index] = *evidence;
		return 1;
	}
	r = take(other, *evidence);
	if (r < 0) {
		return r;
	}
	evidence_destroy(*evidence);
	*evidence = other;
	return 1;
}

int evidences_add(struct evidences *evidences, const struct match *match, const struct line *line,
	int64_t log_line, const char *above, struct evidence **ret_evidence) {
	_cleanup_(evidence_destroyp) struct evidence *evidence = NULL;
	struct step *now = &evidences->now;
	int r;

	evidences->n_seen++;
	if (was_seen(evidences, line, above)) {
		*ret_evidence = NULL;
		return 0;
	}
	evidence = calloc(1, sizeof(*evidence));
	if (evidence == NULL) {
		return -ENOMEM;
	}
	evidence->row = match->row;
	evidence->tool = match->row->tool;
	evidence->type = match->row->type;
	evidence->weight = match->row->weight;
	evidence->warning = (match->row->flags & ROW_WARNING) != 0 || line->mark == MARK_WARNING ||
		line->mark == MARK_NOTICE;
	evidence->cancelled = (match->row->flags & ROW_CANCEL) != 0;
	evidence->step = now->id;
	evidence->stage = now->stage;
	evidence->log_line = log_line;
	evidence->text = clean_copy(line->text, line->len);
	evidence->above = above != NULL ? clean_copy(above, strlen(above)) : NULL;
	r = evidence_complete(evidence, match);
	if (r == 0 && evidence->file == NULL && (match->row->flags & ROW_FILE_ABOVE) != 0 &&
		above != NULL) {
		evidence->file = clean_copy(above, strlen(above));
	}
	if (r < 0 || evidence->text == NULL) {
		return -ENOMEM;
	}
	if (line->mark == MARK_ERROR) {
		now->complained = true;
	}
	if (!evidence->warning) {
		now->best_weight = MAX(now->best_weight, evidence->weight);
	}
	r = merge(evidences, &evidence);
	if (r < 0) {
		return r;
	}
	if (r == 0) {
		make_room(evidences, evidence);
		evidences->all[evidences->n++] = evidence;
	}
	*ret_evidence = TAKE_PTR(evidence);
	return 0;
}

void evidences_drop(struct evidences *evidences, const struct grammar_row *row, const char *text) {
	for (size_t i = evidences->n; i-- > 0;) {
		const struct evidence *evidence = evidences->all[i];

		if (evidence->row == row && evidence->step == evidences->now.id &&
			strcmp(evidence->text, text) == 0) {
			remove_at(evidences, i);
			evidences->n_seen--;
			return;
		}
	}
}

bool evidence_is_of(struct evidence *evidence, const struct grammar_row *row) {
	if (strcmp(row->tool, "node:test") == 0 && strcmp(evidence->tool, "tap") == 0) {
		evidence->tool = row->tool;
	}
	return strcmp(evidence->tool, row->tool) == 0;
}

static void next_step(struct evidences *evidences) {
	uint32_t id = evidences->now.id + 1;

	memset(&evidences->now, 0, sizeof(evidences->now));
	evidences->now.id = id;
	evidences->now.stage = STAGE_OTHER;
	evidences->now.command_stage = STAGE_OTHER;
	evidences->now.exit_code = -1;
}

static void set_text(char out[STEP_TITLE_MAX], const char *text, size_t len) {
	len = MIN(len, (size_t)STEP_TITLE_MAX - 1);
	if (len > 0) {
		memcpy(out, text, len); /* without a title there is no text */
	}
	out[len] = '\0';
}

/* "owner/name@ref", "owner/name/path@ref", "./path", "docker://image" */
static bool is_action(const char *title) {
	size_t n = strcspn(title, " \t@");

	return strncmp(title, "./.github/", 10) == 0 || strncmp(title, "docker://", 9) == 0 ||
		(title[n] == '@' && memchr(title, '/', n) != NULL && strchr(title, ' ') == NULL);
}

void evidences_end_step(struct evidences *evidences) {
	if (evidences->now.is_action && evidences->now.complained) {
		evidences_fail_step(evidences, NULL, 0, -1);
	}
}

void evidences_begin_step(struct evidences *evidences, const char *title, size_t len) {
	evidences_end_step(evidences);
	next_step(evidences);
	set_text(evidences->now.title, title, len);
	evidences->now.stage = grammar_command_stage(evidences->now.title, NULL);
	evidences->now.is_action = is_action(evidences->now.title);
}

void evidences_fail_step(
	struct evidences *evidences, const char *command, size_t len, int64_t exit_code) {
	struct step *now = &evidences->now;

	if (now->is_rest && now->best_weight == 0 && evidences->n_failed > 0 && command == NULL) {
		return; /* the failure that is known, said once more */
	}
	now->failed = true;
	now->exit_code = exit_code;
	if (command != NULL) {
		set_text(now->title, command, len);
		now->stage = grammar_command_stage(now->title, NULL);
	}
	if (evidences->n_failed < STEPS_FAILED_MAX) {
		evidences->failed[evidences->n_failed++] = *now;
	}
	next_step(evidences);
	evidences->now.is_rest = true;
}

void evidences_pass_step(struct evidences *evidences) {
	next_step(evidences);
}

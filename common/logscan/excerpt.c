#include "common/logscan/excerpt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"

#define EXCERPT_MAX_BYTES ((size_t)256 * 1024)

/* What of a piece of evidence is shown. */
struct choice {
	const struct evidence *evidence;
	bool shown;
	bool above;
	size_t details; /* lines of them */
};

struct plan {
	size_t n;
	struct choice choices[LOGSCAN_FINDINGS_MAX];
	size_t lines; /* planned so far */
	size_t lines_max;
	size_t gap; /* behind which findings are left out; n: nowhere */
	uint64_t n_left_out;
};

static bool same_text(const char *a, const char *b) {
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Whether it is shown already, by the same words. */
static bool is_repeated(const struct plan *plan, const struct evidence *evidence) {
	for (size_t i = 0; i < plan->n; i++) {
		const struct evidence *other = plan->choices[i].evidence;

		if (same_text(other->text, evidence->text) &&
			same_text(other->above, evidence->above)) {
			return true;
		}
	}
	return false;
}

static void collect(
	struct plan *plan, const struct evidences *evidences, const struct decision *decision) {
	for (size_t i = 0; i < evidences->n; i++) {
		const struct evidence *evidence = evidences->all[i];

		if (decision_holds(decision, evidence) && !is_repeated(plan, evidence)) {
			plan->choices[plan->n++] = (struct choice){ .evidence = evidence };
		}
	}
}

/* A file's name above its findings is shown once. */
static bool needs_above(const struct plan *plan, size_t index) {
	const struct evidence *evidence = plan->choices[index].evidence;

	if (evidence->above == NULL) {
		return false;
	}
	for (size_t i = index; i-- > 0;) {
		if (plan->choices[i].shown) {
			return !same_text(plan->choices[i].evidence->above, evidence->above);
		}
	}
	return true;
}

static bool show(struct plan *plan, size_t index) {
	struct choice *choice = &plan->choices[index];
	size_t lines;

	if (choice->shown) {
		return true;
	}
	choice->above = needs_above(plan, index);
	lines = 1 + choice->above;
	if (plan->lines + lines > plan->lines_max) {
		choice->above = false;
		return false;
	}
	choice->shown = true;
	plan->lines += lines;
	return true;
}

static bool is_first_of_its_kind(const struct plan *plan, size_t index) {
	const struct evidence *evidence = plan->choices[index].evidence;

	for (size_t i = 0; i < index; i++) {
		const struct evidence *other = plan->choices[i].evidence;

		if (same_text(other->file, evidence->file) && same_text(other->test, evidence->test) &&
			(evidence->file != NULL || evidence->test != NULL)) {
			return false;
		}
	}
	return true;
}

static size_t count_lines(const char *text) {
	size_t n = text != NULL && *text != '\0';

	for (; text != NULL && *text != '\0'; text++) {
		n += *text == '\n';
	}
	return n;
}

/* Details go round: a line of each, then the next line of each. */
static void add_details(struct plan *plan) {
	bool added = true;

	while (added && plan->lines < plan->lines_max) {
		added = false;
		for (size_t i = 0; i < plan->n && plan->lines < plan->lines_max; i++) {
			struct choice *choice = &plan->choices[i];

			if (choice->shown &&
				choice->details < count_lines(choice->evidence->details)) {
				choice->details++;
				plan->lines++;
				added = true;
			}
		}
	}
}

static bool is_of_class(const struct decision *decision, const struct evidence *evidence) {
	return evidence->type == decision->type && evidence_is_error(evidence) &&
		evidence->weight >= WEIGHT_SENTENCE;
}

/*
 * The headline; counts and findings of its class, one of each file and test, from both ends; the others of its
 * class; the rest.
 */
static void choose(struct plan *plan, const struct decision *decision) {
	for (size_t i = 0; i < plan->n; i++) {
		if (plan->choices[i].evidence == decision->headline) {
			(void)show(plan, i);
		}
	}
	for (int round = 0; round < 4; round++) {
		for (size_t k = 0; k < plan->n; k++) {
			size_t i = k % 2 == 0 ? k / 2 : plan->n - 1 - k / 2;
			const struct evidence *evidence = plan->choices[i].evidence;
			bool is_class = is_of_class(decision, evidence);
			bool wanted = round == 0 ? is_class && evidence->row->role == ROLE_SUMMARY
				: round == 1	 ? is_class && is_first_of_its_kind(plan, i)
				: round == 2	 ? is_class
						 : evidence_is_error(evidence);

			if (wanted) {
				(void)show(plan, i);
			}
		}
	}
	add_details(plan);
}

/* How many findings are left out, and where most of them are. */
static void find_gap(
	struct plan *plan, const struct evidences *evidences, const struct decision *decision) {
	size_t run = 0, longest = 0;

	plan->n_left_out = 0;
	plan->gap = plan->n;
	for (size_t i = 0; i < plan->n; i++) {
		const struct choice *choice = &plan->choices[i];

		if (choice->shown) {
			run = 0;
		} else if (is_of_class(decision, choice->evidence) &&
			choice->evidence->row->role == ROLE_FINDING) {
			plan->n_left_out++;
			run++;
		}
		if (run > longest) {
			longest = run;
			plan->gap = i;
		}
	}
	if (plan->n_left_out > 0) {
		plan->n_left_out += evidences->n_dropped;
	}
}

/* Once more with room for the mark, where not all have room. */
static void plan_lines(
	struct plan *plan, const struct evidences *evidences, const struct decision *decision) {
	plan->lines_max = LOGSCAN_EXCERPT_LINES_MAX;
	choose(plan, decision);
	find_gap(plan, evidences, decision);
	if (plan->n_left_out == 0) {
		return;
	}
	for (size_t i = 0; i < plan->n; i++) {
		plan->choices[i] = (struct choice){ .evidence = plan->choices[i].evidence };
	}
	plan->lines = 0;
	plan->lines_max = LOGSCAN_EXCERPT_LINES_MAX - 1;
	choose(plan, decision);
	find_gap(plan, evidences, decision);
}

static int append_mark(struct buffer *out, uint64_t n) {
	return buffer_appendf(out, "%s[\xE2\x80\xA6 %" PRIu64 " finding%s left out \xE2\x80\xA6]",
		out->len > 0 ? "\n" : "", n, n == 1 ? "" : "s");
}

static int append_line(struct buffer *out, const char *text, size_t len) {
	int r = out->len > 0 ? buffer_append(out, "\n", 1) : 0;

	return r < 0 ? r : buffer_append(out, text, len);
}

static int append_choice(struct buffer *out, const struct choice *choice) {
	const struct evidence *evidence = choice->evidence;
	const char *line = evidence->details;
	int r = choice->above ? append_line(out, evidence->above, strlen(evidence->above)) : 0;

	r = r < 0 ? r : append_line(out, evidence->text, strlen(evidence->text));
	for (size_t i = 0; r == 0 && i < choice->details; i++) {
		size_t n = strcspn(line, "\n");

		r = append_line(out, line, n);
		line += n + (line[n] == '\n');
	}
	return r;
}

int excerpt_make(const struct evidences *evidences, const struct decision *decision,
	char **ret_text, size_t *ret_lines) {
	_cleanup_(buffer_finish) struct buffer out;
	_cleanup_(freep) struct plan *plan = calloc(1, sizeof(*plan));
	char *text;
	int r = 0;

	buffer_init(&out, EXCERPT_MAX_BYTES);
	if (plan == NULL) {
		return -ENOMEM;
	}
	if (decision->failed) {
		collect(plan, evidences, decision);
		plan_lines(plan, evidences, decision);
	}
	for (size_t i = 0; r == 0 && i < plan->n; i++) {
		r = plan->choices[i].shown ? append_choice(&out, &plan->choices[i]) : 0;
		if (r == 0 && plan->n_left_out > 0 && plan->gap == i) {
			r = append_mark(&out, plan->n_left_out);
		}
	}
	text = r == 0 ? buffer_steal(&out) : NULL;
	if (text == NULL) {
		return -ENOMEM;
	}
	*ret_text = text;
	*ret_lines = count_lines(text);
	return 0;
}

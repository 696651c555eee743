#include "common/logscan/logscan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/logscan/decide.h"
#include "common/logscan/evidence.h"
#include "common/logscan/grammar.h"
#include "common/logscan/group.h"
#include "common/logscan/line.h"
#include "common/logscan/match.h"
#include "common/logscan/result.h"
#include "common/logscan/tail.h"
#include "common/logscan/utf16.h"

/* What is kept of the text that was scanned, for looking back. */
#define HISTORY_BYTES ((size_t)16 * 1024)
/* A line that gets longer than this is cut. */
#define PENDING_BYTES ((size_t)64 * 1024)
#define FEED_BYTES ((size_t)128 * 1024)
#define WINDOW_BYTES (HISTORY_BYTES + PENDING_BYTES + FEED_BYTES)
#define DECODED_MAX_BYTES (3 * FEED_BYTES + 64)
/* How far above a finding its file's name may stand, and before a failure its last words. */
#define ABOVE_LINES_MAX 400
#define LAST_WORDS_MAX 6
/* So many empty lines end what belongs to a finding. */
#define BLANK_LINES_MAX 6
#define LAST_WORDS_LINES_MAX 60

struct logscan {
	const struct grammar *grammar;
	struct matcher *matcher;
	struct utf16 utf16;
	struct buffer decoded;
	struct buffer window;  /* history, then what is not scanned yet */
	size_t n_scanned;      /* bytes of the window; at a line's start */
	bool in_long_line;     /* its beginning was scanned, the rest is skipped */
	int64_t n_lines;       /* before n_scanned */
	uint64_t place;	       /* of the last line that had one */
	size_t follow;	       /* lines that are looked at whatever they hold */
	size_t n_blank;	       /* empty ones among them, in a row */
	struct evidence *last; /* they belong to it; borrowed */
	int64_t above_line;    /* the last finding with a file above it, and that file */
	char above[EVIDENCE_TEXT_MAX_BYTES];
	int64_t exit_line; /* the last one by which a wrapper told that its command failed; 0: none */
	struct group group;
	struct log_end end;
	struct evidences evidences;
	struct line line;
	struct line other; /* for looking back */
};

int logscan_create(struct logscan **ret_scan) {
	_cleanup_(logscan_destroyp) struct logscan *scan = calloc(1, sizeof(*scan));
	int r;

	if (scan == NULL) {
		return -ENOMEM;
	}
	buffer_init(&scan->decoded, DECODED_MAX_BYTES);
	buffer_init(&scan->window, WINDOW_BYTES);
	scan->evidences.now.stage = STAGE_OTHER;
	scan->evidences.now.command_stage = STAGE_OTHER;
	scan->evidences.now.exit_code = -1;
	scan->grammar = grammar_get();
	r = matcher_create(&scan->matcher);
	if (r == 0) {
		*ret_scan = TAKE_PTR(scan);
	}
	return r;
}

void logscan_destroy(struct logscan *scan) {
	if (scan == NULL) {
		return;
	}
	matcher_destroy(scan->matcher);
	buffer_finish(&scan->decoded);
	buffer_finish(&scan->window);
	evidences_finish(&scan->evidences);
	free(scan);
}

/* Notes the keywords of the line up to `end`. */
static void note_rest(struct logscan *scan, uint32_t *state, size_t from, size_t end) {
	const uint16_t *ids;
	size_t n;

	while (from < end) {
		from = keywords_next(
			scan->grammar->keywords, state, scan->window.data, from, end, &ids, &n);
		matcher_note(scan->matcher, ids, n);
	}
}

/* The line before the one at `at` in the window; false: there is none any more. */
static bool line_before(struct logscan *scan, size_t *at, struct line *line) {
	const char *data = scan->window.data, *start;
	size_t end;

	if (*at == 0) {
		return false;
	}
	end = *at - 1;
	start = end > 0 ? memrchr(data, '\n', end) : NULL;
	*at = start != NULL ? (size_t)(start - data) + 1 : 0;
	line_read(line, data + *at, end - *at);
	return true;
}

/* The file's name above the line at `at`; NULL: there is none near. */
static const char *find_above(struct logscan *scan, size_t at, int64_t log_line) {
	int64_t number = log_line;

	for (int i = 0; i < ABOVE_LINES_MAX && line_before(scan, &at, &scan->other); i++) {
		number--;
		if (number == scan->above_line && number > 0) {
			break;
		}
		if (line_is_file_name(&scan->other)) {
			memcpy(scan->above, scan->other.text, scan->other.len + 1);
			scan->above_line = log_line;
			return scan->above;
		}
	}
	if (number != scan->above_line || number == 0) {
		return NULL;
	}
	scan->above_line = log_line;
	return scan->above;
}

static const struct grammar_row last_words_row = { LAST_WORDS_TOOL, "", NULL, ROLE_FINDING,
	ERROR_UNKNOWN, CAUSE_UNKNOWN, WEIGHT_HINT, 0, ROW_LAST };
static const struct grammar_row telling_words_row = { LAST_WORDS_TOOL, "", NULL, ROLE_FINDING,
	ERROR_UNKNOWN, CAUSE_CONFIG, WEIGHT_HINT + 5, 0, ROW_LAST };

/* Whether the line in `scan->other`, at `at` in the window, is a wrapper's. */
static bool is_wrapper(struct logscan *scan, size_t at) {
	struct match match;
	uint32_t state = 0;
	const char *end = memchr(scan->window.data + at, '\n', scan->window.len - at);

	note_rest(scan, &state, at, end != NULL ? (size_t)(end - scan->window.data) : at);
	matcher_match(scan->matcher, &scan->other, &match);
	return match.row != NULL && (match.row->role < ROLE_COMMAND || match.row->role == ROLE_EXIT);
}

/* Nothing was understood of a step that failed: its last words may tell a reader. */
static int keep_last_words(struct logscan *scan, size_t at, int64_t log_line) {
	size_t places[LAST_WORDS_MAX];
	int64_t numbers[LAST_WORDS_MAX];
	size_t n = 0;

	for (int i = 1; i <= LAST_WORDS_LINES_MAX && n < LAST_WORDS_MAX; i++) {
		if (!line_before(scan, &at, &scan->other)) {
			break;
		}
		if (strncmp(scan->other.text, "##[", 3) == 0 && n > 0) {
			break;
		}
		if (scan->other.len > scan->other.n_indent && !is_wrapper(scan, at)) {
			places[n] = at;
			numbers[n++] = log_line - i;
		}
	}
	while (n-- > 0) {
		const char *start = scan->window.data + places[n];
		struct match match = { .row = &last_words_row };
		struct evidence *kept;
		const char *end = memchr(start, '\n', scan->window.len - places[n]);
		int r;

		line_read(&scan->other, start, end != NULL ? (size_t)(end - start) : 0);
		match.row = tail_is_telling(scan->other.text) ? &telling_words_row : &last_words_row;
		r = evidences_add(&scan->evidences, &match, &scan->other, numbers[n], NULL, &kept);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* A compiler's finding is of the class of the command that ran it. */
static void adapt(struct logscan *scan, struct evidence *evidence) {
	const struct step *now = &scan->evidences.now;
	const struct evidence *last = scan->last;

	if (now->command_stage != STAGE_OTHER) {
		evidence->stage = now->command_stage;
	}
	if ((evidence->row->flags & ROW_BUILDS) != 0) {
		evidence->stage = STAGE_BUILD;
	}
	if ((evidence->row->flags & ROW_INSTALLS) != 0 && evidence->stage == STAGE_OTHER) {
		evidence->stage = STAGE_INSTALL;
	}
	if ((evidence->row->flags & ROW_AS_LAST) != 0 && last != NULL && last->step == now->id) {
		evidence->type = last->type;
	}
	if (now->has_setting && evidence->type != ERROR_INFRA) {
		evidence->type = now->setting;
	} else if ((evidence->row->flags & ROW_FOLLOWS) != 0 && evidence->stage == STAGE_BUILD) {
		evidence->type = ERROR_BUILD;
	} else if ((evidence->row->flags & ROW_FOLLOWS) != 0 && evidence->stage == STAGE_LINT &&
		evidence->type == ERROR_BUILD) {
		evidence->type = ERROR_LINT;
	}
}

static int64_t exit_code_of(const struct match *match) {
	const struct span *span = &match->spans[CAPTURE_CODE];
	int64_t code = 0;

	for (size_t i = 0; i < span->len && i < 9; i++) {
		code = 10 * code + (span->text[i] - '0');
	}
	return span->len > 0 ? code : -1;
}

/* What a failure's own line tells: it was cancelled, or a signal ended it. */
static int step_failed(struct logscan *scan, const struct match *match, size_t at, int64_t log_line) {
	const struct span *cmd = &match->spans[CAPTURE_CMD];
	struct evidence *kept;
	int r = 0;

	if (match->row->weight >= WEIGHT_SENTENCE) {
		r = evidences_add(&scan->evidences, match, &scan->line, log_line, NULL, &kept);
		if (kept != NULL) {
			adapt(scan, kept);
		}
	} else if (scan->evidences.now.best_weight < WEIGHT_SENTENCE) {
		r = keep_last_words(scan, at, log_line);
	}
	evidences_fail_step(&scan->evidences, cmd->text, cmd->len, exit_code_of(match));
	scan->follow = 0;
	scan->last = NULL;
	return r;
}

/* A mere sentence among the lines that belong to a surer finding is one of them. */
static bool is_part_of_last(const struct logscan *scan, const struct match *match) {
	return scan->follow > 0 && scan->last != NULL && match->row->weight < WEIGHT_LIKELY &&
		match->row->weight < scan->last->weight && match->spans[CAPTURE_TEST].len == 0;
}

static int detail(struct logscan *scan, const struct match *match) {
	const struct grammar_row *row = match->row;
	int r;

	if ((row->flags & ROW_GROUP) != 0) {
		group_begin(&scan->group, match, &scan->line, scan->evidences.now.id);
		return 0;
	}
	if (scan->last == NULL || ((row->flags & ROW_OWN) != 0 && !evidence_is_of(scan->last, row))) {
		return 0;
	}
	r = evidence_complete(scan->last, match);
	return r < 0 ? r : evidence_add_detail(scan->last, &scan->line);
}

static int found(struct logscan *scan, struct match *match, size_t at, int64_t log_line) {
	const char *above = NULL;
	struct evidence *kept = NULL;
	int r;

	if (is_part_of_last(scan, match)) {
		scan->follow--;
		return detail(scan, match);
	}
	if ((match->row->flags & ROW_FILE_ABOVE) != 0) {
		above = find_above(scan, at, log_line);
	} else if ((match->row->flags & ROW_LINE_ABOVE) != 0 &&
		line_before(scan, &(size_t){ at }, &scan->other)) {
		above = scan->other.text;
	}
	if ((match->row->flags & ROW_GROUP) != 0) {
		group_begin(&scan->group, match, &scan->line, scan->evidences.now.id);
	} else if (group_join(&scan->group, match, &scan->evidences)) {
		above = scan->group.text;
	}
	r = evidences_add(&scan->evidences, match, &scan->line, log_line, above, &kept);
	if (kept == NULL) {
		scan->follow = 0;
		scan->last = NULL;
		return r;
	}
	adapt(scan, kept);
	/* make_room() may have taken the one before */
	scan->last = kept;
	scan->follow = match->row->follow;
	scan->n_blank = 0;
	return r;
}

static int take_command(struct logscan *scan, const struct match *match) {
	const struct span *cmd = &match->spans[CAPTURE_CMD];
	struct step *now = &scan->evidences.now;
	const char *text = cmd->text != NULL ? cmd->text : match->row->tool;
	size_t n = MIN(cmd->text != NULL ? cmd->len : strlen(text), sizeof(now->command) - 1);

	memcpy(now->command, text, n);
	now->command[n] = '\0';
	now->command_stage = grammar_command_stage(now->command, NULL);
	return 0;
}

static int apply(struct logscan *scan, struct match *match, size_t at, int64_t log_line) {
	const struct span *cmd = &match->spans[CAPTURE_CMD];
	struct evidences *evidences = &scan->evidences;

	switch (match->row->role) {
	case ROLE_NOISE:
		scan->follow = (match->row->flags & ROW_WITHIN) != 0 ? scan->follow : 0;
		return 0;
	case ROLE_PASSED:
		scan->end.passed = true;
		evidences->n_failed = 0;
		return 0;
	case ROLE_FAILED:
		if (scan->line.mark == MARK_WARNING) {
			return 0;
		}
		scan->end.passed = false;
		return step_failed(scan, match, at, log_line);
	case ROLE_STEP_OK: evidences_pass_step(evidences); return 0;
	case ROLE_STEP: evidences_begin_step(evidences, cmd->text, cmd->len); return 0;
	case ROLE_END:
		evidences_end_step(evidences);
		scan->end.complete = true;
		return 0;
	case ROLE_COMMAND: return take_command(scan, match);
	case ROLE_SETTING:
		evidences->now.has_setting = true;
		evidences->now.setting = match->row->type;
		return 0;
	case ROLE_FINDING:
	case ROLE_SUMMARY: return found(scan, match, at, log_line);
	case ROLE_DETAIL: return detail(scan, match);
	case ROLE_EXIT:
		scan->exit_line = log_line;
		if (scan->follow > 0 && scan->last != NULL) {
			scan->follow--;
			evidences->now.exited = true;
			return evidence_add_detail(scan->last, &scan->line);
		}
		if (evidences->now.best_weight < WEIGHT_SENTENCE && !evidences->now.exited) {
			int r = keep_last_words(scan, at, log_line);

			scan->last = NULL;
			if (r < 0) {
				return r;
			}
		}
		evidences->now.exited = true;
		return 0;
	}
	return 0;
}

/* Colours may stand within a keyword: in a line that has some it is looked for once more without them. */
static void note_visible(struct logscan *scan) {
	const uint16_t *ids;
	uint32_t state = 0;
	size_t n, from = 0;

	(void)keywords_next(scan->grammar->keywords, &state, "\n", 0, 1, &ids, &n);
	while (from < scan->line.len) {
		from = keywords_next(scan->grammar->keywords, &state, scan->line.text, from,
			scan->line.len, &ids, &n);
		matcher_note(scan->matcher, ids, n);
	}
}

/* One line whose keywords are noted. `at`: where it begins in the window. */
static int process_line(struct logscan *scan, size_t at, size_t len, int64_t log_line) {
	struct line *line = &scan->line;
	struct match match;

	line_read(line, scan->window.data + at, len);
	if (line->place != 0 && line->place != scan->place) {
		scan->place = line->place;
		evidences_begin_step(&scan->evidences, line->step, strlen(line->step));
	}
	if (line->has_codes) {
		note_visible(scan);
	}
	matcher_match(scan->matcher, line, &match);
	if (match.row != NULL) {
		return apply(scan, &match, at, log_line);
	}
	if (scan->follow > 0 && scan->last != NULL) {
		bool blank = line->len == line->n_indent;

		scan->n_blank = blank ? scan->n_blank + 1 : 0;
		scan->follow = scan->n_blank > BLANK_LINES_MAX ? 0 : scan->follow - !blank;
		return evidence_add_detail(scan->last, line);
	}
	return 0;
}

/* Scans the whole lines up to `end`, which is behind a line break. */
static int scan_lines(struct logscan *scan, size_t end) {
	const char *data = scan->window.data;
	uint32_t state = 0;

	while (scan->n_scanned < end) {
		size_t at = scan->n_scanned, hit = at, n = 0, line_end;
		const uint16_t *ids;
		int r;

		/* Some keywords begin with the line break before their line. */
		(void)keywords_next(scan->grammar->keywords, &state, "\n", 0, 1, &ids, &n);
		if (scan->follow == 0) {
			hit = keywords_next(scan->grammar->keywords, &state, data, at, end, &ids, &n);
			if (n == 0) {
				scan->n_lines += line_count(data + at, end - at);
				scan->n_scanned = end;
				return 0;
			}
			matcher_note(scan->matcher, ids, n);
		}
		if (hit > at) {
			const char *start = memrchr(data + at, '\n', hit - at);
			size_t line_at = start != NULL ? (size_t)(start - data) + 1 : at;

			scan->n_lines += line_count(data + at, line_at - at);
			at = line_at;
		}
		line_end = (size_t)((const char *)memchr(data + hit, '\n', end - hit) - data);
		note_rest(scan, &state, hit, line_end);
		scan->n_scanned = line_end + 1;
		scan->n_lines++;
		r = process_line(scan, at, line_end - at, scan->n_lines);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

/* A line without an end: its beginning is scanned as if it ended here, what follows is skipped. */
static int cut_long_line(struct logscan *scan) {
	int r;

	if (scan->window.len - scan->n_scanned < PENDING_BYTES) {
		return 0;
	}
	scan->window.data[scan->window.len - 1] = '\n';
	r = scan_lines(scan, scan->window.len);
	scan->in_long_line = true;
	return r;
}

static int scan_window(struct logscan *scan) {
	size_t len = scan->window.len - scan->n_scanned;
	const char *last = memrchr(scan->window.data + scan->n_scanned, '\n', len);
	int r = last == NULL ? 0 : scan_lines(scan, (size_t)(last - scan->window.data) + 1);

	r = r < 0 ? r : cut_long_line(scan);
	if (scan->n_scanned > HISTORY_BYTES) {
		size_t drop = scan->n_scanned - HISTORY_BYTES;

		buffer_consume(&scan->window, drop);
		scan->n_scanned -= drop;
	}
	return r;
}

static int feed_text(struct logscan *scan, const char *text, size_t len) {
	int r = 0;

	while (r == 0 && len > 0) {
		size_t n;

		if (scan->in_long_line) {
			const char *end = memchr(text, '\n', len);

			if (end == NULL) {
				return 0;
			}
			scan->in_long_line = false;
			len -= (size_t)(end + 1 - text);
			text = end + 1;
			continue;
		}
		n = MIN(len, FEED_BYTES);
		r = buffer_append(&scan->window, text, n);
		r = r < 0 ? r : scan_window(scan);
		text += n;
		len -= n;
	}
	return r;
}

int logscan_feed(struct logscan *scan, const char *data, size_t len) {
	int r = 0;

	while (r == 0 && len > 0) {
		size_t n = MIN(len, FEED_BYTES), n_text;
		const char *text;

		r = utf16_feed(&scan->utf16, data, n, &scan->decoded, &text, &n_text);
		r = r < 0 ? r : feed_text(scan, text, n_text);
		data += n;
		len -= n;
	}
	return r;
}

/* The last line may have no end. */
static int flush(struct logscan *scan) {
	const char *text;
	size_t n;
	int r = utf16_end(&scan->utf16, &scan->decoded, &text, &n);

	r = r < 0 ? r : feed_text(scan, text, n);
	if (r == 0 && scan->window.len > scan->n_scanned) {
		r = feed_text(scan, "\n", 1);
	}
	return r;
}

/* A step whose own exit code is known failed at the log's end, whatever the log says. */
static int apply_exit_code(struct logscan *scan) {
	if (scan->end.exit_code <= 0 || scan->evidences.n_failed > 0 ||
		scan->evidences.now.best_weight >= WEIGHT_SENTENCE) {
		return 0;
	}
	return keep_last_words(scan, scan->window.len, scan->n_lines + 1);
}

/* Marks what was found in this line. Whether it tells of an error. */
static bool mark_at_end(struct evidences *evidences, int64_t log_line) {
	bool any = false;

	for (size_t i = evidences->n; i-- > 0;) {
		struct evidence *evidence = evidences->all[i];

		if (evidence->log_line == log_line && !evidence->warning &&
			evidence->weight >= WEIGHT_SENTENCE) {
			evidence->at_end = true;
			any = true;
		}
	}
	return any;
}

/* Nobody says how it ended: its last words may. */
static int judge_tail(struct logscan *scan) {
	static const struct match wrapper = { .row = &last_words_row };
	size_t at = scan->window.len, n_other = 0;
	int64_t log_line = scan->n_lines;

	for (int i = 0; i < TAIL_LINES_MAX && n_other <= TAIL_OTHER_MAX; i++, log_line--) {
		enum tail_line kind;

		if (!line_before(scan, &at, &scan->other)) {
			break;
		}
		kind = tail_judge(&scan->other);
		if (kind == TAIL_WELL) {
			break;
		}
		if (mark_at_end(&scan->evidences, log_line) || log_line == scan->exit_line) {
			scan->end.badly = true;
			kind = TAIL_BELONGS;
		}
		if (scan->end.badly && scan->evidences.n == 0) {
			struct evidence *kept;

			return evidences_add(
				&scan->evidences, &wrapper, &scan->other, log_line, NULL, &kept);
		}
		n_other += kind == TAIL_OTHER;
	}
	return 0;
}

int logscan_end(struct logscan *scan, int64_t exit_code, struct logscan_result *ret_result) {
	struct decision decision;
	int r = flush(scan);

	evidences_end_step(&scan->evidences);
	scan->end.exit_code = exit_code;
	r = r < 0 ? r : apply_exit_code(scan);
	if (r == 0 && exit_code < 0 && scan->evidences.n_failed == 0 &&
		!tools_failed(&scan->evidences)) {
		r = judge_tail(scan);
	}
	if (r < 0) {
		return r;
	}
	decide(&scan->evidences, &scan->end, &decision);
	return result_make(&scan->evidences, &decision, ret_result);
}

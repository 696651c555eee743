/*
 * evidence - what was found so far: findings with their text, and the steps that failed. Bounded: when there are too
 * many, what lies in the middle of the log goes, and before it what lies in steps that passed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/logscan/grammar.h"
#include "common/logscan/line.h"
#include "common/logscan/logscan.h"
#include "common/logscan/match.h"
#include "common/macro.h"

#define STEPS_FAILED_MAX 64
#define STEP_TITLE_MAX 256
/* Of one line that is kept, and of the lines that belong to it. */
#define EVIDENCE_TEXT_MAX_BYTES 600
#define EVIDENCE_DETAILS_MAX_BYTES 2000
/* Remembered lines, so that what is said again is not kept again. */
#define EVIDENCE_SEEN_MAX 2048

struct evidence {
	const struct grammar_row *row;
	const char *tool;     /* static */
	enum error_type type; /* the row's, unless the command or the step knows better */
	uint8_t weight;
	bool cancelled;
	bool warning; /* fails nothing */
	bool at_end;  /* one of the log's last words, where nobody says how it ended */
	uint32_t step;
	enum logscan_stage stage; /* of the command it came from */
	int64_t log_line;
	char *above;   /* the line that names the file; NULL: none */
	char *text;    /* clean; never NULL */
	char *details; /* lines; NULL: none */
	char *file;
	bool file_below; /* only a line below it named its file */
	int64_t line;
	int64_t column;
	char *rule;
	char *message;
	char *test;
};

struct step {
	uint32_t id;
	bool failed;
	bool is_rest; /* what comes after a failed step, before the next one begins */
	bool has_setting;
	bool exited;	 /* a wrapper told that a command failed */
	bool is_action;	 /* a ready-made one, of which the runner prints no exit code */
	bool complained; /* it printed an error in the runner's form */
	enum error_type setting;
	enum logscan_stage stage;
	uint8_t best_weight; /* of what was found in it */
	int64_t exit_code;
	char title[STEP_TITLE_MAX];
	enum logscan_stage command_stage;
	char command[STEP_TITLE_MAX]; /* the last one echoed in it */
};

struct evidences {
	size_t n;
	uint64_t n_seen;
	uint64_t n_dropped;			    /* findings for which there was no room */
	struct evidence *all[LOGSCAN_FINDINGS_MAX]; /* in the log's order */
	struct step now;
	size_t n_failed;
	struct step failed[STEPS_FAILED_MAX];
	uint64_t seen[EVIDENCE_SEEN_MAX];    /* hashes of lines, by hash */
	uint64_t dropped[EVIDENCE_SEEN_MAX]; /* hashes of tests, by hash */
};

void evidences_finish(struct evidences *evidences);

/*
 * Keeps a match as evidence of the current step. `above`: the line that names its file, NULL for none.
 * Returns: 0, `*ret_evidence` is what was kept, borrowed until the next one, NULL when it was said before; -ENOMEM.
 */
must_check int evidences_add(struct evidences *evidences, const struct match *match,
	const struct line *line, int64_t log_line, const char *above, struct evidence **ret_evidence);
/* Takes back what this row found in this line. */
void evidences_drop(struct evidences *evidences, const struct grammar_row *row, const char *text);
/* Whether a detail by this row may belong to it: it is of the same tool. What node:test prints is told from TAP so. */
bool evidence_is_of(struct evidence *evidence, const struct grammar_row *row);
/* A line that belongs to it; what has no room is left out. Returns: 0; -ENOMEM. */
must_check int evidence_add_detail(struct evidence *evidence, const struct line *line);
/* Fills in what a line's groups tell and the finding does not know yet. Returns: 0; -ENOMEM. */
must_check int evidence_complete(struct evidence *evidence, const struct match *match);

void evidences_begin_step(struct evidences *evidences, const char *title, size_t len);
/* `command` may be NULL; `exit_code` -1: not known. */
void evidences_fail_step(
	struct evidences *evidences, const char *command, size_t len, int64_t exit_code);
void evidences_pass_step(struct evidences *evidences);
/* The step ends as the log goes on: an action that complained failed. */
void evidences_end_step(struct evidences *evidences);

/*
 * decide - from evidence to a verdict: which step failed first for its own reason, as what, and which line tells
 * it. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/logscan/evidence.h"
#include "common/logscan/exit_code.h"
#include "common/logscan/logscan.h"

/* The name of lines that no tool is known to print. */
#define LAST_WORDS_TOOL "log"

struct decision {
	bool failed;
	enum error_type type;
	enum logscan_stage stage;
	enum logscan_cause cause;
	double confidence;
	const struct evidences *evidences; /* borrowed */
	const struct step *step; /* the one that failed; NULL: CI did not say, the whole log counts */
	const struct evidence *headline;  /* NULL: nothing tells */
	char sentence[EXIT_SENTENCE_MAX]; /* instead of it: what the exit code says; "": nothing */
};

/* What CI said at the end of it all. */
struct log_end {
	bool passed;
	bool complete;
	bool badly;	   /* its last words tell of an error */
	int64_t exit_code; /* -1: not known */
};

/* Whether there is a failure at all, as far as the tools' own words go. */
bool tools_failed(const struct evidences *evidences);
void decide(const struct evidences *evidences, const struct log_end *end, struct decision *ret);
/* Whether a piece of evidence belongs to what failed. */
bool decision_holds(const struct decision *decision, const struct evidence *evidence);
/* Whether it says that something is wrong, rather than that something might be. */
bool evidence_is_error(const struct evidence *evidence);

/*
 * verdict - the answer to "is it ready?": an outcome, every reason, and the proof. Pure data, any thread.
 *
 * `ready` needs an empty list of reasons. Every reason has a class, and for class `wait` a bound after which it counts
 * as another class; both are in one table in verdict.c.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/id.h"
#include "common/macro.h"
#include "daemon/limits.h"

enum verdict_outcome {
	VERDICT_UNKNOWN,
	VERDICT_READY,
	VERDICT_PENDING,
	VERDICT_NOT_READY,
	VERDICT_MERGED,
	VERDICT_CLOSED,
	VERDICT_GONE,
	VERDICT_OUTCOME_COUNT,
};

enum reason_class { REASON_REPAIR, REASON_WAIT, REASON_HUMAN, REASON_CLASS_COUNT };

enum reason_code { /* sorted by name, as the table */
	REASON_AWAITING_WORKFLOW_APPROVAL,
	REASON_BEHIND_BASE,
	REASON_BLOCKED_UNKNOWN,
	REASON_BUILD_FAILED,
	REASON_CHANGES_REQUESTED,
	REASON_CHECKS_UNREADABLE,
	REASON_CHECK_CANCELLED,
	REASON_CHECK_FAILED,
	REASON_CHECK_MISSING,
	REASON_CHECK_PENDING,
	REASON_CHECK_TIMED_OUT,
	REASON_CI_STALE,
	REASON_CONFLICT,
	REASON_DRAFT,
	REASON_IN_MERGE_QUEUE,
	REASON_MERGEABILITY_UNKNOWN,
	REASON_NO_BUILD_SINCE_REPORT,
	REASON_NO_CHECKS_ON_HEAD,
	REASON_ORDER_UNKNOWN,
	REASON_RATE_LIMITED,
	REASON_RED_ELSEWHERE,
	REASON_REVIEW_MISSING,
	REASON_REVIEW_STALE,
	REASON_SKIPPED_BY_FAILURE,
	REASON_STARTUP_FAILURE,
	REASON_THREADS_UNRESOLVED,
	REASON_UNREACHABLE,
	REASON_CODE_COUNT,
};

/* A verdict names at most this many blockers; further ones are counted in the last one's message. */
#define VERDICT_REASONS_MAX 16
#define VERDICT_PROOF_MAX 16

struct reason {
	enum reason_code code;
	int64_t since_ms; /* since when, if the judge knows; else first seen without a break; 0: not carried yet */
	int64_t bound_ms; /* of class wait: the project's own bound; 0: the table's. Not kept on disk */
	bool repair;	  /* an agent is let deal with what else only a person does */
	char subject[LIMIT_SUBJECT_MAX];
	char message[LIMIT_REASON_MAX]; /* one sentence for a person */
};

struct verdict {
	enum verdict_outcome outcome;
	int64_t checked_at_ms;
	int64_t revision; /* of the incident it judged; 0 when it judged none */
	char head_sha[LIMIT_COMMIT_MAX];
	size_t n_reasons;
	size_t n_folded; /* further reasons that only the last one's message counts */
	struct reason reasons[VERDICT_REASONS_MAX];
	size_t n_proof;
	char proof[VERDICT_PROOF_MAX][ID_TEXT_MAX]; /* builds or checks the outcome rests on */
};

extern const char *const verdict_outcome_names[]; /* NULL-ended, by enum; as the next two */
extern const char *const verdict_outcome_words[]; /* the same for people */
extern const char *const reason_class_names[];

const char *reason_code_name(enum reason_code code);
must_check int reason_code_parse(const char *name, enum reason_code *ret_code);

/* The class a reason has at `now_ms`, its bound and what it becomes taken into account. */
enum reason_class reason_class_at(const struct reason *reason, int64_t now_ms);
/* The class as the table gives it, whatever its age and whatever the project wants. */
enum reason_class reason_class_of(enum reason_code code);

/* Whether something failed, and not only nothing is known yet or allowed. */
bool verdict_is_red(const struct verdict *verdict);

/*
 * Adds a reason; the ones beyond VERDICT_REASONS_MAX are folded into the last, which stays the weightiest of them:
 * repair before human before wait. The outcome is left alone.
 */
void verdict_add(struct verdict *verdict, enum reason_code code, const char *subject,
	const char *fmt, ...) printf_like(4, 5);

/*
 * Sets since_ms of every reason that has none: from the same code and subject in `previous` (may be NULL), else
 * `now_ms`. No age counts `ahead_ms`, by which the clock was set ahead without being believed yet.
 */
void verdict_carry(
	struct verdict *verdict, const struct verdict *previous, int64_t now_ms, int64_t ahead_ms);

/*
 * As on the wire (io.codegend.varlink: Verdict), classes as they were at checked_at_ms. The revision is not in it. A
 * new reference; NULL: memory.
 */
must_check json_t *verdict_to_json(const struct verdict *verdict);
/* Reads verdict_to_json()'s form back, from disk. Returns: 0; -EINVAL, `ret_verdict` is then all zero. */
must_check int verdict_from_json(const json_t *object, struct verdict *ret_verdict);

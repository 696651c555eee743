#include "daemon/model/verdict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/model/member.h"

const char *const verdict_outcome_names[] = {
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_READY] = "ready",
	[VERDICT_PENDING] = "pending",
	[VERDICT_NOT_READY] = "not_ready",
	[VERDICT_MERGED] = "merged",
	[VERDICT_CLOSED] = "closed",
	[VERDICT_GONE] = "gone",
	[VERDICT_OUTCOME_COUNT] = NULL,
};

const char *const verdict_outcome_words[] = {
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_READY] = "ready",
	[VERDICT_PENDING] = "not yet",
	[VERDICT_NOT_READY] = "not ready",
	[VERDICT_MERGED] = "merged",
	[VERDICT_CLOSED] = "closed",
	[VERDICT_GONE] = "gone",
	[VERDICT_OUTCOME_COUNT] = NULL,
};

const char *const reason_class_names[] = {
	[REASON_REPAIR] = "repair",
	[REASON_WAIT] = "wait",
	[REASON_HUMAN] = "human",
	[REASON_CLASS_COUNT] = NULL,
};

struct reason_rule {
	const char *name;
	enum reason_class class;
	int64_t bound_ms; /* of class wait: counts as `then` from that age on; 0: waits for ever */
	enum reason_class then;
};

#define MINUTES(n) ((n)*CLOCK_MINUTE_MS)
#define HOURS(n) ((n)*CLOCK_HOUR_MS)
#define RULE(code, ...) [REASON_##code] = { #code, __VA_ARGS__ }
#define REPAIR REASON_REPAIR, 0, REASON_REPAIR
#define HUMAN REASON_HUMAN, 0, REASON_HUMAN
#define WAIT REASON_WAIT, 0, REASON_WAIT
#define WAIT_THEN(bound_ms, then) REASON_WAIT, (bound_ms), (then)

static const struct reason_rule rules[REASON_CODE_COUNT] = {
	RULE(AWAITING_WORKFLOW_APPROVAL, HUMAN),
	RULE(BEHIND_BASE, HUMAN),
	RULE(BLOCKED_UNKNOWN, HUMAN),
	RULE(BUILD_FAILED, REPAIR),
	RULE(CHANGES_REQUESTED, HUMAN),
	RULE(CHECKS_UNREADABLE, HUMAN),
	/* A rerun may have begun. */
	RULE(CHECK_CANCELLED, WAIT_THEN(MINUTES(10), REASON_REPAIR)),
	RULE(CHECK_FAILED, REPAIR),
	RULE(CHECK_MISSING, WAIT_THEN(MINUTES(30), REASON_HUMAN)),
	RULE(CHECK_PENDING, WAIT_THEN(HOURS(2), REASON_HUMAN)),
	RULE(CHECK_TIMED_OUT, WAIT_THEN(MINUTES(10), REASON_REPAIR)),
	RULE(CI_STALE, WAIT_THEN(MINUTES(30), REASON_HUMAN)),
	RULE(CONFLICT, REPAIR),
	RULE(DRAFT, HUMAN),
	RULE(IN_MERGE_QUEUE, WAIT_THEN(HOURS(6), REASON_HUMAN)),
	RULE(MERGEABILITY_UNKNOWN, WAIT_THEN(HOURS(1), REASON_HUMAN)),
	RULE(NO_BUILD_SINCE_REPORT, REPAIR),
	/* Stalled CI: somebody has to rerun or approve it. */
	RULE(NO_CHECKS_ON_HEAD, WAIT_THEN(MINUTES(10), REASON_HUMAN)),
	RULE(ORDER_UNKNOWN, HUMAN),
	RULE(RATE_LIMITED, WAIT),
	/* The other incident has bounds of its own; one that then waits for a person is no reason to wait for ever. */
	RULE(RED_ELSEWHERE, WAIT_THEN(HOURS(24), REASON_HUMAN)),
	RULE(REVIEW_MISSING, HUMAN),
	RULE(REVIEW_STALE, HUMAN),
	/* It follows the class of the job it needed; until a forge tells which, the usual one: that job failed. */
	RULE(SKIPPED_BY_FAILURE, REPAIR),
	RULE(STARTUP_FAILURE, WAIT_THEN(MINUTES(10), REASON_REPAIR)),
	RULE(THREADS_UNRESOLVED, HUMAN),
	RULE(UNREACHABLE, WAIT),
};

const char *reason_code_name(enum reason_code code) {
	return rules[code].name;
}

int reason_code_parse(const char *name, enum reason_code *ret_code) {
	for (size_t i = 0; i < REASON_CODE_COUNT; i++) {
		if (strcmp(rules[i].name, name) == 0) {
			*ret_code = (enum reason_code)i;
			return 0;
		}
	}
	return -EINVAL;
}

enum reason_class reason_class_of(enum reason_code code) {
	return rules[code].class;
}

enum reason_class reason_class_at(const struct reason *reason, int64_t now_ms) {
	const struct reason_rule *rule = &rules[reason->code];
	bool waits_for_ever = rule->class != REASON_WAIT || rule->bound_ms == 0;
	int64_t bound_ms = reason->bound_ms > 0 ? reason->bound_ms : rule->bound_ms;

	if (reason->repair && rule->class == REASON_HUMAN) {
		return REASON_REPAIR;
	}
	if (waits_for_ever || reason->since_ms == 0 || now_ms - reason->since_ms < bound_ms) {
		return rule->class;
	}
	return rule->then;
}

/* How much a class asks for: what an agent can do must not hide behind what only time can. */
static int class_weight(const struct reason *reason) {
	static const int weights[REASON_CLASS_COUNT] = {
		[REASON_WAIT] = 0,
		[REASON_HUMAN] = 1,
		[REASON_REPAIR] = 2,
	};

	return weights[reason->repair ? REASON_REPAIR : rules[reason->code].class];
}

static size_t folded_text(size_t n_folded, char *out, size_t size) {
	out[0] = '\0';
	if (n_folded > 0) {
		(void)text_format(out, size, " And %zu more.", n_folded);
	}
	return strlen(out);
}

/* Counts one more in the last reason, which `reason` replaces when it weighs more. */
static void fold(struct verdict *verdict, const struct reason *reason) {
	struct reason *last = &verdict->reasons[VERDICT_REASONS_MAX - 1];
	char count[48];
	size_t old_len = folded_text(verdict->n_folded, count, sizeof(count));
	size_t len;

	if (class_weight(reason) > class_weight(last)) {
		*last = *reason;
		old_len = 0;
	}
	verdict->n_folded++;
	len = strlen(last->message) - old_len;
	len = text_cut(last->message, MIN(len, sizeof(last->message) - sizeof(count)));
	(void)folded_text(verdict->n_folded, count, sizeof(count));
	(void)text_copy(last->message + len, sizeof(last->message) - len, count);
}

bool verdict_is_red(const struct verdict *verdict) {
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (reason_class_of(verdict->reasons[i].code) == REASON_REPAIR) {
			return true;
		}
	}
	return false;
}

void verdict_add(
	struct verdict *verdict, enum reason_code code, const char *subject, const char *fmt, ...) {
	struct reason reason = { .code = code };
	char message[LIMIT_SENTENCE_MAX * 2];
	va_list args;

	(void)TEXT_SET(reason.subject, subject);
	va_start(args, fmt);
	(void)vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	(void)TEXT_SET(reason.message, message);
	if (verdict->n_reasons < VERDICT_REASONS_MAX) {
		verdict->reasons[verdict->n_reasons++] = reason;
		return;
	}
	fold(verdict, &reason);
}

static int64_t first_seen(const struct verdict *previous, const struct reason *reason) {
	for (size_t i = 0; previous != NULL && i < previous->n_reasons; i++) {
		const struct reason *old = &previous->reasons[i];

		if (old->code == reason->code && strcmp(old->subject, reason->subject) == 0) {
			return old->since_ms;
		}
	}
	return 0;
}

/* With its age known, more than time may be needed. */
static void take_back_pending(struct verdict *verdict, int64_t now_ms) {
	for (size_t i = 0; i < verdict->n_reasons && verdict->outcome == VERDICT_PENDING; i++) {
		if (reason_class_at(&verdict->reasons[i], now_ms) != REASON_WAIT) {
			verdict->outcome = VERDICT_NOT_READY;
		}
	}
}

void verdict_carry(
	struct verdict *verdict, const struct verdict *previous, int64_t now_ms, int64_t ahead_ms) {
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		struct reason *reason = &verdict->reasons[i];
		int64_t since_ms =
			reason->since_ms > 0 ? reason->since_ms : first_seen(previous, reason);

		/* A clock that was set back must not make a reason younger than now. */
		reason->since_ms = since_ms > 0 ? MIN(since_ms, now_ms) : now_ms;
	}
	take_back_pending(verdict, now_ms - MAX(ahead_ms, 0));
}

#include "daemon/forge/budget.h"

#include <string.h>

#include "common/clock.h"
#include "common/text.h"

void budget_init(struct budget *budget) {
	*budget = (struct budget){ 0 };
	for (int i = 0; i < BUDGET_RESOURCE_COUNT; i++) {
		budget->limits[i] = (struct budget_limit){ .limit = -1, .remaining = -1 };
	}
}

void budget_started(struct budget *budget, int64_t now_ms) {
	budget->started_ms = now_ms;
}

/* ---- writes ---- */

/* When the `back`th newest write was, from 1 on; 0: there were not so many. */
static int64_t nth_newest(const struct budget *budget, size_t back) {
	size_t size = ARRAY_SIZE(budget->writes_ms);

	if (back > budget->n_writes) {
		return 0;
	}
	return budget->writes_ms[(budget->next_write + size - back) % size];
}

/* Nothing lies in the future, however the clock was set. */
static void settle(struct budget *budget, int64_t now_ms) {
	for (size_t i = 0; i < budget->n_writes; i++) {
		budget->writes_ms[i] = MIN(budget->writes_ms[i], now_ms);
	}
	budget->started_ms = MIN(budget->started_ms, now_ms);
	for (int i = 0; i < BUDGET_RESOURCE_COUNT; i++) {
		budget->paused_until_ms[i] =
			MIN(budget->paused_until_ms[i], now_ms + LIMIT_RATE_PAUSE_MAX_MS);
		budget->limits[i].reset_ms =
			MIN(budget->limits[i].reset_ms, now_ms + LIMIT_RATE_PAUSE_MAX_MS);
	}
}

static int64_t write_ready_ms(const struct budget *budget) {
	const struct {
		size_t n;
		int64_t window_ms;
	} windows[] = {
		{ 1, LIMIT_RATE_WRITE_GAP_MS },
		{ LIMIT_RATE_WRITES_PER_MINUTE, CLOCK_MINUTE_MS },
		{ LIMIT_RATE_WRITES_PER_HOUR, CLOCK_HOUR_MS },
	};
	int64_t ready_ms = budget->started_ms > 0 ? budget->started_ms + LIMIT_RATE_WRITE_GAP_MS : 0;

	for (size_t i = 0; i < ARRAY_SIZE(windows); i++) {
		int64_t at_ms = nth_newest(budget, windows[i].n);

		if (at_ms > 0) {
			ready_ms = MAX(ready_ms, at_ms + windows[i].window_ms);
		}
	}
	return ready_ms;
}

static int64_t resource_ready_ms(const struct budget *budget, enum budget_resource resource) {
	const struct budget_limit *limit = &budget->limits[resource];

	return MAX(budget->paused_until_ms[resource], limit->remaining == 0 ? limit->reset_ms : 0);
}

static bool is_refused(const struct budget *budget, const char *credential) {
	return budget->refused[0] != '\0' && strcmp(budget->refused, credential) == 0;
}

int64_t budget_ready_ms(struct budget *budget, enum budget_resource resource, bool write,
	const char *credential, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]) {
	char why[LIMIT_SENTENCE_MAX] = "", until[CLOCK_TEXT_MAX];
	int64_t ready_ms, spaced_ms;

	settle(budget, now_ms);
	ready_ms = resource_ready_ms(budget, resource);
	spaced_ms = write ? write_ready_ms(budget) : 0;
	if (is_refused(budget, credential)) {
		(void)TEXT_SET(why, budget->why);
		ready_ms = INT64_MAX;
	} else if (ready_ms > now_ms && ready_ms >= spaced_ms) {
		(void)text_format(why, sizeof(why), "%s Asks again at %s.",
			budget->paused_until_ms[resource] >= ready_ms && budget->why[0] != '\0'
				? budget->why
				: "The rate limit is used up.",
			clock_format(ready_ms, until));
	} else if (spaced_ms > now_ms) {
		(void)text_format(why, sizeof(why), "Writes are spaced; the next one may go at %s.",
			clock_format(spaced_ms, until));
	}
	if (ret_why != NULL) {
		(void)text_copy(ret_why, LIMIT_SENTENCE_MAX, why);
	}
	return MAX(ready_ms, spaced_ms);
}

void budget_sent(struct budget *budget, enum budget_resource resource, bool write, int64_t now_ms) {
	struct budget_limit *limit = &budget->limits[resource];

	settle(budget, now_ms);
	if (limit->remaining > 0) {
		limit->remaining--;
	}
	if (write) {
		budget->writes_ms[budget->next_write] = now_ms;
		budget->next_write = (budget->next_write + 1) % ARRAY_SIZE(budget->writes_ms);
		budget->n_writes = MIN(budget->n_writes + 1, ARRAY_SIZE(budget->writes_ms));
	}
}

/* ---- what an answer means ---- */

static bool says(const struct budget_answer *answer, const char *words) {
	return strcasestr(answer->message, words) != NULL;
}

static bool is_limited(const struct budget_answer *answer) {
	if (answer->graphql_limited || answer->http_status == 429) {
		return true;
	}
	return answer->http_status == 403 && !answer->sso &&
		(answer->retry_after_ms >= 0 || answer->remaining == 0 ||
			says(answer, "rate limit") || says(answer, "abuse"));
}

static enum budget_meaning meaning_of(const struct budget_answer *answer) {
	static const struct {
		int http_status;
		enum budget_meaning meaning;
	} meanings[] = {
		{ 301, BUDGET_MOVED },
		{ 302, BUDGET_MOVED },
		{ 307, BUDGET_MOVED },
		{ 308, BUDGET_MOVED },
		{ 401, BUDGET_UNAUTHORIZED },
		{ 403, BUDGET_NOT_ALLOWED },
		{ 404, BUDGET_NOT_FOUND },
		{ 408, BUDGET_NO_ANSWER },
		{ 410, BUDGET_GONE },
	};
	int status = answer->http_status;

	if (is_limited(answer)) {
		return BUDGET_LIMITED;
	}
	if (status == 403 && answer->sso) {
		return BUDGET_SSO;
	}
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++) {
		if (meanings[i].http_status == status) {
			return meanings[i].meaning;
		}
	}
	if (status >= 400 && status < 500) {
		return BUDGET_INVALID;
	}
	/* 304 is an answer as well. */
	return (status >= 200 && status < 300) || status == 304 ? BUDGET_OK : BUDGET_NO_ANSWER;
}

static void pause_until(struct budget *budget, const struct budget_answer *answer, int64_t until_ms,
	const char *why) {
	bool all = answer->remaining != 0; /* a secondary limit is of everything we do */

	for (int i = 0; i < BUDGET_RESOURCE_COUNT; i++) {
		if (all || i == (int)answer->resource) {
			budget->paused_until_ms[i] = MAX(budget->paused_until_ms[i], until_ms);
		}
	}
	(void)TEXT_SET(budget->why, why);
}

/* In the order GitHub's documentation gives: Retry-After, the reset, a minute and then twice as long each time. */
static void pause_for_limit(
	struct budget *budget, const struct budget_answer *answer, int64_t now_ms) {
	const int64_t max_ms = LIMIT_RATE_PAUSE_MAX_MS;

	if (answer->retry_after_ms >= 0) {
		int64_t wait_ms = MAX(MIN(answer->retry_after_ms, max_ms), LIMIT_RATE_WRITE_GAP_MS);

		pause_until(budget, answer, now_ms + wait_ms,
			"A rate limit is reached, and the forge asks to wait.");
	} else if (answer->remaining == 0 && answer->reset_ms > now_ms) {
		pause_until(budget, answer, MIN(answer->reset_ms, now_ms + max_ms),
			"The rate limit is used up.");
	} else {
		budget->pause_ms = budget->pause_ms == 0 ? LIMIT_RATE_PAUSE_FIRST_MS
							 : MIN(budget->pause_ms * 2, max_ms);
		pause_until(budget, answer, now_ms + budget->pause_ms,
			"A rate limit is reached: the forge says that there were too many requests.");
	}
}

/* It is down, and says for how long. */
static void pause_for_trouble(
	struct budget *budget, const struct budget_answer *answer, int64_t now_ms) {
	if (answer->retry_after_ms >= 0) {
		pause_until(budget, answer,
			now_ms + MIN(answer->retry_after_ms, LIMIT_RATE_PAUSE_MAX_MS),
			"The forge cannot answer now, and asks to wait.");
	}
}

static void refuse(struct budget *budget, const char *credential) {
	(void)TEXT_SET(budget->refused, credential);
	(void)TEXT_SET(budget->why,
		"The forge refuses the credential (401); nothing is sent until it is replaced and the daemon"
		" reloaded.");
}

static void take_limits(struct budget *budget, const struct budget_answer *answer, int64_t now_ms) {
	struct budget_limit *limit = &budget->limits[answer->resource];

	if (answer->remaining < 0 || answer->other_resource) {
		return;
	}
	limit->remaining = answer->remaining;
	limit->limit = answer->limit >= 0 ? answer->limit : limit->limit;
	limit->reset_ms = answer->reset_ms > now_ms
		? MIN(answer->reset_ms, now_ms + LIMIT_RATE_PAUSE_MAX_MS)
		: 0;
}

enum budget_meaning budget_answered(struct budget *budget, const struct budget_answer *answer,
	const char *credential, int64_t now_ms) {
	enum budget_meaning meaning = meaning_of(answer);

	settle(budget, now_ms);
	take_limits(budget, answer, now_ms);
	switch (meaning) {
	case BUDGET_LIMITED: pause_for_limit(budget, answer, now_ms); break;
	case BUDGET_UNAUTHORIZED: refuse(budget, credential); break;
	case BUDGET_OK:
		budget->pause_ms = 0;
		if (is_refused(budget, credential)) { /* sent before it was refused, or allowed again */
			budget->refused[0] = '\0';
		}
		break;
	case BUDGET_NO_ANSWER: pause_for_trouble(budget, answer, now_ms); break;
	case BUDGET_NOT_ALLOWED:
	case BUDGET_SSO:
	case BUDGET_NOT_FOUND:
	case BUDGET_GONE:
	case BUDGET_INVALID:
	case BUDGET_MOVED:
	case BUDGET_MEANING_COUNT: break;
	}
	return meaning;
}

#define COUNT_MAX 32

/* "4,812" */
static const char *format_count(int64_t count, char out[COUNT_MAX]) {
	char digits[COUNT_MAX];
	size_t len, at = 0;

	(void)text_format(digits, sizeof(digits), "%lld", (long long)MAX(count, 0));
	len = strlen(digits);
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0) {
			out[at++] = ',';
		}
		out[at++] = digits[i];
	}
	out[at] = '\0';
	return out;
}

/* "4,812 of 5,000"; "not known yet". */
static void describe_limit(const struct budget_limit *limit, char *out, size_t size) {
	char remaining[COUNT_MAX], of[COUNT_MAX];

	if (limit->remaining < 0) {
		(void)text_copy(out, size, "not known yet");
	} else if (limit->limit < 0) {
		(void)text_copy(out, size, format_count(limit->remaining, remaining));
	} else {
		(void)text_format(out, size, "%s of %s", format_count(limit->remaining, remaining),
			format_count(limit->limit, of));
	}
}

const char *budget_describe(struct budget *budget, const char *credential, int64_t now_ms,
	char out[LIMIT_SENTENCE_MAX]) {
	char why[LIMIT_SENTENCE_MAX], rest[2 * COUNT_MAX], queries[2 * COUNT_MAX];
	size_t n = 0;

	(void)budget_ready_ms(budget, BUDGET_CORE, false, credential, now_ms, why);
	if (why[0] == '\0') {
		(void)budget_ready_ms(budget, BUDGET_GRAPHQL, false, credential, now_ms, why);
	}
	while (n < budget->n_writes && nth_newest(budget, n + 1) > now_ms - CLOCK_HOUR_MS) {
		n++;
	}
	describe_limit(&budget->limits[BUDGET_CORE], rest, sizeof(rest));
	describe_limit(&budget->limits[BUDGET_GRAPHQL], queries, sizeof(queries));
	(void)text_format(out, LIMIT_SENTENCE_MAX,
		"%s%sRequests left: REST %s, GraphQL %s. Writes in the last hour: %zu of %d.", why,
		why[0] != '\0' ? " " : "", rest, queries, n, LIMIT_RATE_WRITES_PER_HOUR);
	return out;
}

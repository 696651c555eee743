/* Headers, bodies and stored budgets into numbers: all of it may hold anything. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/forge/budget.h"
#include "daemon/forge/github_json.h"
#include "daemon/retry_after.h"

void budget_answer_init(struct budget_answer *answer, enum budget_resource resource, int http_status) {
	*answer = (struct budget_answer){
		.http_status = http_status,
		.resource = resource,
		.retry_after_ms = -1,
		.limit = -1,
		.remaining = -1,
		.reset_ms = -1,
	};
}

static int64_t parse_count(const char *value) {
	int64_t n = 0;

	return text_to_int(value, &n) == 0 && n >= 0 ? n : -1;
}

void budget_answer_header(
	struct budget_answer *answer, const char *name, const char *value, int64_t now_ms) {
	if (strcasecmp(name, "retry-after") == 0) {
		answer->retry_after_ms = retry_after_ms(value, now_ms);
	} else if (strcasecmp(name, "x-ratelimit-limit") == 0) {
		answer->limit = parse_count(value);
	} else if (strcasecmp(name, "x-ratelimit-remaining") == 0) {
		answer->remaining = parse_count(value);
	} else if (strcasecmp(name, "x-ratelimit-reset") == 0) {
		int64_t seconds = parse_count(value);

		answer->reset_ms = seconds >= 0 && seconds < INT64_MAX / CLOCK_SECOND_MS
			? seconds * CLOCK_SECOND_MS
			: -1;
	} else if (strcasecmp(name, "x-ratelimit-resource") == 0) {
		bool graphql = strcasecmp(value, "graphql") == 0;

		answer->resource = graphql ? BUDGET_GRAPHQL : BUDGET_CORE;
		answer->other_resource = !graphql && strcasecmp(value, "core") != 0;
	} else if (strcasecmp(name, "x-github-sso") == 0) {
		answer->sso = true;
	}
}

void budget_answer_body(struct budget_answer *answer, const char *body, size_t len) {
	json_t *object = NULL;

	if (github_json_load(body, len, &object) < 0) {
		return;
	}
	(void)github_json_text(
		json_object_get(object, "message"), answer->message, sizeof(answer->message));
	json_decref(object);
}

/* ---- kept ---- */

static const char *const resource_names[BUDGET_RESOURCE_COUNT] = {
	[BUDGET_CORE] = "core",
	[BUDGET_GRAPHQL] = "graphql",
};

static json_t *writes_to_json(const struct budget *budget) {
	size_t size = ARRAY_SIZE(budget->writes_ms);
	json_t *array = json_array();

	for (size_t i = budget->n_writes; array != NULL && i > 0; i--) { /* the oldest first */
		int64_t at_ms = budget->writes_ms[(budget->next_write + size - i) % size];

		if (json_array_append_new(array, json_integer(at_ms)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *limit_to_json(const struct budget *budget, int i) {
	return json_pack("{s:I,s:I,s:I,s:I}", "limit", (json_int_t)budget->limits[i].limit,
		"remaining", (json_int_t)budget->limits[i].remaining, "reset",
		(json_int_t)budget->limits[i].reset_ms, "pausedUntil",
		(json_int_t)budget->paused_until_ms[i]);
}

json_t *budget_to_json(const struct budget *budget) {
	json_t *object = json_pack("{s:I,s:s,s:s,s:o}", "pause", (json_int_t)budget->pause_ms,
		"why", budget->why, "refused", budget->refused, "writes", writes_to_json(budget));

	for (int i = 0; object != NULL && i < BUDGET_RESOURCE_COUNT; i++) {
		if (json_object_set_new(object, resource_names[i], limit_to_json(budget, i)) < 0) {
			json_decref(object);
			object = NULL;
		}
	}
	return object;
}

/* One whose window is over is whole again, as far as anybody knows. */
static json_t *show_limit(const struct budget_limit *limit, int i, int64_t now_ms) {
	bool is_over = limit->reset_ms <= now_ms;
	char reset[CLOCK_TEXT_MAX];

	return json_pack("{s:s, s:I, s:I, s:s}", "resource", resource_names[i], "limit",
		(json_int_t)limit->limit, "remaining",
		(json_int_t)(is_over ? limit->limit : limit->remaining), "resetAt",
		clock_format(limit->reset_ms, reset));
}

json_t *budget_limits_to_json(const struct budget *budget, int64_t now_ms) {
	json_t *limits = json_array();

	for (int i = 0; i < BUDGET_RESOURCE_COUNT; i++) {
		const struct budget_limit *limit = &budget->limits[i];

		if (limit->limit >= 0 && limit->remaining >= 0 &&
			json_array_append_new(limits, show_limit(limit, i, now_ms)) < 0) {
			json_decref(limits);
			return NULL;
		}
	}
	return limits;
}

static int64_t read_ms(const json_t *value, int64_t latest_ms) {
	return MIN(github_json_id(value), latest_ms);
}

static void limit_from_json(const json_t *object, struct budget *budget, int i, int64_t now_ms) {
	int64_t latest_ms = now_ms + LIMIT_RATE_PAUSE_MAX_MS;

	budget->limits[i].limit = github_json_count(json_object_get(object, "limit"));
	budget->limits[i].remaining = github_json_count(json_object_get(object, "remaining"));
	budget->limits[i].reset_ms = read_ms(json_object_get(object, "reset"), latest_ms);
	budget->paused_until_ms[i] = read_ms(json_object_get(object, "pausedUntil"), latest_ms);
}

void budget_from_json(const json_t *object, struct budget *ret_budget, int64_t now_ms) {
	const json_t *writes = json_object_get(object, "writes");
	size_t size = ARRAY_SIZE(ret_budget->writes_ms), n = json_array_size(writes);

	budget_init(ret_budget);
	ret_budget->pause_ms = read_ms(json_object_get(object, "pause"), LIMIT_RATE_PAUSE_MAX_MS);
	(void)github_json_text(
		json_object_get(object, "why"), ret_budget->why, sizeof(ret_budget->why));
	(void)github_json_text(json_object_get(object, "refused"), ret_budget->refused,
		sizeof(ret_budget->refused));
	for (int i = 0; i < BUDGET_RESOURCE_COUNT; i++) {
		limit_from_json(json_object_get(object, resource_names[i]), ret_budget, i, now_ms);
	}
	for (size_t i = n > size ? n - size : 0; i < n; i++) {
		int64_t at_ms = read_ms(json_array_get(writes, i), now_ms);

		if (at_ms > 0) {
			ret_budget->writes_ms[ret_budget->next_write] = at_ms;
			ret_budget->next_write = (ret_budget->next_write + 1) % size;
			ret_budget->n_writes++;
		}
	}
}

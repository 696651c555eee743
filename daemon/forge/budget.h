/*
 * budget - when a forge may be asked or written to again: its limits, our own spacing, a credential that it
 * refuses. Pure; time comes in. One thread at a time.
 *
 * Sources: GitHub's "Rate limits for the REST API" and "Rate limits and query limits for the GraphQL API"; RFC
 * 9110, 10.2.3 (Retry-After). A clock that is set back never makes a wait longer than it was meant to be.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/limits.h"

/* Each has a limit of its own. */
enum budget_resource {
	BUDGET_CORE, /* REST */
	BUDGET_GRAPHQL,
	BUDGET_RESOURCE_COUNT,
};

struct budget_limit {
	int64_t limit;	   /* -1 unknown */
	int64_t remaining; /* -1 unknown */
	int64_t reset_ms;
};

#define BUDGET_CREDENTIAL_MAX 72

struct budget { /* zeroed by budget_init() */
	struct budget_limit limits[BUDGET_RESOURCE_COUNT];
	int64_t paused_until_ms[BUDGET_RESOURCE_COUNT];
	int64_t pause_ms; /* of the last limit that named no time; 0: none since all went well */
	char why[LIMIT_SENTENCE_MAX]; /* of a pause */
	/* What stands for the credential that was refused, never the credential; "": none was. */
	char refused[BUDGET_CREDENTIAL_MAX];
	/* When we wrote, a ring; the newest is before `next_write`. */
	int64_t writes_ms[LIMIT_RATE_WRITES_PER_HOUR];
	size_t n_writes;
	size_t next_write;
	int64_t started_ms; /* budget_started(); 0: it was not */
};

void budget_init(struct budget *budget);
/* Our life begins: what the one before us wrote last may be on no disk, so the first write keeps its distance. */
void budget_started(struct budget *budget, int64_t now_ms);

/*
 * When a request may go: `now_ms` or before, at once; INT64_MAX, not with this credential. `ret_why` (may be NULL)
 * gets why not now, one sentence; "" when it may. `credential` is whatever tells one from another without giving it
 * away, such as the beginning of its hash.
 */
int64_t budget_ready_ms(struct budget *budget, enum budget_resource resource, bool write,
	const char *credential, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]);
/* It goes. What may not wait for its answer to be counted is counted. */
void budget_sent(struct budget *budget, enum budget_resource resource, bool write, int64_t now_ms);

/* What came back, as far as the budget wants to know. */
struct budget_answer {
	int http_status;      /* 0: none came */
	bool graphql_limited; /* HTTP 200, and the body is a rate limit */
	bool sso; /* header X-GitHub-SSO: the organisation wants the credential authorised */
	int64_t retry_after_ms; /* -1: no such header; clamped */
	int64_t limit;		/* -1 unknown, as the next two */
	int64_t remaining;
	int64_t reset_ms;
	enum budget_resource resource;
	bool other_resource;		  /* the numbers are of a limit that we do not keep */
	char message[LIMIT_SENTENCE_MAX]; /* of the body */
};

/* Nothing known yet. */
void budget_answer_init(struct budget_answer *answer, enum budget_resource resource, int http_status);
/* One header; names in any case, others are ignored. `value` may be anything. */
void budget_answer_header(
	struct budget_answer *answer, const char *name, const char *value, int64_t now_ms);
/* The body of an error: takes the member "message", cleaned. */
void budget_answer_body(struct budget_answer *answer, const char *body, size_t len);

/* What an answer means for who asked. */
enum budget_meaning {
	BUDGET_OK,
	BUDGET_NO_ANSWER,    /* none came, or 5xx: a write may have had its effect */
	BUDGET_LIMITED,	     /* the budget waits */
	BUDGET_UNAUTHORIZED, /* 401: the budget waits for another credential */
	BUDGET_NOT_ALLOWED,  /* 403: the credential lacks a permission */
	BUDGET_SSO,	     /* 403: the organisation wants single sign-on */
	BUDGET_NOT_FOUND,    /* 404: gone, or a permission is missing */
	BUDGET_GONE,	     /* 410 */
	BUDGET_INVALID,	     /* 422 and other 4xx: it would be refused again */
	BUDGET_MOVED,	     /* 301, 302, 307, 308 */
	BUDGET_MEANING_COUNT,
};

/* Takes an answer into account. */
enum budget_meaning budget_answered(struct budget *budget, const struct budget_answer *answer,
	const char *credential, int64_t now_ms);

/* To be kept over restarts. A new reference; NULL: memory. */
must_check json_t *budget_to_json(const struct budget *budget);
/* What is malformed or cannot be is left out: a budget that is wrong waits too little, never for ever. */
void budget_from_json(const json_t *object, struct budget *ret_budget, int64_t now_ms);
/* For `status`: those of its limits that are known, an array. A new reference; NULL: memory. */
must_check json_t *budget_limits_to_json(const struct budget *budget, int64_t now_ms);
/* One line for `status`: "4,812 of 5,000 left until …; 3 writes in the last hour". Returns `out`. */
const char *budget_describe(struct budget *budget, const char *credential, int64_t now_ms,
	char out[LIMIT_SENTENCE_MAX]);

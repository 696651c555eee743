/*
 * task - a durable unit of work with a due time. Everything codegend does to the outside world is one.
 *
 *                   due, a slot is free              done
 *     SCHEDULED ────────────────────────► EXECUTING ─────────► COMPLETED
 *       │   ▲                                 │ │
 *       │   └───── retry, later due time ─────┘ ├─ given up ─► FAILED ── operator: retry ─► SCHEDULED
 *       └───────── no longer wanted ────────────┴────────────► CANCELLED ─ operator: retry ─► SCHEDULED
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/id.h"
#include "common/macro.h"
#include "daemon/limits.h"

enum task_status {
	TASK_SCHEDULED,
	TASK_EXECUTING,
	TASK_COMPLETED,
	TASK_FAILED,
	TASK_CANCELLED,
	TASK_STATUS_COUNT,
};

enum task_type {
	TASK_PUBLISH_REPORT,
	TASK_TRIGGER_AGENT,
	TASK_PR_READINESS_CHECK,
	TASK_NOTIFY,
	TASK_TYPE_COUNT,
};

enum task_origin { TASK_BY_INCIDENT, TASK_BY_HAND, TASK_IMPORTED, TASK_ORIGIN_COUNT };

struct task {
	int64_t id;
	enum task_type type;
	enum task_status status;
	enum task_origin origin;
	/* What its concurrency is counted against: "forge/NAME" (reads), "post/NAME" (writes), "agent/NAME". */
	char lane[LIMIT_LANE_MAX];
	int64_t incident_id; /* 0: by hand or imported */
	int64_t cycle;
	int64_t revision; /* of the incident when it was claimed */
	int64_t created_ms;
	int64_t due_ms;
	int64_t started_ms;  /* outside effect may have begun; 0: certainly not */
	int64_t finished_ms; /* 0: not yet */
	int64_t attempt;     /* how often it was claimed, and was not interrupted */
	int64_t interrupted; /* how often in a row the daemon ended while it executed */
	char project[LIMIT_NAME_MAX];
	char head_repository[LIMIT_NAME_MAX];
	char branch[LIMIT_NAME_MAX];
	char commit[LIMIT_COMMIT_MAX];
	char build_number[LIMIT_NUMBER_MAX];
	char reason[LIMIT_SENTENCE_MAX]; /* why it is where it is, one sentence */
	char *instructions;		 /* owned; NULL is "" */
	json_t *result; /* owned: what came of it (a verdict, an agent's outcome); NULL while there is none */
};

/* How the reason of one begins that failed, and is tried again. */
#define TASK_LAST_TRY "The last try, at "
/* The same of a trigger that waits, since its project had as many within the hour as it may have. */
#define TASK_NO_BUDGET "The project's budget of triggers is used up"

extern const char *const task_status_names[]; /* NULL-ended, by enum */
extern const char *const task_type_names[];
extern const char *const task_origin_names[];

/* Whether the drawing above allows the move; staying is always allowed. */
bool task_may_move(enum task_status from, enum task_status to);

void task_finish(struct task *task);
/* Releases `n` tasks and the array. */
void task_free_array(struct task *tasks, size_t n);
/* In the shape users know (cli.md, io.codegend.varlink: Task). A new reference; NULL: memory. */
must_check json_t *task_to_json(const struct task *task);

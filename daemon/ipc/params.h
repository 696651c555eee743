/*
 * params - what the methods of io.codegend take, and the operation each runs. One struct a method family; its first
 * part is filled in from the message by the tables in methods.c, the rest is the handler's. It lives as long as the
 * call.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/engine/engine.h"
#include "daemon/limits.h"

struct call;

struct no_params {
	struct call *call;
};

struct submit_params {
	struct engine_submit submit; /* names and texts are decoded into its report */
	char error_type[LIMIT_NAME_MAX];
	json_t *ancestors;
	json_t *coverage;
	json_t *lint;
	json_t *security;
	json_t *tests;
	int64_t began_us; /* of clock_mono_us() */
	struct call *call;
};

struct ticket_params {
	char key[LIMIT_KEY_MAX];
	struct store_ticket ticket;
	struct call *call;
};

/* One task, incident or report by its id, and what is to be done with it. */
struct object_params {
	char id[LIMIT_NAME_MAX];
	int64_t delay_ms;
	struct engine_operate operate;
	struct store_get get;
	struct call *call;
};

struct list_params {
	int status;
	int type;
	int state;
	char project[LIMIT_NAME_MAX];
	char incident[LIMIT_NAME_MAX];
	char before[LIMIT_NAME_MAX];
	int64_t since;
	int64_t limit;
	struct list node; /* waits for a turn: server.lists_waiting */
	struct store_page page;
	json_t *rows; /* owned, TAKE_PTR when answered */
	size_t bytes;
	int64_t total;
	int64_t next;
	struct call *call;
};

struct schedule_params {
	char project[LIMIT_NAME_MAX];
	char branch[LIMIT_NAME_MAX];
	char commit[LIMIT_COMMIT_MAX];
	char build_number[LIMIT_NUMBER_MAX];
	int64_t delay_ms;
	char *instructions;
	char key[LIMIT_KEY_MAX];
	struct engine_operate operate;
	struct store_get get;
	struct call *call;
};

struct check_params {
	struct engine_check check; /* `all` is decoded into it */
	struct call *call;
};

struct cleanup_params {
	struct engine_cleanup cleanup; /* its inputs are decoded into it */
	struct call *call;
};

struct ready_params {
	struct engine_ready ready; /* its inputs are decoded into it */
	struct call *call;
};

struct explain_params {
	char id[LIMIT_NAME_MAX];
	struct store_get task;
	struct store_story story;
	struct store_page events;
	struct store_counts counts;
	json_t *recent; /* owned: the newest events so far */
	bool has_task;
	bool has_incident;
	struct call *call;
};

struct stats_params {
	char project[LIMIT_NAME_MAX];
	char branch[2 * LIMIT_NAME_MAX];
	int64_t last_ms;
	int64_t since_ms; /* 0: so many days as last_ms begins */
	int64_t until_ms; /* 0: now */
	bool ended;	  /* only days that are over */
	bool recompute;
	struct store_stats stats;
	int64_t told_ms; /* when the peer last heard how far it is; monotonic */
	json_t *totals;	 /* owned, as the next: of the slices so far */
	json_t *days;
	json_t *answer; /* owned */
	size_t n_rows;	/* of its rows of failures, how many have their headline */
	struct store_get get;
	struct call *call;
};

struct watch_params {
	int64_t since; /* -1: only new ones */
	int64_t last;  /* so many of those that were before; 0: none */
	struct call *call;
};

struct import_params {
	char name[LIMIT_NAME_MAX];
	char *content;
	json_t *object; /* owned: the parsed content */
	struct engine_operate operate;
	struct store_add_report add;
	struct report report;
	int64_t id; /* of the report; the first one tried for a task without an id */
	int n_tries;
	char corrected[LIMIT_SENTENCE_MAX]; /* what was put right, or why it was skipped */
	struct call *call;
};

struct pause_params {
	struct engine_pause pause; /* `project` is decoded into it */
	struct call *call;
};

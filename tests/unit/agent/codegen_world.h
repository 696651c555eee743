/*
 * codegen_world - an agent of type codegen between a service, a disk and a clock that the test plays: it has functions
 * of the names of http.h and credential.h, and waits take no time but move the clock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "daemon/agent/agent.h"

#define WORLD_RUNS 512
#define WORLD_REQUESTS 256
#define WORLD_TOKEN "sekrit-api-key"
#define WORLD_START_MS INT64_C(1758245293693)

/* What becomes of a request's effect when it is not answered as it should be. */
enum world_effect { EFFECT_NONE, EFFECT_APPLIED, EFFECT_LATE };

/* Misbehaviour: of the next `n` requests that begin with `match` ("POST agent/run"). */
struct world_fault {
	const char *match;
	int n;
	int status; /* HTTP; negative: an errno instead of an answer */
	const char *body;
	size_t body_len; /* 0: strlen() */
	const char *retry_after;
	enum world_effect effect;
	bool hangs; /* no answer until it is cancelled */
};

struct world_run {
	int64_t id;
	int64_t created_ms;
	const char *status;
	const char *pulls; /* JSON; NULL: [] */
	char task[ID_TEXT_MAX];
	char project[LIMIT_NAME_MAX];
};

/* The daemon dies there. */
enum world_crash { CRASH_NOT, CRASH_INTENT, CRASH_SENT, CRASH_ANSWERED };

struct world {
	uv_loop_t loop;
	int64_t now_ms;
	struct config_agent agent;
	struct incident incident;
	struct report report;
	struct task task;
	struct agent_run *run;
	enum world_crash crash;
	bool is_dead;
	uv_timer_t timer; /* stops a dead daemon's run, or answers `record` */

	/* The service. */
	struct world_run runs[WORLD_RUNS]; /* oldest first */
	size_t n_runs;
	const char *new_status; /* of runs from now on */
	size_t n_other_repositories;
	bool has_no_repository;
	size_t page_max; /* 0: as asked */
	char late[4096]; /* the body of an order that takes effect later */
	struct world_fault faults[8];
	void (*asked)(struct world *world, const char *what); /* may be NULL */
	char requests[WORLD_REQUESTS][128];		      /* "GET repos?skip=0&limit=100" */
	size_t n_requests;
	char *last_order;	 /* owned */
	const char *retry_after; /* of the newest answer */
	bool has_key;

	/* The disk: the row of the run. */
	struct post post;
	bool has_post;
	int record_fails; /* errno of all further ones */
	size_t n_records;

	/* How it ended. */
	int n_ended;
	enum agent_end end;
	int64_t retry_ms;
	char sentence[LIMIT_SENTENCE_MAX];
	json_t *result;
	struct link links[LIMIT_LINKS_OF_INCIDENT];
	size_t n_links;
};

int world_setup(void **state);
int world_teardown(void **state);

void world_start(struct world *world);
/* Starts and goes on until it ended. */
void world_run(struct world *world);
void world_wait(struct world *world);
/* The run of the order that took effect without an answer appears. */
void world_deliver_late(struct world *world);
struct world_run *world_add_run(struct world *world, const char *task, const char *status);
size_t world_count(const struct world *world, const char *request);

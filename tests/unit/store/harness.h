/*
 * harness - a store in a temporary directory with a real loop, and the calls of the tests made synchronous.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <uv.h>

#include "daemon/store/store.h"

#define T0 INT64_C(1700000000000)
#define HOUR INT64_C(3600000)

struct fixture {
	uv_loop_t loop;
	char directory[64];
	char path[96];
	struct store *store;
	char sentence[LIMIT_SENTENCE_MAX]; /* of the last open */
	char failure[LIMIT_SENTENCE_MAX];  /* of on_failed */
	int n_failures;
	int n_done;
	int n_closed;
};

int fixture_setup(void **state);	/* an open store */
int fixture_setup_closed(void **state); /* only the directory and the loop */
int fixture_teardown(void **state);

int fixture_open(struct fixture *fixture);
void fixture_close(struct fixture *fixture);

/* The done of every request of a test. */
void request_done(struct store_req *req, int status);
/* Runs the loop until `n` requests more are done. */
void fixture_wait(struct fixture *fixture, int n);
/* For `run(fixture, &x.req, store_x(fixture->store, &x, request_done))`: its status. */
int run(struct fixture *fixture, const struct store_req *req, int queued);

/* Runs SQL on the file while the store is closed; the one integer it answers. */
int64_t file_sql(struct fixture *fixture, const char *sql);

/* A failed step of acme/web on `branch`, and the step that submits it. */
struct submission {
	struct store_step step;
	struct report report;
	struct build build;
	char key[32];
};
void submission_init(
	struct submission *submission, const char *branch, const char *key, int64_t now_ms);
int submit(struct fixture *fixture, struct submission *submission);
/* Submits and forgets; the incident's id. */
int64_t submit_simple(struct fixture *fixture, const char *branch, int64_t now_ms);

/* Decisions. A report opens or joins an incident; a new one gets a publish and a check an hour later. */
void decide_report(const struct step_input *input, struct step_result *ret);
/* Completes the step's task. */
void decide_complete(const struct step_input *input, struct step_result *ret);
/* Writes `scripted` as it is, the incident and task of the input filled in when asked for. */
void decide_scripted(const struct step_input *input, struct step_result *ret);
extern struct step_result scripted;
extern struct step_input last_input; /* what decide_scripted() saw; its pointers are gone */

/* A step about one task, ready to queue. */
void task_step_init(struct store_step *step, enum event_type type, int64_t task_id, int64_t now_ms,
	step_decide_fn *decide);
/* The incident's newest task of that type; 0: none. */
int64_t find_task(struct fixture *fixture, int64_t incident_id, enum task_type type);
/* Adds to `scripted`, in lane "forge/local". */
void script_change(enum change_verb verb, enum task_type type, int64_t due_ms);
/* Runs what is scripted about an incident. */
int incident_step(
	struct fixture *fixture, int64_t incident_id, int64_t now_ms, struct store_step *step);
/* Claims from lane "forge/local"; the id of the first, 0: nothing was due. */
int64_t claim_one(struct fixture *fixture, int64_t now_ms);

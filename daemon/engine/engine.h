/*
 * engine - decides: takes what CI, people, forges and agents say, commits what follows from it, then acts.
 *
 * Loop thread only. The verbs below are asynchronous: the operation is embedded by the caller and must not move until
 * `done`, which runs exactly once, never from inside the call; if a verb returned an error, `done` never runs.
 * Plain reads go to the store directly (engine_store()).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/list.h"
#include "common/macro.h"
#include "daemon/config.h"
#include "daemon/model/note.h"
#include "daemon/store/store.h"

struct engine;
struct forge_probe;

struct engine_options {
	uv_loop_t *loop;
	struct store *store;	  /* borrowed, outlives the engine */
	const char *state_dir;	  /* copied */
	const char *agent_socket; /* copied; NULL: programs of agents are children of ours */
	struct config *config;	  /* owned from now on, also on failure */
};

/* Returns: 0; -errno. Nothing runs before engine_start(). */
must_check int engine_create(const struct engine_options *options, struct engine **ret_engine);
/* Recovers what a crash left, then starts the timer: `started(user, status)` when recovery is on disk. */
must_check int engine_start(
	struct engine *engine, void (*started)(void *user, int status), void *user);
/*
 * No new work; agents are stopped, what they and the forges say is recorded; then `stopped(user, true)`. After
 * LIMIT_DRAIN_MS `stopped(user, false)`: work is still under way, the engine must not be destroyed, and leaving without
 * ado is safe: the next start recovers it.
 */
void engine_stop(struct engine *engine, void (*stopped)(void *user, bool drained), void *user);
void engine_destroy(struct engine *engine);

struct store *engine_store(struct engine *engine);
/* Where programs of agents are run; NULL: they are children of ours. */
const char *engine_agent_socket(const struct engine *engine);
/* As agent_check(), but 0 for a program that codegend-agent runs: only that can tell, see agent_inquire(). */
must_check int engine_check_agent(const struct engine *engine, const struct config_agent *agent,
	char ret_sentence[LIMIT_SENTENCE_MAX]);
const struct config *engine_config(const struct engine *engine);
/* Puts a new configuration in force; it is owned by the engine from now on. Returns: 0; -ENOMEM, the old one stays. */
must_check int engine_set_config(struct engine *engine, struct config *config);

/* The projects under pause, NULL-ended; "*" is everything. Borrowed until the next turn of the loop. */
const char *const *engine_paused(const struct engine *engine);
/* What status says: tasks in flight by lane, the suspect clock. A new object; NULL: memory. */
must_check json_t *engine_lanes_to_json(const struct engine *engine);
/* The forges of the configuration: budget, pauses and who we are there. A new array; NULL: memory. */
must_check json_t *engine_forges_to_json(struct engine *engine);
/* Why a task that is due is not claimed, or one that executes gets no further: a sentence; "" no reason is known. */
void engine_explain_task(
	struct engine *engine, const struct task *task, char ret_why[LIMIT_SENTENCE_MAX]);
/* Why the tasks of an agent that are due are not claimed: as the former. */
void engine_explain_agent(struct engine *engine, const char *agent, char ret_why[LIMIT_SENTENCE_MAX]);
/* The disk is full: since when, and what to do; "" it is not. */
void engine_explain_store(const struct engine *engine, char ret_why[LIMIT_SENTENCE_MAX]);

/* The clock is before the newest record, so that no task runs: until when; "" it is trusted. */
void engine_explain_clock(const struct engine *engine, char ret_why[LIMIT_SENTENCE_MAX]);
/* Whether that is so. */
bool engine_clock_is_suspect(const struct engine *engine);
/*
 * From when on a forge is asked and written to: 0 or past, now; INT64_MAX, not before it is reloaded. `ret_why` gets
 * one sentence, "" when it is. Down and being tried again: past, with a sentence.
 */
int64_t engine_forge_open_ms(
	struct engine *engine, const char *forge, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]);
/* forge_probe() of the forge of that name. Returns: as it; -ENOENT, none of that name is open. */
must_check int engine_probe(struct engine *engine, const char *forge, struct forge_probe *probe,
	void (*done)(struct forge_probe *probe, int status));

/* The event log as it grows. `noted` runs after the commit; it must not unwatch another watcher. */
struct engine_watcher {
	struct list node;
	void (*noted)(struct engine_watcher *watcher, const struct note *note);
};
void engine_watch(struct engine *engine, struct engine_watcher *watcher);
void engine_unwatch(struct engine_watcher *watcher);

/* What CI says. Names must have passed text_is_name(); texts are cut to their limits and cleaned here. */
struct engine_submit {
	/* in; owned by the operation: engine_submit_finish() */
	char key[LIMIT_KEY_MAX];
	bool passed;
	bool is_unbounded;    /* an administrator's: max-pending-per-user is not asked */
	struct report report; /* for a pass: names only; at_ms 0: now */
	struct build build;   /* ancestors and quality; its names are filled in from the report */
	/* out */
	struct step_answer answer;
	char sentence[LIMIT_SENTENCE_MAX]; /* of a refusal */
	/* the engine's */
	struct store_step step;
	struct policy policy;
	char agent_lane[LIMIT_LANE_MAX];
	struct engine *engine;
	void (*done)(struct engine_submit *submit, int status);
};

/* done(status): 0; -EACCES, unknown projects are denied; -EDQUOT, as store_step(). May return -EACCES as well. */
must_check int engine_submit(struct engine *engine, struct engine_submit *submit,
	void (*done)(struct engine_submit *, int));
void engine_submit_finish(struct engine_submit *submit);

/* What people ask of a task or an incident: the EVENT_TASK_* and EVENT_INCIDENT_* events. */
struct engine_operate {
	/* in */
	enum event_type type;
	int64_t task_id;     /* EVENT_TASK_RUN, CANCEL, RETRY, SNOOZE */
	int64_t incident_id; /* EVENT_INCIDENT_CLOSE, RETRY */
	int64_t delay_ms;    /* EVENT_TASK_SNOOZE */
	char key[LIMIT_KEY_MAX];
	struct task task; /* EVENT_TASK_CREATED: names, due_ms, origin, instructions, id or 0; owned by the operation */
	/* out */
	struct step_answer answer;
	char sentence[LIMIT_SENTENCE_MAX];
	/* the engine's */
	struct store_step step;
	struct store_get get;
	struct policy policy;
	struct engine *engine;
	void (*done)(struct engine_operate *operate, int status);
};

/* done(status): 0; -ENOENT; -ESTALE with `sentence`; -EEXIST; as store_step(). */
must_check int engine_operate(struct engine *engine, struct engine_operate *operate,
	void (*done)(struct engine_operate *, int));
void engine_operate_finish(struct engine_operate *operate);

/* Executes every due task, or every scheduled one, once, and waits for it. */
struct engine_check {
	/* in */
	bool all;
	/* out */
	int64_t n_executed, n_completed, n_rescheduled, n_failed, n_cancelled;
	/* the engine's */
	struct list node;
	struct engine *engine;
	int64_t *ids; /* newest first */
	size_t n_ids;
	size_t n_left;
	void *state;
	void (*done)(struct engine_check *check, int status);
};

/* done(status): 0; -ECANCELED, the engine stops or engine_check_abandon(); as store_page(). */
must_check int engine_check(struct engine *engine, struct engine_check *check,
	void (*done)(struct engine_check *, int));
/* The caller lost interest (a peer hung up): `done(-ECANCELED)` soon; the tasks run on. */
void engine_check_abandon(struct engine_check *check);

/* The verdict on a branch, now. Changes nothing. */
struct engine_ready {
	/* in */
	char project[LIMIT_NAME_MAX];
	char branch[LIMIT_NAME_MAX]; /* "" with a pull request: the branch of the incident or builds that know it */
	int64_t pull_request;
	/* out */
	struct verdict verdict;
	char sentence[LIMIT_SENTENCE_MAX];
	/* the engine's */
	struct engine *engine;
	void (*done)(struct engine_ready *ready, int status);
};

/* done(status): 0; -ENOENT, nothing is known of that pull request; as the store. */
must_check int engine_ready(struct engine *engine, struct engine_ready *ready,
	void (*done)(struct engine_ready *, int));

/* Removes old rows until none is left. The engine does the same by itself once a day. */
struct engine_cleanup {
	/* in */
	int64_t older_than_ms; /* -1: as configured */
	bool dry_run;
	bool force;
	/* out */
	int64_t n_tasks, n_reports, n_builds, n_events;
	/* the engine's */
	struct engine *engine;
	void *state;
	struct store_cleanup slice;
	void (*done)(struct engine_cleanup *cleanup, int status);
};
must_check int engine_cleanup(struct engine *engine, struct engine_cleanup *cleanup,
	void (*done)(struct engine_cleanup *, int));

/* Pauses (or resumes) a project, "*": everything. Survives restarts. */
struct engine_pause {
	char project[LIMIT_NAME_MAX];
	bool paused;
	bool was_paused; /* out, when it is done */
	struct engine *engine;
	struct store_pause store;
	void (*done)(struct engine_pause *pause, int status);
};
must_check int engine_pause(struct engine *engine, struct engine_pause *pause,
	void (*done)(struct engine_pause *, int));

/*
 * engine_internal - what the files of the engine share. Loop thread only.
 */
#pragma once

#include <uv.h>

#include "daemon/agent/agent.h"
#include "daemon/deadline.h"
#include "daemon/engine/engine.h"
#include "daemon/forge/forge.h"

struct engine {
	uv_loop_t *loop;
	struct store *store; /* borrowed: outlives the engine */
	char *state_dir;
	char *agent_socket; /* NULL: there is none */
	struct config *config;
	struct list forges;   /* forges.c */
	json_t *memories;     /* what forges remembered that are closed, by name; owned */
	struct http *http;    /* NULL: nothing needs it */
	struct list watchers; /* struct engine_watcher */
	struct list checks;   /* struct engine_check under way */
	char **paused;	      /* NULL-ended */

	/* runner.c */
	struct deadline *deadline;
	struct list lanes;   /* struct lane */
	struct list jobs;    /* struct job under way */
	struct list stalled; /* struct job whose outcome could not be recorded yet */
	int64_t started_ms;
	int64_t stalled_retry_ms;
	int64_t cleanup_due_ms;
	bool running;	    /* between engine_start()'s end and engine_stop() */
	bool clock_suspect; /* the clock is before the newest row: nothing fires */
	int64_t suspect_until_mono_us;

	/* clock_set.c */
	int64_t seen_ms, seen_boot_us; /* both clocks when they were last looked at; 0: not yet */
	int64_t set_by_ms;	       /* and not believed yet */
	int64_t believed_mono_us;      /* when it is */
	bool was_set_back;	       /* since the rows were put right */
	bool setting_back;
	struct store_set_back set_back;

	/* recover.c and engine_stop() */
	struct store_survey survey;
	size_t n_recovering;
	struct list unrecovered; /* struct recovery that the full disk refused */
	int recover_status;
	void (*started)(void *user, int status);
	void *started_user;
	bool stopping;
	void (*stopped)(void *user, bool drained);
	bool drained;
	void *stopped_user;
	uv_timer_t drain_timer;
	bool drain_timer_open;
	struct engine_cleanup daily;
	bool daily_running;
};

/* engine.c */

/* The policy of a project; the defaults for one that is denied (its rows may be older than the rule). */
void engine_policy(const struct engine *engine, const char *project, struct policy *ret_policy);
/* Queues one decision of the lifecycle. Fills in `decide`, `now_ms` and `ahead_ms`. */
must_check int engine_step(struct engine *engine, struct store_step *step, store_done_fn *done);
/* To be called first by every `done` of a step: tells watchers and the journal, stops agents, looks at the lanes. */
void engine_committed(struct engine *engine, struct store_step *step, int status);
/* note_log.c: a committed line of the event log, in the journal as well. `step`: it is of; NULL: none. */
void engine_log_note(const struct note *note, const struct store_step *step);
bool engine_is_paused(const struct engine *engine, const char *project);
must_check int engine_set_paused(struct engine *engine, const char *project, bool paused);

/* clock_set.c */

/* Notices that the clock was set. Returns how far it was set ahead (negative: back) and is not believed yet. */
int64_t clock_set_look(struct engine *engine);
/* Puts right what a clock that was ahead has written, when it is time. Returns when to be called again; 0: never. */
int64_t clock_set_settle(struct engine *engine, int64_t now_ms);
/* What was written in what is the future now is put right. */
void clock_set_doubt(struct engine *engine);

/* hasten.c */

/*
 * What failed to write to a forge is tried again now: a start or a reload may have brought what it lacked. Agents that
 * keep their own pauses are left alone. Best effort: without it they are tried at their time.
 */
void engine_hasten(struct engine *engine);

/* runner.c */

/* Something in that lane may be due then. */
void runner_due(struct engine *engine, const char *lane, int64_t due_ms);
/* As runner_due(), for every lane whose name starts with `prefix`. */
void runner_due_all(struct engine *engine, const char *prefix, int64_t due_ms);
/* Creates the lanes of the configuration and sets their limits. */
must_check int runner_configure(struct engine *engine);
/* Claims what is due and fits, and arms the deadline for the rest. */
void runner_wake(struct engine *engine);
/* The same from the loop, soon: for callers that are in the middle of something. */
void runner_soon(struct engine *engine);
/* How many tasks of the lane are under way, and how many may be; untouched when it is not there. */
void runner_lane_load(
	struct engine *engine, const char *lane, size_t *ret_running, size_t *ret_limit);
/* A task of it is due and not claimed. */
bool runner_lane_is_overdue(struct engine *engine, const char *lane);
/* Whether a task of it is under way or scheduled; pauses may hide some. */
bool runner_lane_has_work(struct engine *engine, const char *lane);
/* Whether no task is under way and none is due that could be. */
bool runner_is_idle(struct engine *engine);
void runner_job_ended(struct engine *engine, const char *lane);
void runner_finish(struct engine *engine);

/* job.c */

/* Executes a claimed task; takes what `task` owns. */
must_check int job_start(struct engine *engine, struct task *task);
/* Tries again to record what stalled jobs came to. */
void job_retry_stalled(struct engine *engine);
/* Whether the task is under way; if not and its row is executing, it is stuck. */
bool job_is_live(const struct engine *engine, int64_t task_id);
/* Forgets outcomes that could not be recorded: the next start recovers their tasks. */
void job_drop_stalled(struct engine *engine);
/* Stops the agent that works on that incident: it is no longer wanted. 0: all agents, the daemon is stopping. */
void job_stop_agent(struct engine *engine, int64_t incident_id);

/* check.c */
void check_task_ended(struct engine *engine, int64_t task_id, enum task_status status);
/* Completes the checks that wait for nothing any more; all of them when the engine stops. */
void check_settle(struct engine *engine);

/* recover.c: ends a stop when no job is left. */
void engine_settle(struct engine *engine);
/* Tries again what the full disk refused when the daemon started. */
void recover_retry(struct engine *engine);
void recover_drop(struct engine *engine);

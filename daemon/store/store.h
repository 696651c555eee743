/*
 * store - what must survive, behind one SQLite thread.
 *
 * Call on the loop thread only. Requests are embedded by the caller and must not move until `done`; the `done` of an
 * accepted request runs exactly once, on the loop thread, never from inside the call that queued it, also at
 * shutdown. If a call returned an error, `done` never runs. Inputs that a request borrows live until `done`.
 *
 * Every call returns: 0, `done` will run; -EAGAIN, LIMIT_STORE_QUEUE requests wait; -ESHUTDOWN, after store_close() or
 * after the store failed. Every done(status): 0, for a writing request it is on disk; -ENOSPC, the disk is full and
 * nothing was written (later requests may succeed); -EIO, the store failed, nothing more will be acknowledged and
 * `on_failed` runs; -ENOMEM, -E2BIG or -EINVAL (a bug: the schema refused it), only this request was refused; and what
 * each call adds. `_ms` is milliseconds of CLOCK_REALTIME.
 *
 * No type of the engine behind it shows here: another one (PostgreSQL for several build hosts) fits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/list.h"
#include "common/macro.h"
#include "daemon/model/build.h"
#include "daemon/model/incident.h"
#include "daemon/model/link.h"
#include "daemon/model/note.h"
#include "daemon/model/post.h"
#include "daemon/model/report.h"
#include "daemon/model/step.h"
#include "daemon/model/task.h"

struct store;
struct store_req;
struct store_op;

typedef void store_done_fn(struct store_req *req, int status);

struct store_req {
	struct list node;
	const struct store_op *op; /* the store's */
	store_done_fn *done;
	int status;
};

/* Opening and closing */

/*
 * Opens or creates the database file `path`, brings its schema up to date, checks it and starts the thread. Blocks.
 *
 * On failure `ret_sentence` (LIMIT_SENTENCE_MAX bytes) says what happened and what to do; the file is untouched.
 * Returns: 0; -EBUSY, another daemon has it; -EUCLEAN, corrupt or not ours; -EROFS, read-only; -ENOTSUP, written by a
 * newer version; -EACCES and other errno, as the system said. `on_failed(user)` runs once on the loop thread when an
 * I/O error at commit made the store stop.
 */
must_check int store_open(uv_loop_t *loop, const char *path,
	void (*on_failed)(void *user, const char *sentence), void *user, struct store **ret_store,
	char *ret_sentence);

/* Completes everything queued, closes the file and runs `closed(user)`. NULL store: `closed` runs at once. */
void store_close(struct store *store, void (*closed)(void *user), void *user);

/* The newest time any row knows of, at store_open(): a clock before it is wrong. 0: empty. */
int64_t store_newest_ms(const struct store *store);
/* Since when the disk is too full for what is to be written; 0: it is not. */
int64_t store_full_since_ms(struct store *store);

/* Deciding and writing */

/* Which incidents a step speaks of. */
enum step_scope {
	/*
	 * The newest incident of project, head repository, branch, error type. When that one is over, or there is none:
	 * an active or ESCALATED one that the branch is linked to; or (`agent_lane`) the only one in the project for
	 * which that agent was started; else the one that is over, or none. One found by `agent_lane` is linked to the
	 * branch, as a guess, when the decision keeps to it. Only EVENT_REPORT looks further than the key, and never to
	 * an incident of this very branch.
	 */
	STEP_BY_KEY,
	STEP_BY_INCIDENT, /* `incident_id`; -ENOENT when there is none */
	STEP_BY_TASK, /* `task_id` and the incident it belongs to, if any; -ENOENT when there is no such task */
	/* One decision for each OPEN, WAITING or ESCALATED incident of the branch, and for the one linked as above. */
	STEP_BY_BRANCH,
};

/* The answer to a submission, kept with its key. */
struct step_answer {
	int64_t report_id;
	int64_t incident_id;
	int64_t task_id; /* the follow-up check of a report; the created task of EVENT_TASK_CREATED */
	int64_t scheduled_ms;
	enum error_type error_type;
	bool has_error_type;
	bool duplicate; /* the key was seen before; nothing was written */
	bool joined;	/* the incident existed already */
	int64_t digest; /* of what the key stands for; 0 for a task */
};

/*
 * One event, decided and written in one transaction: finds what `scope` says, calls `decide` for each, writes its
 * result, the report, the build, the notes and the submission key.
 */
struct store_step {
	struct store_req req;

	/* in; all borrowed */
	enum step_scope scope;
	step_decide_fn *decide;
	const struct policy *policy;
	int64_t now_ms;
	const char *key; /* submission key; NULL or "": none */
	struct event event;
	struct report *report; /* EVENT_REPORT: inserted; its id and incident_id are filled in */
	struct build *build; /* EVENT_REPORT, EVENT_BUILD_PASSED: inserted; its ids are filled in */
	int64_t ahead_ms;    /* as in struct step_input */
	struct task *new_task; /* EVENT_TASK_CREATED: inserted as it is; its id is filled in unless given */
	const char *project; /* STEP_BY_KEY and STEP_BY_BRANCH, and the event log */
	const char *head_repository;
	const char *branch;
	enum error_type error_type; /* STEP_BY_KEY */
	/* STEP_BY_KEY and STEP_BY_BRANCH: "agent/NAME" of the agent that makes such branches; NULL: nobody's. */
	const char *agent_lane;
	int64_t incident_id;
	int64_t task_id;
	int64_t expected_attempt; /* 0, or STEP_BY_TASK refuses with -ESTALE unless the task executes this attempt */
	int64_t max_pending; /* EVENT_REPORT: incidents under repair its submitter may have opened; 0: any number */
	const char *note; /* NULL, or one sentence for the event log, as NOTE_OPERATOR or NOTE_BUILD by the event */

	/* out */
	struct step_answer answer;
	char refusal[LIMIT_SENTENCE_MAX]; /* of -ESTALE: where it is instead; "" otherwise */
	/* Of the only or the last decision: what became due in which lane; CHANGE_MOVE: in a lane it was in before. */
	struct step_due {
		enum change_verb verb;
		int64_t due_ms;
		char lane[LIMIT_LANE_MAX];
	} due[STEP_CHANGES_MAX + 1];
	size_t n_due;
	bool branch_woken; /* and triggers of the branch's other incidents */
	bool task_decided; /* the last decision was about a task, and `task_status` is what it became */
	enum task_status task_status;
	struct task task;   /* STEP_BY_TASK: as it is now; owned by the step */
	struct note *notes; /* owned: what was appended to the event log, in order */
	size_t n_notes;
	int64_t *stop_agent_of; /* owned: incidents whose agent must stop */
	size_t n_stop_agent_of;
	bool tasks_changed; /* some scheduled task was added or its due time moved, by any of the decisions */

	int64_t given_task_id; /* the store's: of `new_task`, 0 when it was left to the store */
};

/*
 * done(status) adds: -ENOENT; -ESTALE with step->result.refusal; -ECANCELED, `decide` had nothing to do; -EAGAIN,
 * LIMIT_TASKS_PENDING tasks are scheduled (submissions only); -EDQUOT, `max_pending` is reached (`refusal` says so);
 * -EEXIST, EVENT_TASK_CREATED with an id that is taken.
 * A key that was seen before is status 0 with answer.duplicate.
 */
must_check int store_step(struct store *store, struct store_step *step, store_done_fn *done);
/* Releases the outputs. The inputs are the caller's. */
void store_step_finish(struct store_step *step);

/* Moves due tasks of one lane to EXECUTING, attempt + 1, the most overdue first. A damaged row becomes FAILED. */
struct store_claim {
	struct store_req req;
	/* in */
	char lane[LIMIT_LANE_MAX];
	int64_t now_ms;
	size_t limit;			    /* at most LIMIT_CLAIM_ROWS */
	const char *const *paused_projects; /* borrowed, NULL-ended: their tasks are left; NULL: none */
	/* out */
	struct task *tasks; /* owned by the claim: task_free_array() */
	size_t n_tasks;
	int64_t next_due_ms; /* of what is still scheduled in the lane, paused projects left out; 0: nothing */
};
must_check int store_claim(struct store *store, struct store_claim *claim, store_done_fn *done);
void store_claim_finish(struct store_claim *claim);

/* What is written outside is on disk before it begins and when it ended; with it, what the forge remembers. */
struct store_post {
	struct store_req req;
	const struct post *post; /* borrowed; replaces the one of its incident, kind and task. NULL: none */
	const char *forge; /* borrowed; NULL: nothing to remember */
	json_t *memory; /* borrowed, unchanged until `done`; NULL: nothing is remembered any more */
};
must_check int store_post(struct store *store, struct store_post *post, store_done_fn *done);

/* The lanes that hold a scheduled task, with the earliest due time of each; and what was executing. For a start. */
struct store_lane {
	char name[LIMIT_LANE_MAX];
	int64_t next_due_ms;
	int64_t n_scheduled;
};
struct store_executing {
	int64_t id;
	int64_t interrupted; /* before */
	char project[LIMIT_NAME_MAX];
};
struct store_survey {
	struct store_req req;
	struct store_lane *lanes; /* owned */
	size_t n_lanes;
	struct store_executing *executing; /* owned: tasks */
	size_t n_executing;
	char **paused;	/* owned: projects under `pause`, "*" for everything; NULL-ended */
	json_t *forges; /* owned: what each forge remembers, by its name */
};
must_check int store_survey(struct store *store, struct store_survey *survey, store_done_fn *done);
void store_survey_finish(struct store_survey *survey);

/* Records (or, with `paused` false, removes) a pause of `project` ("*": everything), and a note. */
struct store_pause {
	struct store_req req;
	const char *project; /* borrowed */
	bool paused;
	int64_t now_ms;
	struct note note; /* out: as appended */
};
must_check int store_pause(struct store *store, struct store_pause *pause, store_done_fn *done);

/* Takes a report as it was exported, without an incident. done adds -EEXIST: that id is taken. */
struct store_add_report {
	struct store_req req;
	struct report *report; /* borrowed; its id is used when not 0, else filled in */
	int64_t now_ms;
	int64_t given_id; /* the store's */
};
must_check int store_add_report(
	struct store *store, struct store_add_report *add, store_done_fn *done);

/* Removes finished tasks and what else is past its time, a slice of LIMIT_STORE_CLEANUP_ROWS a call. */
struct store_cleanup {
	struct store_req req;
	/* in: rows older than these times go; 0 keeps all of a kind */
	int64_t tasks_before_ms;
	int64_t reports_before_ms; /* of incidents that are over, or of none */
	/*
	 * Events, builds of incidents that are over or of none; of those also links, and posts but the status. Of
	 * statistics the whole days, and branches that have no younger build.
	 */
	int64_t history_before_ms;
	int64_t keys_before_ms;
	bool dry_run; /* only counts, everything at once in slices */
	/* in and out: where the next slice goes on; start with 0 */
	int64_t cursor;
	/* out: of this slice */
	int64_t n_tasks, n_reports, n_builds, n_events;
	bool more;	      /* call again */
	int64_t given_cursor; /* the store's */
};
must_check int store_cleanup(struct store *store, struct store_cleanup *cleanup, store_done_fn *done);

/*
 * A consistent copy of the database that stands alone, made in slices and then handed out in pieces: call again while
 * `more`. One at a time, made and read by the same caller. It holds what was on disk when it began, and whatever came
 * while it was made. A store that is opened on it looks for what may have been posted since before it posts again.
 * done adds, with `sentence`: -ENOSPC, no room for it beside the database; -EREMOTEIO, it failed. The database is as it
 * was; the copy is gone.
 */
struct store_backup {
	struct store_req req;
	/* in */
	bool abandon; /* ends it instead: nobody wants the rest. Without one it is harmless */
	/* out */
	int64_t n_copied, n_total; /* bytes; while it is handed out both are its length */
	char *data;		   /* owned: store_backup_finish(). NULL: it is being made */
	size_t len;		   /* at most LIMIT_BACKUP_PIECE_BYTES */
	bool more;
	char sentence[LIMIT_SENTENCE_MAX];
};
must_check int store_backup(struct store *store, struct store_backup *backup, store_done_fn *done);
void store_backup_finish(struct store_backup *backup);

/* Reading. Long reads answer in slices: a page may hold fewer rows than asked and still have a `next`. */

enum store_kind { STORE_TASKS, STORE_INCIDENTS, STORE_REPORTS, STORE_NOTES };

struct store_page {
	struct store_req req;
	/* in; strings borrowed, NULL is any */
	enum store_kind kind;
	int status;	       /* tasks: enum task_status, -1 any */
	int type;	       /* tasks: enum task_type, -1 any */
	int state;	       /* incidents: enum incident_state, -1 any */
	const char *project;   /* incidents, reports */
	int64_t incident_id;   /* tasks, reports, notes; 0 any */
	int64_t due_before_ms; /* tasks with status TASK_SCHEDULED: due at or before it; 0 any */
	size_t limit;	       /* at most LIMIT_STORE_PAGE_ROWS */
	/*
	 * Newest first: ids below it (0: from the newest). Notes are oldest first: seq above it; of all incidents a
	 * negative one counts from the newest.
	 */
	int64_t cursor;
	bool want_total;
	/* out */
	union {
		struct task *tasks;
		struct incident *incidents;
		struct report *reports;
		struct note *notes;
	}; /* owned: store_page_finish() */
	size_t n_rows;
	int64_t next; /* cursor of the next page; 0: that was all */
	int64_t total; /* with want_total: rows that match, on all pages; -1: not counted (filters without a counter) */
};
must_check int store_page(struct store *store, struct store_page *page, store_done_fn *done);
void store_page_finish(struct store_page *page);

/* One object by its id. done adds -ENOENT. */
struct store_get {
	struct store_req req;
	/* in */
	enum store_kind kind; /* not STORE_NOTES */
	int64_t id;
	/* out */
	union {
		struct task task; /* owned, as the next two */
		struct incident incident;
		struct report report;
	};
	int64_t next_check_ms; /* incidents: when its scheduled check is due; 0: none */
};
must_check int store_get(struct store *store, struct store_get *get, store_done_fn *done);
void store_get_finish(struct store_get *get);

/* The answer kept under a submission key. done adds -ENOENT. */
struct store_ticket {
	struct store_req req;
	const char *key; /* borrowed */
	struct step_answer answer;
};
must_check int store_ticket(struct store *store, struct store_ticket *ticket, store_done_fn *done);

/*
 * What a verdict needs of a branch, oldest first: its LIMIT_BUILDS_PER_BRANCH newest builds, whatever still counts
 * against its active incidents of the older failed ones, and of the older passed ones those that repaired a failed one.
 * At most LIMIT_BUILDS_JUDGED; one more says that there were too many failed ones.
 */
struct store_builds {
	struct store_req req;
	/* in; strings borrowed */
	const char *project;
	const char *head_repository;
	const char *branch;
	/* out */
	struct build *builds; /* owned */
	size_t n_builds;
	int64_t *active_incidents; /* owned: OPEN, WAITING or ESCALATED ones of this branch */
	size_t n_active_incidents;
};
must_check int store_builds(struct store *store, struct store_builds *builds, store_done_fn *done);
void store_builds_finish(struct store_builds *builds);

/* Everything a publisher, a trigger or a check must know of one incident. done adds -ENOENT. */
struct store_story {
	struct store_req req;
	int64_t incident_id;
	/* out; owned */
	struct incident incident;
	struct report report; /* the newest one, id 0 when it is no longer kept */
	struct task *tasks;   /* of this incident, oldest first, the newest LIMIT_HISTORY_TASKS */
	size_t n_tasks;
	struct post *posts; /* the status first, then oldest first, the newest; at most LIMIT_POSTS_OF_INCIDENT */
	size_t n_posts;
	struct link *links; /* oldest first, the newest LIMIT_LINKS_OF_INCIDENT that were not refused */
	size_t n_links;
	int64_t others[ERROR_TYPE_COUNT]; /* incidents of the same branch that are not over */
	size_t n_others;
};
must_check int store_story(struct store *store, struct store_story *story, store_done_fn *done);
void store_story_finish(struct store_story *story);

/*
 * Statistics of whole UTC days, in slices: begin with store_stats_begin() and call again while `more`; each slice has
 * a part of the window's totals and days, the last one also the rest. What they hold: daemon/model/tally.h; metrics and
 * labels: stats_take.c. Before the days, what the log has more is taken in, for LIMIT_STATS_CATCH_UP_MS at most; what
 * is left then is `behind`.
 */
struct store_stats {
	struct store_req req;
	/* in; strings borrowed, NULL is any; a branch needs a project */
	const char *project;
	const char *branch; /* "HEAD-REPOSITORY:BRANCH" for a fork's */
	int64_t from_day;   /* since 1970; both are in it */
	int64_t until_day;
	int64_t now_day; /* builds of days after it are of a clock that was ahead */
	/* in and out: where the next slice goes on, up to where the log is taken in before, and what that has taken */
	int64_t cursor;
	int64_t until_seq;
	int64_t taken_us;
	bool recompute;
	/* out; owned: store_stats_finish() */
	json_t *totals; /* a tally */
	json_t *days; /* [{"day", "tally"}], oldest first, without single failures; empty ones are left out */
	json_t *branches; /* [{"project","branch","builds","failed","currentRun","longestRun","outOfOrder","last"}] */
	int64_t n_later;      /* builds after the window and `now_day` */
	int64_t behind;	      /* events that are not counted yet */
	bool more;	      /* call again */
	int64_t given_cursor; /* the store's */
};
/* `recompute`: first forget everything, and read the log from its first event to what is now its last. */
void store_stats_begin(struct store_stats *stats, bool recompute);
must_check int store_stats(struct store *store, struct store_stats *stats, store_done_fn *done);
void store_stats_finish(struct store_stats *stats);

/*
 * The clock was ahead and is right now: what is unfinished and was decided after `now_ms` was decided now, and a
 * scheduled task of it is due its delay after that, or now when it was overdue. One from before that is due after its
 * incident was touched ahead may come early, by no more than the clock was ahead. Twice does no more than once.
 */
struct store_set_back {
	struct store_req req;
	int64_t now_ms;
	int64_t n_tasks; /* out: that are due earlier */
};
must_check int store_set_back(
	struct store *store, struct store_set_back *request, store_done_fn *done);

/* Whatever failed in the lanes, and is to be tried again later, is due now. */
struct store_hasten {
	struct store_req req;
	int64_t now_ms;
	char (*lanes)[LIMIT_LANE_MAX]; /* owned by the caller */
	size_t n_lanes;
	int64_t n_tasks; /* out */
};
must_check int store_hasten(struct store *store, struct store_hasten *request, store_done_fn *done);

/* Counters for `status`. O(1) in the number of finished rows. */
struct store_counts {
	struct store_req req;
	int64_t now_ms;
	/* out */
	int64_t tasks[TASK_TYPE_COUNT][TASK_STATUS_COUNT];
	int64_t incidents[INCIDENT_STATE_COUNT];
	int64_t reports, builds;
	int64_t overdue;
	int64_t overdue_paused; /* of them those that a pause holds */
	int64_t next_due_ms;	/* 0: nothing is scheduled */
	int64_t file_bytes;	/* database and write-ahead log */
	int64_t schema_version;
	int64_t last_seq;	 /* of the event log */
	struct note failures[5]; /* the newest notes of failed tasks and escalations, newest first */
	size_t n_failures;
};
must_check int store_counts(struct store *store, struct store_counts *counts, store_done_fn *done);

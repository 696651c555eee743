/*
 * internal - how the store's files fit together.
 *
 * Each request type has one `struct store_op` beside its functions. `run` reads and writes through the connection
 * that it is given, on the store's thread, inside the batch's transaction. A transaction may be rolled back and tried
 * again, so `run` must be repeatable: `reset` drops what an earlier try put out and runs before every try.
 *
 * `run` returns 0, or refuses with one of the statuses of is_refusal() (thread.c) before it has written anything; any
 * other status of a writing request rolls back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"
#include "daemon/store/db.h"
#include "daemon/store/rows.h"
#include "daemon/store/store.h"

struct store_op {
	const char *name;
	bool writes;
	int (*run)(struct db *db, struct store_req *req);
	void (*reset)(struct store_req *req); /* may be NULL */
	bool alone; /* outside of a transaction: it is a batch of its own, and must not write */
};

/* thread.c: the end of every public call. */
must_check int store_queue(
	struct store *store, struct store_req *req, const struct store_op *op, store_done_fn *done);

/* Appends room for one zeroed element to an array that doubles; NULL: memory. `*array` may move. */
void *array_grow(void *array_pointer, size_t *n, size_t size);

/* For what is found newest first and told oldest first. */
void array_reverse(void *array, size_t n, size_t size);

/* Reads the first row of a bound statement. Returns: 0; -ENOENT; as db_step() and row_read(). Resets it. */
must_check int row_get(
	struct db *db, sqlite3_stmt *statement, const struct row_type *type, void *ret_row);
must_check int row_get_by_id(
	struct db *db, enum sql_id id, int64_t row_id, const struct row_type *type, void *ret_row);
/* Inserts a row by its table. */
must_check int row_insert(
	struct db *db, enum sql_id id, const struct row_type *type, const void *row);

/* tasks.c */
must_check int task_insert(struct db *db, const struct task *task);
/* Writes what a decision may change: status, lane, times, attempt, reason, result, incident, cycle. */
must_check int task_write(struct db *db, const struct task *task);
/* The scheduled or executing task of that type, all zero without one. Of TASK_NOTIFY there may be many: never one. */
struct live_task {
	int64_t id;
	int64_t due_ms;
	bool executing;
};
must_check int task_live(
	struct db *db, int64_t incident_id, enum task_type type, struct live_task *ret_live);
/* tasks_change.c: one of a decision's changes. A new incident has no tasks to look for. */
must_check int task_change(struct db *db, struct store_step *step, const struct incident *incident,
	bool is_new, const struct task_change *change, const char *build_number);
/* Scheduled triggers of the branch, not of `incident`, become due at `now_ms`. */
must_check int tasks_wake(
	struct db *db, const struct incident *incident, int64_t now_ms, bool *ret_changed);

/* incidents.c */
must_check int incident_by_key(struct db *db, const char *project, const char *head_repository,
	const char *branch, enum error_type error_type, struct incident *ret_incident);
/*
 * The newest incident of every error type of a branch that is not over (older ones of a key always are).
 * `*ret_incidents` is malloc()ed, NULL when there is none.
 */
must_check int incidents_of_branch(struct db *db, const char *project, const char *head_repository,
	const char *branch, struct incident **ret_incidents, size_t *ret_n);
/* RESOLVED and ABANDONED; as OVER in statements.c. */
bool incident_is_over(enum incident_state state);
must_check int incident_write(struct db *db, const struct incident *incident, bool is_new);

/* posts.c: the newest LIMIT_POSTS_OF_INCIDENT, the status among them, oldest first; `*ret_posts` is malloc()ed. */
must_check int posts_of_incident(
	struct db *db, int64_t incident_id, struct post **ret_posts, size_t *ret_n);

/*
 * links.c: the incident that is not over and that the branch is linked to, even by a link that was refused. Returns: 0;
 * -ENOENT, there is none.
 */
must_check int incident_by_link(struct db *db, const char *project, const char *head_repository,
	const char *branch, struct incident *ret_incident, struct link *ret_link);
/* False for the incident's own branch, whose reports find it by key or are of another failure, and for none at all. */
bool link_is_needed(const struct incident *incident, const char *head_repository, const char *branch);
/*
 * Replaces the one of that branch. What is not needed is left out, and so is what another incident has that is not
 * over, unless that one only guessed and this is known.
 */
must_check int link_write(struct db *db, const struct incident *incident, const struct link *link);
/* The newest LIMIT_LINKS_OF_INCIDENT that were not refused, oldest first; `*ret_links` is malloc()ed. */
must_check int links_of_incident(
	struct db *db, int64_t incident_id, struct link **ret_links, size_t *ret_n);

/* pending.c: how many incidents under repair that user's reports opened, with those of this transaction. */
must_check int pending_of(struct db *db, int64_t uid, int64_t *ret_n);
/* `n` more (or fewer) incidents of that user are in `state`. */
void pending_moved(struct db *db, int64_t uid, enum incident_state state, int64_t n);

/* notes.c: gives it the next seq. `failure`: status shows it among the last errors. `data`: its fact; NULL: none. */
must_check int note_append(struct db *db, struct note *note, const char *data, bool failure);

/* submissions.c. Returns: 0; -ENOENT. */
must_check int submission_get(struct db *db, const char *key, struct step_answer *ret_answer);
must_check int submission_insert(
	struct db *db, const char *key, int64_t now_ms, const struct step_answer *answer);

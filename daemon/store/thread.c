/*
 * The store's thread: it takes everything that waits, runs it in one transaction, commits, and hands it back.
 *
 * Group commit needs no timer: while one commit waits for the disk, the next batch gathers. The thread touches only
 * the queue (under the lock), its connection and the requests it holds. Without work it sleeps without a timeout, once
 * the statistics hold the log.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/metrics.h"
#include "daemon/store/internal.h"
#include "daemon/store/stats.h"

struct store {
	uv_thread_t thread;
	uv_mutex_t lock;
	uv_cond_t wake;
	uv_async_t completed;

	/* Of the loop thread. */
	size_t n_accepted; /* `done` has not run yet */
	bool closing;
	bool failed;
	int64_t newest_ms;
	void (*on_failed)(void *user, const char *sentence);
	void *user; /* borrowed */
	void (*closed)(void *user);
	void *closed_user; /* borrowed */

	/* Under the lock. */
	struct list waiting;
	struct list finished;
	bool stop;
	bool ended;	       /* the thread left its loop */
	int64_t full_since_ms; /* the disk: the first write of those that it refuses; 0: it takes them */
	bool broken;	       /* nothing more is acknowledged; `sentence` says why */
	char sentence[LIMIT_SENTENCE_MAX];

	/* Of the store's thread. */
	struct db *db;
	int64_t stats_next_us; /* when statistics may follow next; monotonic, as the next */
	int64_t stats_retry_us;
	bool is_quiet; /* nothing was asked for a while */
};

/* One batch */

static bool is_refusal(int status) {
	static const int refusals[] = { -ENOENT, -ESTALE, -ECANCELED, -EAGAIN, -EDQUOT, -EEXIST };

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		if (status == refusals[i]) {
			return true;
		}
	}
	return false;
}

static struct store_req *req_of(struct list *node) {
	return container_of(node, struct store_req, node);
}

static void req_reset(struct store_req *req) {
	if (req->op->reset != NULL) {
		req->op->reset(req);
	}
}

/* Returns: 0, the request has its answer; else the failure that the transaction must not survive. */
static int req_run(struct db *db, struct store_req *req) {
	req_reset(req);
	req->status = req->op->run(db, req);
	if (req->status == 0 || is_refusal(req->status)) {
		return 0;
	}
	return req->op->writes || db_is_fatal(req->status) ? req->status : 0;
}

static bool batch_writes(struct list *batch) {
	list_for_each (node, batch) {
		if (req_of(node)->op->writes) {
			return true;
		}
	}
	return false;
}

/* Every request gets `status`: the store failed. */
static void batch_fail(struct list *batch, int status) {
	list_for_each (node, batch) {
		req_reset(req_of(node));
		req_of(node)->status = status;
	}
}

static int batch_commit(struct db *db) {
	int64_t began_us = clock_mono_us();
	int status = db_commit(db);

	metrics_observe(METRIC_STORE_COMMIT, clock_mono_us() - began_us);
	return status;
}

/* One transaction for all. */
static int batch_try(struct db *db, struct list *batch) {
	bool writes = batch_writes(batch);
	int status = writes ? db_begin(db) : 0;

	if (status < 0) {
		return status;
	}
	list_for_each (node, batch) {
		status = req_run(db, req_of(node));
		if (status < 0) {
			return status;
		}
	}
	return writes ? batch_commit(db) : 0;
}

static int savepoint_run(struct db *db, struct store_req *req) {
	struct db_counter before[DB_COUNTERS_MAX];
	int status = db_exec(db, "SAVEPOINT request");
	int failure;

	memcpy(before, db->counters, sizeof(before));
	if (status < 0) {
		return status;
	}
	failure = req_run(db, req);
	if (failure == 0) {
		return db_exec(db, "RELEASE request");
	}
	if (db_is_fatal(failure) || failure == -ENOSPC || !db_in_transaction(db)) {
		return failure;
	}
	log_error("A \"%s\" request was refused by the database (%s, code %d), its batch is written without it.",
		req->op->name, log_errno(failure), db->fault);
	req_reset(req);
	req->status = failure;
	status = db_exec(db, "ROLLBACK TO request");
	if (status == 0) {
		status = db_exec(db, "RELEASE request");
	}
	db_forget(db);
	memcpy(db->counters, before, sizeof(before));
	return status;
}

/* One of the batch did what the database refuses: the others must not suffer. */
static int batch_replay(struct db *db, struct list *batch) {
	int status = db_begin(db);

	list_for_each (node, batch) {
		if (status < 0) {
			return status;
		}
		status = savepoint_run(db, req_of(node));
	}
	return status < 0 ? status : batch_commit(db);
}

/* Nothing was written: who wanted to write gets `status`, and reads run again because they saw what never was. */
static int batch_refuse_writers(struct db *db, struct list *batch, int status) {
	list_for_each (node, batch) {
		struct store_req *req = req_of(node);

		if (req->op->writes) {
			req_reset(req);
			req->status = status;
		} else if (req_run(db, req) < 0) {
			return req->status;
		}
	}
	return 0;
}

static void roll_back(struct db *db) {
	db_rollback(db);
	db_forget(db);
}

/* Returns: 0, every request has its answer; else the store failed. */
static int batch_run(struct db *db, struct list *batch) {
	int status;

	db->n_scheduled = -1;
	db->fault = SQLITE_OK;
	status = batch_try(db, batch);
	if (status < 0 && status != -ENOSPC && !db_is_fatal(status)) {
		roll_back(db);
		status = batch_replay(db, batch);
	}
	if (status < 0 && !db_is_fatal(status)) {
		roll_back(db);
		status = batch_refuse_writers(db, batch, status);
	}
	return status;
}

/*
 * Whether the disk takes what is written. `changes`: how many rows had been changed before this batch. They count what
 * was rolled back as well, so a request has to have gone well, too.
 */
static void note_space(struct store *store, struct list *batch, sqlite3_int64 changes) {
	bool refused = false;
	bool written = false;

	list_for_each (node, batch) {
		const struct store_req *req = req_of(node);

		refused |= req->status == -ENOSPC;
		written |= req->op->writes && req->status == 0;
	}
	written &= sqlite3_total_changes64(store->db->sqlite) != changes;
	uv_mutex_lock(&store->lock);
	if (refused && store->full_since_ms == 0) {
		store->full_since_ms = clock_now_ms();
	} else if (!refused && written) {
		store->full_since_ms = 0;
	}
	uv_mutex_unlock(&store->lock);
}

/* The thread */

/* The store stops acknowledging. A COMMIT is never tried again: after a failed fsync nobody knows what is on disk. */
static void store_break(struct store *store, int status) {
	struct db *db = store->db;

	uv_mutex_lock(&store->lock);
	if (!store->broken) {
		store->broken = true;
		text_format(store->sentence, sizeof(store->sentence),
			"The database \"%s\" cannot be written (%s; SQLite: %s); nothing more is accepted. Check the"
			" disk, then start codegend again.",
			db->path, log_errno(status),
			db->moved ? "the file was removed or replaced" : sqlite3_errmsg(db->sqlite));
	}
	uv_mutex_unlock(&store->lock);
	db_rollback(db);
}

static void checkpoint_when_due(struct store *store, bool idle) {
	int status;

	if (store->db->wal_bytes < (idle ? LIMIT_STORE_WAL_IDLE_BYTES : LIMIT_STORE_WAL_BYTES)) {
		return;
	}
	status = db_checkpoint(store->db);
	if (status == -EIO) {
		store_break(store, status);
	} else if (status < 0) {
		/* The log keeps everything; the next batch brings another try. */
		log_warning(
			"The write-ahead log of \"%s\" was not moved into the database (%s), ignoring.",
			store->db->path, log_errno(status));
		store->db->wal_bytes = 0;
	}
}

#define WAIT_FOR_EVER INT64_MAX

/* Takes at most a batch off the queue; sleeps for it at most so long, not beyond the end. Returns its length. */
static size_t batch_take(struct store *store, struct list *batch, int64_t wait_us) {
	int64_t until_us = clock_mono_us() + (wait_us == WAIT_FOR_EVER ? 0 : wait_us);
	bool alone = false;
	size_t n = 0;

	uv_mutex_lock(&store->lock);
	while (wait_us > 0 && list_is_empty(&store->waiting) && !store->stop) {
		if (wait_us == WAIT_FOR_EVER) {
			uv_cond_wait(&store->wake, &store->lock);
		} else if (uv_cond_timedwait(&store->wake, &store->lock, (uint64_t)wait_us * 1000) <
				0 ||
			clock_mono_us() >= until_us) {
			break;
		}
	}
	while (n < LIMIT_STORE_BATCH && !alone && !list_is_empty(&store->waiting)) {
		alone = req_of(store->waiting.next)->op->alone;
		if (alone && n > 0) {
			break;
		}
		list_append(batch, list_take_first(&store->waiting));
		n++;
	}
	uv_mutex_unlock(&store->lock);
	if (n > 0) {
		metrics_observe(METRIC_STORE_BATCH, (int64_t)n);
	}
	return n;
}

static void batch_complete(struct store *store, struct list *batch, bool ended) {
	uv_mutex_lock(&store->lock);
	list_splice(&store->finished, batch);
	store->ended = ended;
	/* Under the lock: once `ended` is seen, the handle may go. */
	uv_async_send(&store->completed);
	uv_mutex_unlock(&store->lock);
}

static bool is_stopping(struct store *store) {
	bool stop;

	uv_mutex_lock(&store->lock);
	stop = store->stop;
	uv_mutex_unlock(&store->lock);
	return stop;
}

/* They may follow, and are behind by so many events. */
static bool stats_are_due(struct store *store, int64_t n_behind) {
	int64_t behind = 0;

	return !store->broken && clock_mono_us() >= store->stats_retry_us &&
		stats_behind(store->db, &behind) == 0 && behind >= n_behind;
}

/* A slice of the log. A failure costs no request anything: the log keeps everything. */
static void follow(struct store *store) {
	struct db *db = store->db;
	int64_t began_us = clock_mono_us();
	bool more = false;
	int status = db_begin(db);

	status = status < 0 ? status : stats_follow(db, &more);
	status = status < 0 ? status : db_commit(db);
	store->stats_next_us = began_us + LIMIT_STATS_SHARE * (clock_mono_us() - began_us);
	if (status == 0) {
		return;
	}
	if (db_is_fatal(status)) {
		store_break(store, status);
		return;
	}
	log_warning("Statistics did not follow the event log (%s), ignoring.", log_errno(status));
	roll_back(db);
	store->stats_retry_us = clock_mono_us() + LIMIT_STATS_RETRY_US;
}

/*
 * Nothing waits. Between the answers of one batch and the requests that they bring, nothing waits either. The rest is
 * taken in when nobody has asked for anything for a while, so that an idle daemon is never behind.
 */
static int64_t idle_us(struct store *store) {
	if (!stats_are_due(store, 1)) {
		return WAIT_FOR_EVER;
	}
	if (store->is_quiet) {
		return 0;
	}
	return stats_are_due(store, LIMIT_STATS_BEHIND) ? LIMIT_STATS_QUIET_US : LIMIT_STATS_IDLE_US;
}

/* Sleeps until there is a batch; when there is none for a while, statistics have the time. False: the end. */
static bool batch_await(struct store *store, struct list *batch) {
	while (batch_take(store, batch, idle_us(store)) == 0) {
		if (is_stopping(store)) {
			return false;
		}
		store->is_quiet = true;
		if (stats_are_due(store, 1)) {
			follow(store);
		}
	}
	store->is_quiet = false;
	return true;
}

/* Others wait: statistics get their share. */
static void follow_when_due(struct store *store) {
	if (clock_mono_us() >= store->stats_next_us && stats_are_due(store, LIMIT_STATS_BEHIND)) {
		follow(store);
	}
}

static void store_main(void *user) {
	struct store *store = user;
	struct list batch;

	list_init(&batch);
	for (;;) {
		if (batch_take(store, &batch, 0) == 0) {
			if (!store->broken) {
				checkpoint_when_due(store, true);
			}
			if (!batch_await(store, &batch)) {
				break;
			}
		}
		if (!store->broken) {
			sqlite3_int64 changes = sqlite3_total_changes64(store->db->sqlite);
			int status = batch_run(store->db, &batch);

			if (status < 0) {
				store_break(store, status);
			}
			note_space(store, &batch, changes);
		}
		if (store->broken) {
			batch_fail(&batch, -EIO);
		}
		batch_complete(store, &batch, false);
		if (!store->broken) {
			checkpoint_when_due(store, false);
			follow_when_due(store);
		}
	}
	db_close(store->db, store->broken);
	batch_complete(store, &batch, true);
}

/* The loop thread */

static void store_free(uv_handle_t *handle) {
	struct store *store = handle->data;
	void (*closed)(void *) = store->closed;
	void *user = store->closed_user;

	uv_cond_destroy(&store->wake);
	uv_mutex_destroy(&store->lock);
	free(store);
	closed(user);
}

static void store_completed(uv_async_t *async) {
	struct store *store = async->data;
	struct list finished;
	struct list *node;
	bool ended, broken;

	list_init(&finished);
	uv_mutex_lock(&store->lock);
	list_splice(&finished, &store->finished);
	ended = store->ended;
	broken = store->broken && !store->failed;
	uv_mutex_unlock(&store->lock);

	store->failed |= broken;
	while ((node = list_take_first(&finished)) != NULL) {
		store->n_accepted--;
		req_of(node)->done(req_of(node), req_of(node)->status);
	}
	if (broken) {
		store->on_failed(store->user, store->sentence);
	}
	if (ended) {
		uv_thread_join(&store->thread);
		uv_close((uv_handle_t *)&store->completed, store_free);
	}
}

int store_queue(struct store *store, struct store_req *req, const struct store_op *op,
	store_done_fn *done) {
	if (store->closing || store->failed) {
		return -ESHUTDOWN;
	}
	if (store->n_accepted >= LIMIT_STORE_QUEUE) {
		return -EAGAIN;
	}
	metrics_observe(METRIC_STORE_QUEUE, (int64_t)store->n_accepted);
	store->n_accepted++;
	req->op = op;
	req->done = done;
	req->status = -EINPROGRESS;
	uv_mutex_lock(&store->lock);
	list_append(&store->waiting, &req->node);
	uv_cond_signal(&store->wake);
	uv_mutex_unlock(&store->lock);
	return 0;
}

static void never_closed(void *user) {
}

int store_open(uv_loop_t *loop, const char *path, void (*on_failed)(void *user, const char *sentence),
	void *user, struct store **ret_store, char *ret_sentence) {
	_cleanup_(freep) struct store *store = calloc(1, sizeof(*store));
	int status = -ENOMEM;

	if (store == NULL) {
		text_copy(ret_sentence, LIMIT_SENTENCE_MAX, "Out of memory.");
		return status;
	}
	list_init(&store->waiting);
	list_init(&store->finished);
	store->on_failed = on_failed;
	store->user = user;
	status = db_open(path, &store->db, ret_sentence);
	if (status == 0) {
		status = db_newest_ms(store->db, &store->newest_ms);
	}
	if (status < 0) {
		db_close(store->db, false);
		return status;
	}
	if (uv_mutex_init(&store->lock) < 0 || uv_cond_init(&store->wake) < 0 ||
		uv_async_init(loop, &store->completed, store_completed) < 0) {
		abort(); /* only without memory for a futex or an eventfd, at start */
	}
	store->completed.data = store;
	status = uv_thread_create(&store->thread, store_main, store);
	if (status < 0) {
		db_close(store->db, false);
		store->closed = never_closed;
		uv_close((uv_handle_t *)&TAKE_PTR(store)->completed, store_free);
		text_format(ret_sentence, LIMIT_SENTENCE_MAX,
			"The store's thread cannot start: %s.", log_errno(status));
		return status;
	}
	*ret_store = TAKE_PTR(store);
	return 0;
}

void store_close(struct store *store, void (*closed)(void *user), void *user) {
	if (store == NULL) {
		closed(user);
		return;
	}
	assert(!store->closing);
	store->closing = true;
	store->closed = closed;
	store->closed_user = user;
	uv_mutex_lock(&store->lock);
	store->stop = true;
	uv_cond_signal(&store->wake);
	uv_mutex_unlock(&store->lock);
}

int64_t store_full_since_ms(struct store *store) {
	int64_t since_ms;

	uv_mutex_lock(&store->lock);
	since_ms = store->full_since_ms;
	uv_mutex_unlock(&store->lock);
	return since_ms;
}

int64_t store_newest_ms(const struct store *store) {
	return store->newest_ms;
}

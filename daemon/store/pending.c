/*
 * How many incidents under repair each user's reports opened, for the bound on one user's share.
 *
 * Counted from the rows when it is first asked for, and kept in memory from then on: by row_insert() for what is added,
 * by a trigger (counters.c) for what moves. It says what the transaction under way would leave, so a rollback forgets
 * all of it, and it is counted anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/internal.h"

/* Where the user's entry is, or would be. */
static size_t find(const struct db *db, int64_t uid) {
	size_t low = 0, high = db->n_pending;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (db->pending[middle].uid < uid) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static bool is_at(const struct db *db, size_t i, int64_t uid) {
	return i < db->n_pending && db->pending[i].uid == uid;
}

static int insert(struct db *db, size_t i, int64_t uid) {
	size_t n = db->n_pending;

	if (array_grow(&db->pending, &n, sizeof(*db->pending)) == NULL) {
		return -ENOMEM;
	}
	memmove(&db->pending[i + 1], &db->pending[i], (db->n_pending - i) * sizeof(*db->pending));
	db->pending[i] = (struct db_pending){ .uid = uid };
	db->n_pending = n;
	return 0;
}

static int add(struct db *db, int64_t uid, int64_t n) {
	size_t i = find(db, uid);
	int status = is_at(db, i, uid) ? 0 : insert(db, i, uid);

	if (status == 0) {
		db->pending[i].n += n;
	}
	return status;
}

void pending_forget(struct db *db) {
	free(TAKE_PTR(db->pending));
	db->n_pending = 0;
	db->pending_known = false;
}

void pending_moved(struct db *db, int64_t uid, enum incident_state state, int64_t n) {
	if (db->pending_known && incident_is_active(state) && add(db, uid, n) < 0) {
		pending_forget(db);
	}
}

static int count_state(struct db *db, enum incident_state state) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_INCIDENT_SUBMITTERS);
	int status;

	sql_bind_text(statement, 1, incident_state_names[state]);
	while ((status = db_step(db, statement)) > 0) {
		if (add(db, sqlite3_column_int64(statement, 0), 1) < 0) {
			return -ENOMEM;
		}
	}
	return status;
}

int pending_of(struct db *db, int64_t uid, int64_t *ret_n) {
	int status = 0;
	size_t i;

	for (enum incident_state state = 0;
		!db->pending_known && status == 0 && state < INCIDENT_STATE_COUNT; state++) {
		status = incident_is_active(state) ? count_state(db, state) : 0;
	}
	if (status < 0) {
		pending_forget(db);
		return status;
	}
	db->pending_known = true;
	i = find(db, uid);
	*ret_n = is_at(db, i, uid) ? db->pending[i].n : 0;
	return 0;
}

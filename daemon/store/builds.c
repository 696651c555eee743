/* What CI said of a branch: the facts of a local verdict. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "daemon/store/internal.h"

/* The failed or the passed builds of the branch, the newest first. */
struct cursor {
	sqlite3_stmt *statement;
	int status; /* 1: it stands on a build */
	int64_t id; /* of that; 0: none */
};

struct search {
	struct db *db;
	struct store_builds *builds;
	const struct incident *active;
	size_t n_active;
	struct cursor failed, passed;
};

static int cursor_next(struct search *search, struct cursor *cursor) {
	cursor->status = db_step(search->db, cursor->statement);
	cursor->id = cursor->status > 0 ? sqlite3_column_int64(cursor->statement, 0) : 0;
	return cursor->status < 0 ? cursor->status : 0;
}

static int cursor_open(struct search *search, struct cursor *cursor, enum sql_id id) {
	cursor->statement = db_sql(search->db, id);
	sql_bind_text(cursor->statement, 1, search->builds->project);
	sql_bind_text(cursor->statement, 2, search->builds->head_repository);
	sql_bind_text(cursor->statement, 3, search->builds->branch);
	return cursor_next(search, cursor);
}

static void search_finish(struct search *search) {
	sql_resetp(&search->failed.statement);
	sql_resetp(&search->passed.statement);
}

/* Appends where the cursor stands. */
static int take(struct search *search, const struct cursor *cursor) {
	struct store_builds *builds = search->builds;
	struct build *build = array_grow(&builds->builds, &builds->n_builds, sizeof(*build));

	return build == NULL ? -ENOMEM : row_read(cursor->statement, 0, &build_row, build);
}

static void drop_last(struct store_builds *builds) {
	build_finish(&builds->builds[builds->n_builds - 1]);
	builds->n_builds--;
}

static int take_newest(struct search *search) {
	int status = 0;

	while (status == 0 && search->builds->n_builds < LIMIT_BUILDS_PER_BRANCH &&
		(search->failed.id != 0 || search->passed.id != 0)) {
		struct cursor *newer =
			search->failed.id > search->passed.id ? &search->failed : &search->passed;

		status = take(search, newer);
		if (status == 0) {
			status = cursor_next(search, newer);
		}
	}
	return status;
}

/* `after` proves what became of `red`: same job and step, a commit at or after. */
static bool follows(const struct build *after, const struct build *red) {
	return strcmp(after->job, red->job) == 0 && strcmp(after->step, red->step) == 0 &&
		build_compare(after, red) == BUILD_AFTER;
}

/* Among the builds in hand; those nearest by arrival are the likeliest and stand last. */
static bool is_followed(const struct store_builds *builds, size_t n, const struct build *red,
	bool passed, int64_t incident_id) {
	for (size_t i = n; i-- > 0;) {
		const struct build *build = &builds->builds[i];

		if (build->passed == passed &&
			(incident_id == 0 || build->incident_id == incident_id) &&
			follows(build, red)) {
			return true;
		}
	}
	return false;
}

/*
 * An older red counts while its incident is not over, unless a later red of that incident stands for it. The build of
 * an incident's newest report always stays: it is what the verdict looks for.
 */
static bool counts(const struct search *search, const struct build *red) {
	for (size_t i = 0; i < search->n_active; i++) {
		if (search->active[i].id == red->incident_id) {
			return search->active[i].report_id == red->report_id ||
				!is_followed(search->builds, search->builds->n_builds - 1, red,
					false, red->incident_id);
		}
	}
	return false;
}

/* Looks at LIMIT_STORE_SCAN_ROWS; whatever is beyond counts unseen, so that too many are never too few. */
static int take_older_failed(struct search *search) {
	struct store_builds *builds = search->builds;
	int64_t since_ms = INT64_MAX;
	int status = 0;

	/* Ids follow the clock, which may have been set back a little since. */
	for (size_t i = 0; i < search->n_active; i++) {
		since_ms = MIN(since_ms, search->active[i].opened_ms - LIMIT_CLOCK_SUSPECT_MS);
	}
	for (int n_seen = 0; status == 0 && search->failed.id != 0 &&
		id_ms(search->failed.id) >= since_ms && builds->n_builds <= LIMIT_BUILDS_JUDGED;
		n_seen++) {
		status = take(search, &search->failed);
		if (status == 0 && n_seen < LIMIT_STORE_SCAN_ROWS &&
			!counts(search, &builds->builds[builds->n_builds - 1])) {
			drop_last(builds);
		}
		if (status == 0) {
			status = cursor_next(search, &search->failed);
		}
	}
	return status;
}

/* The places of the red builds in hand that no pass in hand repaired. */
static size_t find_owed(const struct store_builds *builds, size_t owed[LIMIT_BUILDS_JUDGED]) {
	size_t n = 0;

	for (size_t i = 0; i < builds->n_builds; i++) {
		if (!builds->builds[i].passed &&
			!is_followed(builds, builds->n_builds, &builds->builds[i], true, 0)) {
			owed[n++] = i;
		}
	}
	return n;
}

/* Removes from `owed` what the last build in hand repairs. */
static size_t settle(const struct store_builds *builds, size_t *owed, size_t n) {
	const struct build *pass = &builds->builds[builds->n_builds - 1];
	size_t n_left = 0;

	for (size_t i = 0; i < n; i++) {
		if (!follows(pass, &builds->builds[owed[i]])) {
			owed[n_left++] = owed[i];
		}
	}
	return n_left;
}

/* A pass that is not found leaves its red unrepaired: with all its bounds this only ever errs to not ready. */
static int take_older_passed(struct search *search) {
	struct store_builds *builds = search->builds;
	size_t owed[LIMIT_BUILDS_JUDGED];
	size_t n = builds->n_builds < LIMIT_BUILDS_JUDGED ? find_owed(builds, owed) : 0;
	int status = 0;

	for (int n_seen = 0; status == 0 && n > 0 && n_seen < LIMIT_STORE_SCAN_ROWS &&
		builds->n_builds < LIMIT_BUILDS_JUDGED &&
		search->passed.id > builds->builds[owed[n - 1]].id;
		n_seen++) {
		status = take(search, &search->passed);
		if (status == 0) {
			size_t n_left = settle(builds, owed, n);

			if (n_left == n) {
				drop_last(builds);
			}
			n = n_left;
			status = cursor_next(search, &search->passed);
		}
	}
	return status;
}

static int by_arrival(const void *a, const void *b) {
	const struct build *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static int find_builds(struct search *search) {
	int status = cursor_open(search, &search->failed, SQL_BUILD_FAILED);

	if (status == 0) {
		status = cursor_open(search, &search->passed, SQL_BUILD_PASSED);
	}
	if (status == 0) {
		status = take_newest(search);
	}
	if (status == 0) {
		status = take_older_failed(search);
	}
	if (status == 0) {
		status = take_older_passed(search);
	}
	if (status == 0 && search->builds->n_builds > 0) {
		qsort(search->builds->builds, search->builds->n_builds, sizeof(struct build),
			by_arrival);
	}
	return status;
}

static int builds_read(struct db *db, struct store_builds *builds) {
	_cleanup_(freep) struct incident *incidents = NULL;
	_cleanup_(search_finish) struct search search = { .db = db, .builds = builds };
	int status = incidents_of_branch(db, builds->project, builds->head_repository,
		builds->branch, &incidents, &search.n_active);

	search.active = incidents;
	if (status == 0) {
		status = find_builds(&search);
	}
	for (size_t i = 0; status == 0 && i < search.n_active; i++) {
		int64_t *id = array_grow(
			&builds->active_incidents, &builds->n_active_incidents, sizeof(*id));

		if (id == NULL) {
			return -ENOMEM;
		}
		*id = incidents[i].id;
	}
	return status;
}

/* Who asked frees what it was answered; of a list that broke off, nothing is left. */
static int builds_run(struct db *db, struct store_req *req) {
	struct store_builds *builds = container_of(req, struct store_builds, req);
	int status = builds_read(db, builds);

	if (status < 0) {
		store_builds_finish(builds);
	}
	return status;
}

static void builds_reset(struct store_req *req) {
	store_builds_finish(container_of(req, struct store_builds, req));
}

void store_builds_finish(struct store_builds *builds) {
	for (size_t i = 0; i < builds->n_builds; i++) {
		build_finish(&builds->builds[i]);
	}
	free(TAKE_PTR(builds->builds));
	free(TAKE_PTR(builds->active_incidents));
	builds->n_builds = 0;
	builds->n_active_incidents = 0;
}

int store_builds(struct store *store, struct store_builds *builds, store_done_fn *done) {
	static const struct store_op op = { "builds", false, builds_run, builds_reset, false };

	builds->builds = NULL;
	builds->n_builds = 0;
	builds->active_incidents = NULL;
	builds->n_active_incidents = 0;
	return store_queue(store, &builds->req, &op, done);
}

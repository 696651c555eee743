/* What CI said of a branch: the facts of a local verdict. */
#include <errno.h>
#include <stdlib.h>

#include "daemon/store/internal.h"

static int find_builds(struct db *db, struct store_builds *builds) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_BUILD_OF_BRANCH);
	int status;

	sql_bind_text(statement, 1, builds->project);
	sql_bind_text(statement, 2, builds->head_repository);
	sql_bind_text(statement, 3, builds->branch);
	sql_bind_int(statement, 4, LIMIT_BUILDS_PER_BRANCH);
	while ((status = db_step(db, statement)) > 0) {
		struct build *build = array_grow(&builds->builds, &builds->n_builds, sizeof(*build));

		status = build == NULL ? -ENOMEM : row_read(statement, 0, &build_row, build);
		if (status < 0) {
			return status;
		}
	}
	for (size_t i = 0; i < builds->n_builds / 2; i++) {
		struct build other = builds->builds[i];

		builds->builds[i] = builds->builds[builds->n_builds - 1 - i];
		builds->builds[builds->n_builds - 1 - i] = other;
	}
	return status;
}

static int builds_run(struct db *db, struct store_req *req) {
	struct store_builds *builds = container_of(req, struct store_builds, req);
	_cleanup_(freep) struct incident *incidents = NULL;
	size_t n = 0;
	int status = find_builds(db, builds);

	if (status == 0) {
		status = incidents_of_branch(db, builds->project, builds->head_repository,
			builds->branch, &incidents, &n);
	}
	for (size_t i = 0; status == 0 && i < n; i++) {
		int64_t *id = array_grow(
			&builds->active_incidents, &builds->n_active_incidents, sizeof(*id));

		if (id == NULL) {
			return -ENOMEM;
		}
		*id = incidents[i].id;
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
	static const struct store_op op = { "builds", false, builds_run, builds_reset };

	builds->builds = NULL;
	builds->n_builds = 0;
	builds->active_incidents = NULL;
	builds->n_active_incidents = 0;
	return store_queue(store, &builds->req, &op, done);
}

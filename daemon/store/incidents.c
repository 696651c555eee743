/* The incident rows, and what is told of one incident as a whole. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/internal.h"

int incident_by_key(struct db *db, const char *project, const char *head_repository,
	const char *branch, enum error_type error_type, struct incident *ret_incident) {
	sqlite3_stmt *statement = db_sql(db, SQL_INCIDENT_BY_KEY);

	sql_bind_text(statement, 1, project);
	sql_bind_text(statement, 2, head_repository);
	sql_bind_text(statement, 3, branch);
	sql_bind_text(
		statement, 4, error_type < ERROR_TYPE_COUNT ? error_type_name(error_type) : NULL);
	return row_get(db, statement, &incident_row, ret_incident);
}

bool incident_is_over(enum incident_state state) {
	return state == INCIDENT_RESOLVED || state == INCIDENT_ABANDONED;
}

int incidents_of_branch(struct db *db, const char *project, const char *head_repository,
	const char *branch, struct incident **ret_incidents, size_t *ret_n) {
	_cleanup_(freep) struct incident *incidents = NULL;
	size_t n = 0;

	for (enum error_type type = 0; type < ERROR_TYPE_COUNT; type++) {
		struct incident found;
		struct incident *incident;
		int status = incident_by_key(db, project, head_repository, branch, type, &found);

		if (status < 0 && status != -ENOENT) {
			return status;
		}
		if (status == -ENOENT || incident_is_over(found.state)) {
			continue;
		}
		incident = array_grow(&incidents, &n, sizeof(*incident));
		if (incident == NULL) {
			return -ENOMEM;
		}
		*incident = found;
	}
	*ret_incidents = TAKE_PTR(incidents);
	*ret_n = n;
	return 0;
}

int incident_write(struct db *db, const struct incident *incident, bool is_new) {
	return row_insert(
		db, is_new ? SQL_INCIDENT_INSERT : SQL_INCIDENT_WRITE, &incident_row, incident);
}

/* Story */

static int story_tasks(struct db *db, struct store_story *story) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_TASK_OF_INCIDENT);
	int status;

	sql_bind_int(statement, 1, story->incident_id);
	sql_bind_int(statement, 2, LIMIT_HISTORY_TASKS);
	while ((status = db_step(db, statement)) > 0) {
		struct task *task = array_grow(&story->tasks, &story->n_tasks, sizeof(*task));

		status = task == NULL ? -ENOMEM : row_read(statement, 0, &task_row, task);
		if (status < 0) {
			return status;
		}
	}
	array_reverse(story->tasks, story->n_tasks, sizeof(*story->tasks));
	return status;
}

static int story_others(struct db *db, struct store_story *story) {
	const struct incident *incident = &story->incident;
	_cleanup_(freep) struct incident *found = NULL;
	size_t n = 0;
	int status = incidents_of_branch(
		db, incident->project, incident->head_repository, incident->branch, &found, &n);

	for (size_t i = 0; status == 0 && i < n; i++) {
		if (found[i].id != incident->id) {
			story->others[story->n_others++] = found[i].id;
		}
	}
	return status;
}

static int story_read(struct db *db, struct store_story *story) {
	int status = row_get_by_id(
		db, SQL_INCIDENT_GET, story->incident_id, &incident_row, &story->incident);

	if (status == 0) {
		status = row_get_by_id(
			db, SQL_REPORT_GET, story->incident.report_id, &report_row, &story->report);
		if (status == -ENOENT) {
			status = 0;
		}
	}
	if (status == 0) {
		status = story_tasks(db, story);
	}
	if (status == 0) {
		status = posts_of_incident(db, story->incident_id, &story->posts, &story->n_posts);
	}
	if (status == 0) {
		status = links_of_incident(db, story->incident_id, &story->links, &story->n_links);
	}
	return status < 0 ? status : story_others(db, story);
}

/* Who asked frees what it was answered; of a story that broke off, nothing is left. */
static int story_run(struct db *db, struct store_req *req) {
	struct store_story *story = container_of(req, struct store_story, req);
	int status = story_read(db, story);

	if (status < 0) {
		store_story_finish(story);
	}
	return status;
}

static void story_reset(struct store_req *req) {
	store_story_finish(container_of(req, struct store_story, req));
}

void store_story_finish(struct store_story *story) {
	report_finish(&story->report);
	memset(&story->report, 0, sizeof(story->report));
	task_free_array(TAKE_PTR(story->tasks), story->n_tasks);
	free(TAKE_PTR(story->posts));
	free(TAKE_PTR(story->links));
	story->n_tasks = 0;
	story->n_posts = 0;
	story->n_links = 0;
	story->n_others = 0;
}

int store_story(struct store *store, struct store_story *story, store_done_fn *done) {
	static const struct store_op op = { "story", false, story_run, story_reset, false };

	memset(&story->incident, 0, sizeof(story->incident));
	memset(&story->report, 0, sizeof(story->report));
	story->tasks = NULL;
	story->n_tasks = 0;
	story->posts = NULL;
	story->n_posts = 0;
	story->links = NULL;
	story->n_links = 0;
	story->n_others = 0;
	return store_queue(store, &story->req, &op, done);
}

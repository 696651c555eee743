/* Which branches agents made for which incident. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/internal.h"

/* Alone, because it runs for every new failure, and finds nothing for nearly all. Returns: 0; -ENOENT. */
static int find_linked(struct db *db, const char *project, const char *head_repository,
	const char *branch, int64_t *ret_incident_id, struct link *ret_link) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_LINK_FIND);
	int status;

	sql_bind_text(statement, 1, project);
	sql_bind_text(statement, 2, head_repository);
	sql_bind_text(statement, 3, branch);
	status = db_step(db, statement);
	if (status > 0) {
		*ret_incident_id = sqlite3_column_int64(statement, 0);
		return row_read(statement, 1, &link_row, ret_link);
	}
	return status == 0 ? -ENOENT : status;
}

int incident_by_link(struct db *db, const char *project, const char *head_repository,
	const char *branch, struct incident *ret_incident, struct link *ret_link) {
	int64_t id;
	int status = find_linked(db, project, head_repository, branch, &id, ret_link);

	if (status < 0) {
		return status;
	}
	return row_get_by_id(db, SQL_INCIDENT_NOT_OVER, id, &incident_row, ret_incident);
}

bool link_is_needed(const struct incident *incident, const char *head_repository, const char *branch) {
	return branch[0] != '\0' &&
		(strcmp(incident->branch, branch) != 0 ||
			strcmp(incident->head_repository, head_repository) != 0);
}

/*
 * An incident that is not over keeps its branches: only what is known takes one away from it, and only one that it had
 * by a guess. Returns: 1, it may be written; 0, not; -errno.
 */
static int may_take(
	struct db *db, int64_t owner_id, const struct link *old, const struct link *fresh) {
	struct incident owner;
	int status;

	if (old->standing != LINK_KNOWN && fresh->standing == LINK_KNOWN) {
		return 1;
	}
	status = row_get_by_id(db, SQL_INCIDENT_NOT_OVER, owner_id, &incident_row, &owner);
	return status == -ENOENT ? 1 : status;
}

/* What is there is not forgotten: a pull request, a report, and what is more than a guess. */
static void keep_known(const struct link *old, struct link *fresh) {
	fresh->pull_request = fresh->pull_request != 0 ? fresh->pull_request : old->pull_request;
	fresh->report_id = MAX(fresh->report_id, old->report_id);
	if (fresh->standing == LINK_GUESSED || old->standing == LINK_KNOWN) {
		fresh->standing = old->standing;
	}
}

int link_write(struct db *db, const struct incident *incident, const struct link *link) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = NULL;
	struct link fresh = *link;
	struct link old;
	int64_t owner_id = 0;
	int status;

	if (!link_is_needed(incident, link->head_repository, link->branch)) {
		return 0;
	}
	status = find_linked(
		db, incident->project, link->head_repository, link->branch, &owner_id, &old);
	if (status == 0 && owner_id == incident->id) {
		keep_known(&old, &fresh);
	} else if (status == 0) {
		status = may_take(db, owner_id, &old, &fresh);
		if (status <= 0) {
			return status;
		}
	}
	if (status < 0 && status != -ENOENT) {
		return status;
	}
	statement = db_sql(db, SQL_LINK_WRITE);
	status = row_bind(statement, &link_row, &fresh);
	sql_bind_text(statement, link_row.n_columns + 1, incident->project);
	sql_bind_int(statement, link_row.n_columns + 2, incident->id);
	return status < 0 ? status : db_run(db, statement);
}

int links_of_incident(struct db *db, int64_t incident_id, struct link **ret_links, size_t *ret_n) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_LINK_OF_INCIDENT);
	_cleanup_(freep) struct link *links = NULL;
	size_t n = 0;
	int status;

	sql_bind_int(statement, 1, incident_id);
	sql_bind_int(statement, 2, LIMIT_LINKS_OF_INCIDENT);
	while ((status = db_step(db, statement)) > 0) {
		struct link *link = array_grow(&links, &n, sizeof(*link));

		status = link == NULL ? -ENOMEM : row_read(statement, 0, &link_row, link);
		if (status < 0) {
			return status;
		}
	}
	if (status < 0) {
		return status;
	}
	array_reverse(links, n, sizeof(*links));
	*ret_links = TAKE_PTR(links);
	*ret_n = n;
	return 0;
}

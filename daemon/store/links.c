/* Which branches agents made for which incident. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/internal.h"

/* Alone, because it runs for every new failure, and finds nothing for nearly all. */
static int find_linked(struct db *db, const char *project, const char *head_repository,
	const char *branch, int64_t *ret_incident_id) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_LINK_FIND);
	int status;

	sql_bind_text(statement, 1, project);
	sql_bind_text(statement, 2, head_repository);
	sql_bind_text(statement, 3, branch);
	status = db_step(db, statement);
	if (status > 0) {
		*ret_incident_id = sqlite3_column_int64(statement, 0);
		return 0;
	}
	return status == 0 ? -ENOENT : status;
}

int incident_by_link(struct db *db, const char *project, const char *head_repository,
	const char *branch, struct incident *ret_incident) {
	int64_t id;
	int status = find_linked(db, project, head_repository, branch, &id);

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

int link_write(struct db *db, const struct incident *incident, const struct link *link) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = NULL;
	int status;

	if (!link_is_needed(incident, link->head_repository, link->branch)) {
		return 0;
	}
	statement = db_sql(db, SQL_LINK_WRITE);
	status = row_bind(statement, &link_row, link);
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

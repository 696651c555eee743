/*
 * Lists, in slices: a page looks at a bounded number of rows, for a bounded time, and says where the next one begins.
 *
 * SQL picks the index, C compares the rest: so the rows that were looked at are counted, not only those that match.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/model/scan.h"
#include "daemon/store/internal.h"

/* Positions in the columns of rows.c. */
enum {
	TASK_COLUMN_TYPE = 1,
	TASK_COLUMN_STATUS = 2,
	TASK_COLUMN_INCIDENT = 5,
	TASK_COLUMN_DUE = 9,
	INCIDENT_COLUMN_PROJECT = 1,
	INCIDENT_COLUMN_STATE = 5,
	REPORT_COLUMN_INCIDENT = 2,
	REPORT_COLUMN_PROJECT = 3,
};

#define TIME_CHECK_ROWS 64

static bool text_is(sqlite3_stmt *statement, int column, const char *value) {
	return value == NULL ||
		text_equal((const char *)sqlite3_column_text(statement, column), value);
}

static const char *status_name(const struct store_page *page) {
	return page->status < 0 ? NULL : task_status_names[page->status];
}

static const char *type_name(const struct store_page *page) {
	return page->type < 0 ? NULL : task_type_names[page->type];
}

static const char *state_name(const struct store_page *page) {
	return page->state < 0 ? NULL : incident_state_names[page->state];
}

static bool matches_task(const struct store_page *page, sqlite3_stmt *statement) {
	bool due = page->due_before_ms == 0 || page->status != TASK_SCHEDULED ||
		sqlite3_column_int64(statement, TASK_COLUMN_DUE) <= page->due_before_ms;

	return due && text_is(statement, TASK_COLUMN_STATUS, status_name(page)) &&
		text_is(statement, TASK_COLUMN_TYPE, type_name(page)) &&
		(page->incident_id == 0 ||
			sqlite3_column_int64(statement, TASK_COLUMN_INCIDENT) == page->incident_id);
}

static bool matches_incident(const struct store_page *page, sqlite3_stmt *statement) {
	return text_is(statement, INCIDENT_COLUMN_PROJECT, page->project) &&
		text_is(statement, INCIDENT_COLUMN_STATE, state_name(page));
}

static bool matches_report(const struct store_page *page, sqlite3_stmt *statement) {
	return text_is(statement, REPORT_COLUMN_PROJECT, page->project) &&
		(page->incident_id == 0 ||
			sqlite3_column_int64(statement, REPORT_COLUMN_INCIDENT) == page->incident_id);
}

static bool matches_note(const struct store_page *page, sqlite3_stmt *statement) {
	return true;
}

static const struct {
	const struct row_type *row;
	bool (*matches)(const struct store_page *page, sqlite3_stmt *statement);
	enum sql_id all;
	enum sql_id by_incident;
} kinds[] = {
	[STORE_TASKS] = { &task_row, matches_task, SQL_PAGE_TASKS, SQL_PAGE_TASKS_BY_INCIDENT },
	[STORE_INCIDENTS] = { &incident_row, matches_incident, SQL_PAGE_INCIDENTS,
		SQL_PAGE_INCIDENTS },
	[STORE_REPORTS] = { &report_row, matches_report, SQL_PAGE_REPORTS,
		SQL_PAGE_REPORTS_BY_INCIDENT },
	[STORE_NOTES] = { &note_row, matches_note, SQL_PAGE_NOTES, SQL_PAGE_NOTES_BY_INCIDENT },
};

/*
 * Completed tasks are the most, scheduled ones the newest: both are found by walking the ids, and an index of them
 * would cost every submission.
 */
static bool is_rare(int status) {
	return status >= 0 && status != TASK_SCHEDULED && status != TASK_COMPLETED;
}

/* The statement with the narrowest index. Resolved incidents are in none. */
static sqlite3_stmt *page_select(struct db *db, const struct store_page *page) {
	int64_t cursor = page->cursor == 0 && page->kind != STORE_NOTES ? INT64_MAX : page->cursor;
	sqlite3_stmt *statement;

	if (page->incident_id != 0 && page->kind != STORE_INCIDENTS) {
		statement = db_sql(db, kinds[page->kind].by_incident);
		sql_bind_int(statement, 2, page->incident_id);
	} else if (page->kind == STORE_TASKS && is_rare(page->status)) {
		statement = db_sql(db, SQL_PAGE_TASKS_BY_STATUS);
		sql_bind_text(statement, 2, status_name(page));
	} else if (page->kind == STORE_INCIDENTS && page->state >= 0 &&
		page->state != INCIDENT_RESOLVED) {
		statement = db_sql(db, SQL_PAGE_INCIDENTS_BY_STATE);
		sql_bind_text(statement, 2, state_name(page));
	} else {
		statement = db_sql(db, kinds[page->kind].all);
	}
	sql_bind_int(statement, 1, cursor);
	return statement;
}

static size_t row_bytes(const struct store_page *page, const void *row) {
	const struct report *report = row;

	if (page->kind != STORE_REPORTS) {
		return kinds[page->kind].row->size;
	}
	/* The context is bounded and the smaller part; it is not worth dumping. */
	return sizeof(*report) + (report->details == NULL ? 0 : strlen(report->details)) +
		(report->command == NULL ? 0 : strlen(report->command)) +
		(report->log == NULL ? 0 : strlen(report->log)) +
		strlen(scan_excerpt(report->scan)) + (report->context == NULL ? 0 : 1024);
}

static bool slice_is_over(size_t n_seen, size_t n_bytes, int64_t until_us) {
	return n_seen >= LIMIT_STORE_SCAN_ROWS || n_bytes >= LIMIT_STORE_PAGE_BYTES ||
		(n_seen > 0 && n_seen % TIME_CHECK_ROWS == 0 && clock_mono_us() > until_us);
}

static int page_rows(struct db *db, struct store_page *page) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = page_select(db, page);
	size_t limit = MIN(page->limit, (size_t)LIMIT_STORE_PAGE_ROWS);
	int64_t until_us = clock_mono_us() + LIMIT_STORE_SLICE_MS * 1000;
	int64_t last = page->cursor;
	size_t n_seen = 0, n_bytes = 0;
	int status;

	while ((status = db_step(db, statement)) > 0) {
		void *row;

		if (page->n_rows >= limit || slice_is_over(n_seen, n_bytes, until_us)) {
			page->next = last;
			return 0;
		}
		last = sqlite3_column_int64(statement, 0);
		n_seen++;
		if (!kinds[page->kind].matches(page, statement)) {
			continue;
		}
		row = array_grow(&page->tasks, &page->n_rows, kinds[page->kind].row->size);
		if (row == NULL) {
			return -ENOMEM;
		}
		status = row_read(statement, 0, kinds[page->kind].row, row);
		if (status < 0) {
			return status;
		}
		n_bytes += row_bytes(page, row);
	}
	return status;
}

/* Totals */

static bool has_counter(const struct store_page *page) {
	switch (page->kind) {
	case STORE_TASKS: return page->incident_id == 0 && page->due_before_ms == 0;
	case STORE_INCIDENTS: return page->project == NULL;
	case STORE_REPORTS: return page->project == NULL && page->incident_id == 0;
	case STORE_NOTES: break;
	}
	return false;
}

static int page_total(struct db *db, struct store_page *page) {
	static const char *const counter_kinds[] = {
		[STORE_TASKS] = "tasks",
		[STORE_INCIDENTS] = "incidents",
		[STORE_REPORTS] = "reports",
		[STORE_NOTES] = "",
	};
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_COUNTERS);
	bool is_task = page->kind == STORE_TASKS;
	bool is_incident = page->kind == STORE_INCIDENTS;
	int64_t total = 0;
	int status = counters_write(db);

	if (status < 0) {
		return status;
	}
	while ((status = db_step(db, statement)) > 0) {
		if (text_is(statement, 0, counter_kinds[page->kind]) &&
			text_is(statement, 1, is_task ? type_name(page) : NULL) &&
			text_is(statement, 2,
				is_task		      ? status_name(page)
					: is_incident ? state_name(page)
						      : NULL)) {
			total += sqlite3_column_int64(statement, 3);
		}
	}
	page->total = total;
	return status;
}

static int page_run(struct db *db, struct store_req *req) {
	struct store_page *page = container_of(req, struct store_page, req);
	int status = page_rows(db, page);

	if (status == 0 && page->want_total && has_counter(page)) {
		status = page_total(db, page);
	}
	return status;
}

static void page_reset(struct store_req *req) {
	struct store_page *page = container_of(req, struct store_page, req);

	store_page_finish(page);
	page->next = 0;
	page->total = -1;
}

void store_page_finish(struct store_page *page) {
	const struct row_type *type = kinds[page->kind].row;
	char *rows = (char *)TAKE_PTR(page->tasks);

	for (size_t i = 0; type->finish != NULL && i < page->n_rows; i++) {
		type->finish(rows + i * type->size);
	}
	free(rows);
	page->n_rows = 0;
}

int store_page(struct store *store, struct store_page *page, store_done_fn *done) {
	static const struct store_op op = { "page", false, page_run, page_reset, false };

	page->tasks = NULL;
	page->n_rows = 0;
	return store_queue(store, &page->req, &op, done);
}

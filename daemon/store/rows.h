/*
 * rows - structs to and from columns, by table. The order of a table is that of its SQL (statements.c).
 */
#pragma once

#include <sqlite3.h>
#include <stddef.h>

#include "common/macro.h"

enum column_kind {
	COLUMN_INT,	   /* int64_t */
	COLUMN_BOOL,	   /* bool */
	COLUMN_TEXT,	   /* char[size] */
	COLUMN_OWNED,	   /* char *, NULL stays NULL */
	COLUMN_JSON,	   /* json_t *, NULL stays NULL */
	COLUMN_NAME,	   /* an enum, by its name in `names` */
	COLUMN_ERROR_TYPE, /* enum error_type, by its name */
	COLUMN_VERDICT,	   /* struct verdict; NULL while there is none */
};

struct column {
	enum column_kind kind;
	size_t offset;
	size_t size;
	const char *const *names;
};

struct row_type {
	const struct column *columns;
	int n_columns;
	size_t size;		   /* of the struct */
	void (*finish)(void *row); /* may be NULL */
};

extern const struct row_type task_row;
extern const struct row_type incident_row;
extern const struct row_type report_row;
extern const struct row_type build_row;
extern const struct row_type note_row;
extern const struct row_type post_row;
extern const struct row_type link_row;
extern const struct row_type answer_row; /* struct step_answer */

/*
 * Binds the columns of `row` to parameters 1, 2, ... Texts are borrowed until the statement is reset. A value
 * that has no name is bound as NULL, which the schema refuses. Returns: 0; -ENOMEM.
 */
must_check int row_bind(sqlite3_stmt *statement, const struct row_type *type, const void *row);
/*
 * Reads the columns from `first` on into zeroed memory. Returns: 0; -ENOMEM; -EBADMSG, a value that we never write. On
 * failure `ret_row` is released and zeroed.
 */
must_check int row_read(
	sqlite3_stmt *statement, int first, const struct row_type *type, void *ret_row);

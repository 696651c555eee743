/* The small things every table's file needs: growing arrays, one row in, one row out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/store/internal.h"

void *array_grow(void *array_pointer, size_t *n, size_t size) {
	char *array;

	memcpy(&array, array_pointer, sizeof(array));
	/* Full at every power of two. */
	if ((*n & (*n - 1)) == 0) {
		char *grown = reallocarray(array, *n == 0 ? 1 : *n * 2, size);

		if (grown == NULL) {
			return NULL;
		}
		array = grown;
		memcpy(array_pointer, &array, sizeof(array));
	}
	memset(array + *n * size, 0, size);
	(*n)++;
	return array + (*n - 1) * size;
}

void array_reverse(void *array, size_t n, size_t size) {
	char *low = array;

	for (size_t i = 0; i < n / 2; i++) {
		char *a = low + i * size;
		char *b = low + (n - 1 - i) * size;

		for (size_t j = 0; j < size; j++) {
			char byte = a[j];

			a[j] = b[j];
			b[j] = byte;
		}
	}
}

int row_get(struct db *db, sqlite3_stmt *statement, const struct row_type *type, void *ret_row) {
	_cleanup_(sql_resetp) sqlite3_stmt *row = statement;
	int status = db_step(db, row);

	if (status == 0) {
		return -ENOENT;
	}
	return status < 0 ? status : row_read(row, 0, type, ret_row);
}

int row_get_by_id(
	struct db *db, enum sql_id id, int64_t row_id, const struct row_type *type, void *ret_row) {
	sqlite3_stmt *statement = db_sql(db, id);

	sql_bind_int(statement, 1, row_id);
	return row_get(db, statement, type, ret_row);
}

int row_insert(struct db *db, enum sql_id id, const struct row_type *type, const void *row) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, id);
	int status = statement != NULL ? row_bind(statement, type, row) : 0;

	if (status == 0) {
		status = db_run(db, statement);
	}
	if (status == 0) {
		counters_inserted(db, id, row);
	}
	return status;
}

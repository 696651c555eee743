/* What was written outside or is about to be, and what the forges remember. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "daemon/store/internal.h"

/* Found newest first. The status has no task and comes last: room is kept for it, nothing replaces it. */
int posts_of_incident(struct db *db, int64_t incident_id, struct post **ret_posts, size_t *ret_n) {
	_cleanup_(sql_resetp) sqlite3_stmt *statement = db_sql(db, SQL_POST_OF_INCIDENT);
	_cleanup_(freep) struct post *posts = NULL;
	size_t n = 0;
	int status;

	sql_bind_int(statement, 1, incident_id);
	while ((status = db_step(db, statement)) > 0) {
		struct post found;
		struct post *post;

		status = row_read(statement, 0, &post_row, &found);
		if (status < 0) {
			return status;
		}
		if (n + 1 >= LIMIT_POSTS_OF_INCIDENT && found.kind != POST_STATUS) {
			continue;
		}
		post = array_grow(&posts, &n, sizeof(*post));
		if (post == NULL) {
			return -ENOMEM;
		}
		*post = found;
	}
	if (status < 0) {
		return status;
	}
	array_reverse(posts, n, sizeof(*posts));
	*ret_posts = TAKE_PTR(posts);
	*ret_n = n;
	return 0;
}

static int remember(struct db *db, const char *forge, const json_t *memory) {
	_cleanup_(freep) char *text = NULL;
	sqlite3_stmt *statement;

	if (memory != NULL) {
		text = json_dumps(memory, JSON_COMPACT | JSON_ENCODE_ANY);
		if (text == NULL) {
			return -ENOMEM;
		}
	}
	statement = db_sql(db, text != NULL ? SQL_FORGE_WRITE : SQL_FORGE_DELETE);
	sql_bind_text(statement, 1, forge);
	if (text != NULL) {
		sql_bind_text(statement, 2, text);
	}
	return db_run(db, statement);
}

static int post_run(struct db *db, struct store_req *req) {
	struct store_post *post = container_of(req, struct store_post, req);
	int status = 0;

	if (post->post != NULL) {
		status = row_insert(db, SQL_POST_WRITE, &post_row, post->post);
	}
	if (status == 0 && post->forge != NULL) {
		status = remember(db, post->forge, post->memory);
	}
	return status;
}

int store_post(struct store *store, struct store_post *post, store_done_fn *done) {
	static const struct store_op op = { "post", true, post_run, NULL, false };

	return store_queue(store, &post->req, &op, done);
}

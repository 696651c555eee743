/*
 * Backup: the store makes a copy of the database and hands it out in pieces; each goes to the caller when it has read
 * most of those before it. Without the caller the rest is not made, and what was made is removed.
 */
#include <errno.h>
#include <stdlib.h>

#include "common/base64.h"
#include "common/log.h"
#include "daemon/ipc/handlers.h"
#include "daemon/ipc/internal.h"

struct backup_op {
	struct store_backup backup;
	struct call *call;
	int64_t n_sent;
	bool asked; /* the store */
	bool ended; /* the call is answered, or its peer gone */
};

static void backup_done(struct store_req *req, int status);

static int backup_ask(struct backup_op *op) {
	int r = store_backup(engine_store(call_engine(op->call)), &op->backup, backup_done);

	op->asked = r == 0;
	return r;
}

/* The call is over: the copy goes, in case there is one. Frees the operation, now or when the store has answered. */
static void backup_end(struct backup_op *op) {
	op->ended = true;
	if (op->asked) {
		return;
	}
	store_backup_finish(&op->backup);
	if (op->backup.more && !op->backup.abandon) {
		op->backup.abandon = true;
		if (backup_ask(op) == 0) {
			return;
		}
	}
	call_server(op->call)->backing_up = false;
	call_unref(op->call);
	free(op);
}

static void backup_gone(void *user) {
	backup_end(user);
}

static void backup_fail(struct backup_op *op, int status) {
	const char *sentence = op->backup.sentence;

	log_warning("A backup was not made: %s.", sentence[0] != '\0' ? sentence : log_errno(status));
	call_fail(op->call, status, sentence);
	backup_end(op);
}

static void backup_room(void *user) {
	struct backup_op *op = user;
	int r = backup_ask(op);

	if (r < 0) {
		backup_fail(op, r);
	}
}

static json_t *progress_json(const struct store_backup *backup) {
	return json_pack("{s:I, s:I}", "copied", (json_int_t)backup->n_copied, "total",
		(json_int_t)backup->n_total);
}

static json_t *piece_json(const struct store_backup *backup) {
	_cleanup_(freep) char *text = base64_encode(backup->data, backup->len);

	return text != NULL ? json_pack("{s:s}", "data", text) : NULL;
}

static int backup_send(struct backup_op *op) {
	struct store_backup *backup = &op->backup;
	json_t *part = backup->data != NULL ? piece_json(backup) : progress_json(backup);

	op->n_sent += (int64_t)backup->len;
	store_backup_finish(backup);
	return part != NULL ? call_stream(op->call, part) : -ENOMEM;
}

static void backup_done(struct store_req *req, int status) {
	struct backup_op *op =
		container_of(container_of(req, struct store_backup, req), struct backup_op, backup);

	op->asked = false;
	if (op->ended) {
		backup_end(op);
		return;
	}
	status = status < 0 ? status : backup_send(op);
	if (status == -EPIPE || status == -ENOBUFS) {
		return; /* the connection ends, and backup_gone() follows */
	}
	if (status < 0) {
		backup_fail(op, status);
	} else if (op->backup.more) {
		call_on_room(op->call, backup_room, op);
	} else {
		log_notice("A backup of %lld bytes was made.", (long long)op->n_sent);
		call_reply(op->call, json_pack("{s:I}", "bytes", (json_int_t)op->n_sent));
		backup_end(op);
	}
}

void on_backup(struct call *call, void *params) {
	struct server *server = call_server(call);
	struct backup_op *op;
	int r;

	if (server->backing_up) {
		call_fail(call, -EAGAIN, "another backup is being made");
		return;
	}
	op = calloc(1, sizeof(*op));
	if (op == NULL) {
		call_fail(call, -ENOMEM, NULL);
		return;
	}
	server->backing_up = true;
	op->call = call_ref(call);
	r = backup_ask(op);
	if (r < 0) {
		backup_fail(op, r);
	} else {
		call_on_gone(call, backup_gone, op);
	}
}

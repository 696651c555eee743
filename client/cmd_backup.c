/*
 * backup: what the daemon hands out of a copy of its database, into a file that is there whole or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/file.h"
#include "client/print.h"
#include "client/progress.h"
#include "client/request.h"
#include "common/address.h"
#include "common/base64.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/protocol.h"
#include "common/text.h"

struct backup {
	const struct invocation *inv;
	struct call_conn *conn;
	const char *path;
	int fd;
	int64_t n_bytes;
	bool whole; /* the daemon said how long it is, and so long it is */
	struct progress progress;
	int exit;
};

/* The file that is being written; a signal removes it. */
static char temporary[ADDRESS_PATH_MAX];

static void remove_and_die(int signum) {
	(void)unlink(temporary);
	(void)signal(signum, SIG_DFL);
	(void)raise(signum);
}

static int cannot_write(const struct backup *backup, int status) {
	return failure_report(
		FAILURE_FAILED, NULL, "cannot write \"%s\": %s", backup->path, log_errno(status));
}

static int open_temporary(struct backup *backup) {
	static const int signums[] = { SIGHUP, SIGINT, SIGTERM };

	if (!text_format(temporary, sizeof(temporary), "%s.XXXXXX", backup->path)) {
		return cannot_write(backup, -ENAMETOOLONG);
	}
	backup->fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
	if (backup->fd < 0) {
		return cannot_write(backup, -errno);
	}
	for (size_t i = 0; i < ARRAY_SIZE(signums); i++) {
		if (signal(signums[i], remove_and_die) == SIG_IGN) { /* as nohup has it */
			(void)signal(signums[i], SIG_IGN);
		}
	}
	return 0;
}

static void show_progress(struct backup *backup, const char *what, int64_t done, int64_t total) {
	progress_show(&backup->progress, "%s: %lld of %lld MiB", what, (long long)(done >> 20),
		(long long)((total + (1 << 20) - 1) >> 20));
}

/* Returns: 0; the exit code. */
static int take_data(struct backup *backup, const char *text) {
	size_t len = strlen(text), n = 0;
	_cleanup_(freep) char *data = malloc(len + 1);
	int r = data != NULL ? base64_decode(text, len, data, &n) : -ENOMEM;

	if (r == -EINVAL) {
		return failure_report(FAILURE_PROTOCOL, NULL, "the daemon's answer is no backup");
	}
	r = r < 0 ? r : fd_write_all(backup->fd, data, n);
	if (r < 0) {
		return cannot_write(backup, r);
	}
	backup->n_bytes += (int64_t)n;
	return 0;
}

/* One part; ends the stream with 1 when it may not go on. The time limit is that of each part. */
static int take_part(const struct call_reply *reply, void *user) {
	struct backup *backup = user;
	const char *data = json_string_value(json_object_get(reply->parameters, "data"));
	int64_t total = json_number(reply->parameters, "total");

	call_set_deadline(backup->conn, call_deadline_us(backup->inv->timeout_ms));
	if (reply->error != NULL) {
		progress_end(&backup->progress);
		backup->exit = request_refused(reply);
	} else if (data != NULL) {
		backup->exit = take_data(backup, data);
		show_progress(backup, "Received", backup->n_bytes, backup->n_bytes);
	} else if (total > 0) {
		show_progress(backup, "Copied", json_number(reply->parameters, "copied"), total);
	}
	backup->whole = reply->error == NULL && !reply->continues && backup->n_bytes > 0 &&
		json_number(reply->parameters, "bytes") == backup->n_bytes;
	return backup->exit != 0;
}

static int receive(struct backup *backup) {
	int r = call_more(backup->conn, PROTOCOL_INTERFACE ".Backup", NULL, take_part, backup);

	progress_end(&backup->progress);
	if (r < 0) {
		return request_failed(backup->inv, r);
	}
	if (backup->exit == 0 && !backup->whole) {
		return failure_report(
			FAILURE_PROTOCOL, "try again", "the backup did not arrive as a whole");
	}
	return backup->exit;
}

static int already_exists(const struct backup *backup) {
	return failure_report(FAILURE_REFUSED, "choose another name, or give --force to replace it",
		"\"%s\" exists already", backup->path);
}

/* A file that came meanwhile is not replaced either, where the file system can tell. */
static int rename_temporary(const char *path, bool force) {
	if (!force) {
		if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
			return 0;
		}
		if (errno != EINVAL && errno != ENOSYS) {
			return -errno;
		}
	}
	return rename(temporary, path) < 0 ? -errno : 0;
}

static int put_in_place(const struct backup *backup, bool force) {
	int r = fsync(backup->fd) < 0 ? -errno : 0;

	r = r < 0 ? r : rename_temporary(backup->path, force);
	if (r == -EEXIST) {
		return already_exists(backup);
	}
	r = r < 0 ? r : fd_sync_parent(backup->path);
	return r < 0 ? cannot_write(backup, r) : 0;
}

static int report(const struct backup *backup) {
	json_t *document;
	int r;

	if (!backup->inv->json) {
		_cleanup_(freep) char *path = print_one_line(backup->path);

		printf("%lld KiB in %s.\n", (long long)((backup->n_bytes + 1023) / 1024),
			path != NULL ? path : "?");
		return 0;
	}
	document =
		json_pack("{s:s, s:I}", "file", backup->path, "bytes", (json_int_t)backup->n_bytes);
	r = document != NULL ? request_print_json(document)
			     : failure_report(FAILURE_FAILED, NULL, "the file's name is not UTF-8");
	json_decref(document);
	return r;
}

static int check_target(const struct backup *backup, bool force) {
	if (strcmp(backup->path, "-") == 0) {
		return failure_report(FAILURE_USAGE, "name a file; \"./-\" is one",
			"a backup is not written to standard output");
	}
	if (file_is_special(backup->path)) {
		return failure_report(FAILURE_REFUSED, "name a file",
			"\"%s\" is there and is no regular file", backup->path);
	}
	return force || access(backup->path, F_OK) < 0 ? 0 : already_exists(backup);
}

int cmd_backup(const struct invocation *inv) {
	_cleanup_(call_closep) struct call_conn *conn = NULL;
	_cleanup_(fd_closep) int fd = -1;
	bool force = option_flag(&inv->options, "force");
	struct backup backup = { .inv = inv, .path = inv->args[0], .progress = progress_begin(inv) };
	int r = check_target(&backup, force);

	r = r != 0 ? r : request_open(inv, &conn);
	r = r != 0 ? r : open_temporary(&backup);
	if (r != 0) {
		return r;
	}
	fd = backup.fd;
	backup.conn = conn;
	r = receive(&backup);
	r = r != 0 ? r : put_in_place(&backup, force);
	if (r != 0) {
		(void)unlink(temporary);
		return r;
	}
	return report(&backup);
}

/*
 * A consistent copy of the database while the daemon works: SQLite's backup, a slice at a time between batches. What a
 * batch changes in pages that were copied already goes into the copy as well, so the copy is of its end, and holds what
 * was acknowledged before its beginning. Source: sqlite.org/backup.html; fileformat2.html, "The Database Header".
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/store/internal.h"

#define SUFFIX "-backup"
#define STEP_PAGES 64 /* some hundred microseconds, so that a slice ends in time */

struct backup {
	char path[PATH_MAX];
	sqlite3 *copy;
	sqlite3_backup *pages; /* NULL: the copy is whole */
	int fd;		       /* of the whole copy; -1 until then */
	int64_t n_bytes;       /* of it */
	int64_t n_read;
};

static int fail(struct store_backup *request, int status, const char *fmt, ...) printf_like(3, 4);

static int fail(struct store_backup *request, int status, const char *fmt, ...) {
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(request->sentence, sizeof(request->sentence), fmt, args);
	va_end(args);
	return status;
}

/* Never what the store would take for its own end: the database is fine. */
static int fail_copy(struct store_backup *request, int code) {
	if ((code & 0xff) == SQLITE_FULL) {
		return fail(request, -ENOSPC, "the disk became full while the database was copied");
	}
	return fail(
		request, -EREMOTEIO, "the database could not be copied: %s", sqlite3_errstr(code));
}

static void remove_file(const char *path, const char *suffix) {
	char name[PATH_MAX];

	if (text_format(name, sizeof(name), "%s%s", path, suffix) && unlink(name) < 0 &&
		errno != ENOENT) {
		log_warning("The copy \"%s\" cannot be removed: %s, ignoring.", name,
			log_errno(-errno));
	}
}

void backup_sweep(const char *database) {
	static const char *const left[] = { SUFFIX, SUFFIX "-journal", SUFFIX "-wal" };

	for (size_t i = 0; i < ARRAY_SIZE(left); i++) {
		remove_file(database, left[i]);
	}
}

void backup_end(struct db *db) {
	struct backup *backup = TAKE_PTR(db->backup);

	if (backup == NULL) {
		return;
	}
	(void)sqlite3_backup_finish(backup->pages); /* its code repeats that of the last step */
	(void)sqlite3_close(backup->copy);
	(void)fd_close(backup->fd);
	remove_file(backup->path, "");
	free(backup);
}

/* Beginning */

/* A copy that fills the disk would be worse than none. */
static int check_space(struct db *db, struct store_backup *request) {
	struct statvfs info;
	char directory[PATH_MAX];
	char *slash;
	int64_t needed;
	int64_t free_bytes;
	int status = db_ask_int(db, "PRAGMA page_count", &needed);

	if (status < 0) {
		return fail_copy(request, db->fault);
	}
	TEXT_SET(directory, db->path);
	slash = strrchr(directory, '/');
	if (slash != NULL) {
		*slash = '\0';
	}
	if (statvfs(slash == NULL ? "." : directory, &info) < 0) {
		return 0; /* then the copy itself finds out */
	}
	needed = needed * DB_PAGE_BYTES + LIMIT_STORE_WAL_BYTES;
	free_bytes = (int64_t)info.f_bavail * (int64_t)info.f_frsize;
	if (free_bytes >= needed) {
		return 0;
	}
	return fail(request, -ENOSPC,
		"the copy is made beside the database first, and \"%s\" has room for %lld MiB where %lld MiB are"
		" needed",
		directory, (long long)(free_bytes >> 20), (long long)(needed >> 20));
}

static int open_copy(struct db *db, struct backup *backup) {
	static const char settings[] = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF;"
				       "PRAGMA synchronous = OFF; PRAGMA cache_size = -2048;";
	int code = sqlite3_open_v2(
		backup->path, &backup->copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_exec(backup->copy, settings, NULL, NULL, NULL);
	}
	if (code == SQLITE_OK) {
		backup->pages = sqlite3_backup_init(backup->copy, "main", db->sqlite, "main");
		code = backup->pages == NULL ? sqlite3_extended_errcode(backup->copy) : SQLITE_OK;
	}
	return code;
}

static int begin(struct db *db, struct store_backup *request) {
	struct backup *backup;
	int status = check_space(db, request);
	int fd, code;

	if (status < 0) {
		return status;
	}
	backup = calloc(1, sizeof(*backup));
	if (backup == NULL) {
		return fail(request, -ENOMEM, "out of memory");
	}
	backup->fd = -1;
	db->backup = backup; /* backup_end() clears up */
	backup_sweep(db->path);
	if (!text_format(backup->path, sizeof(backup->path), "%s" SUFFIX, db->path)) {
		return fail(request, -EREMOTEIO, "the path of the copy is too long");
	}
	fd = open(backup->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return fail(request, -EREMOTEIO, "the copy \"%s\" cannot be made: %s", backup->path,
			log_errno(-errno));
	}
	(void)fd_close(fd);
	code = open_copy(db, backup);
	return code == SQLITE_OK ? 0 : fail_copy(request, code);
}

/* Copying */

/*
 * Makes the closed copy a file that stands alone, without a write-ahead log, and that says what it is: a start on it
 * knows that the world has gone on since (restore.c).
 */
static int seal(struct backup *backup, struct store_backup *request) {
	static const unsigned char no_log[] = { 1, 1 };
	const unsigned char application[] = { DB_COPY_ID >> 24, DB_COPY_ID >> 16 & 0xff,
		DB_COPY_ID >> 8 & 0xff, DB_COPY_ID & 0xff };
	struct stat info;
	int code = sqlite3_close(TAKE_PTR(backup->copy));

	if (code != SQLITE_OK) {
		return fail_copy(request, code);
	}
	backup->fd = open(backup->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (backup->fd < 0 || fstat(backup->fd, &info) < 0 ||
		pwrite(backup->fd, no_log, sizeof(no_log), DB_HEADER_VERSIONS) != sizeof(no_log) ||
		pwrite(backup->fd, application, sizeof(application), DB_HEADER_APPLICATION_ID) !=
			sizeof(application)) {
		return fail(request, -EREMOTEIO, "the copy \"%s\" cannot be written: %s",
			backup->path, log_errno(-errno));
	}
	backup->n_bytes = info.st_size;
	return 0;
}

static int copy_slice(struct backup *backup, struct store_backup *request) {
	int64_t until_us = clock_mono_us() + LIMIT_STORE_SLICE_MS * 1000;
	int code;

	do {
		code = sqlite3_backup_step(backup->pages, STEP_PAGES);
	} while (code == SQLITE_OK && clock_mono_us() < until_us);
	request->n_total = (int64_t)sqlite3_backup_pagecount(backup->pages) * DB_PAGE_BYTES;
	request->n_copied =
		request->n_total - (int64_t)sqlite3_backup_remaining(backup->pages) * DB_PAGE_BYTES;
	request->more = true;
	if (code == SQLITE_OK) {
		return 0;
	}
	if (code == SQLITE_DONE) {
		code = sqlite3_backup_finish(TAKE_PTR(backup->pages));
		return code == SQLITE_OK ? seal(backup, request) : fail_copy(request, code);
	}
	return fail_copy(request, code);
}

/* Reading the whole copy */

static int read_piece(struct backup *backup, struct store_backup *request) {
	size_t len = (size_t)MIN(backup->n_bytes - backup->n_read, (int64_t)LIMIT_BACKUP_PIECE_BYTES);
	ssize_t n;

	request->data = malloc(LIMIT_BACKUP_PIECE_BYTES);
	if (request->data == NULL) {
		return fail(request, -ENOMEM, "out of memory");
	}
	n = pread(backup->fd, request->data, len, backup->n_read);
	if (n <= 0) {
		return fail(request, -EREMOTEIO, "the copy \"%s\" cannot be read: %s", backup->path,
			n < 0 ? log_errno(-errno) : "it became shorter");
	}
	request->len = (size_t)n;
	backup->n_read += n;
	request->n_total = backup->n_bytes;
	request->n_copied = backup->n_bytes;
	request->more = backup->n_read < backup->n_bytes;
	return 0;
}

static int backup_run(struct db *db, struct store_req *req) {
	struct store_backup *request = container_of(req, struct store_backup, req);
	int status = 0;

	if (!request->abandon && db->backup == NULL) {
		status = begin(db, request);
	}
	if (!request->abandon && status == 0) {
		status = db->backup->fd < 0 ? copy_slice(db->backup, request)
					    : read_piece(db->backup, request);
	}
	if (status < 0 || !request->more) {
		backup_end(db);
	}
	return status;
}

static void backup_reset(struct store_req *req) {
	struct store_backup *request = container_of(req, struct store_backup, req);

	store_backup_finish(request);
	request->n_copied = 0;
	request->n_total = 0;
	request->more = false;
	request->sentence[0] = '\0';
}

void store_backup_finish(struct store_backup *request) {
	free(TAKE_PTR(request->data));
	request->len = 0;
}

int store_backup(struct store *store, struct store_backup *request, store_done_fn *done) {
	static const struct store_op op = {
		.name = "backup", .run = backup_run, .reset = backup_reset, .alone = true
	};

	request->data = NULL;
	request->len = 0;
	return store_queue(store, &request->req, &op, done);
}

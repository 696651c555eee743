/*
 * Opening: nothing is written before everything that can be wrong with a file that exists was looked at, and each of
 * those has its own sentence.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/id.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/store/db.h"
#include "daemon/store/wal_file.h"

#define HEADER_BYTES 100
/* Beside a database that is being made: without it one that is empty was emptied. */
#define MARK "-new"

static const char magic[16] = "SQLite format 3";

/* What db_open() looks at and says. */
struct opening {
	const char *path;
	char *sentence;
	struct db *db;
	bool is_ours; /* an empty file is: made now, or by a start that was cut off (MARK) */
	bool had_log; /* a write-ahead log lay beside it: left by a crash */
	bool is_copy; /* a backup: nobody started on it yet */
};

static int say(struct opening *opening, int status, const char *fmt, ...) printf_like(3, 4);

static int say(struct opening *opening, int status, const char *fmt, ...) {
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(opening->sentence, LIMIT_SENTENCE_MAX, fmt, args);
	va_end(args);
	opening->sentence[text_cut(opening->sentence, strlen(opening->sentence))] = '\0';
	return status;
}

static int say_not_ours(struct opening *opening) {
	return say(opening, -EUCLEAN,
		"The file \"%s\" is not a database of codegend; move it away or choose another --state-directory.",
		opening->path);
}

static int say_corrupt(struct opening *opening, const char *what) {
	return say(opening, -EUCLEAN,
		"The database \"%s\" is corrupt (%s); it was left as it is. Restore a backup, or move it and its -wal"
		" file away to start with an empty one.",
		opening->path, what);
}

static int say_emptied(struct opening *opening) {
	return say(opening, -EUCLEAN,
		"The database \"%s\" is empty: what was in it is lost. Restore a backup, or remove the file to start"
		" with an empty one.",
		opening->path);
}

static int say_newer(struct opening *opening, int64_t version) {
	return say(opening, -ENOTSUP,
		"The database \"%s\" has schema version %" PRId64
		", this codegend knows up to %" PRId64 "; install the newer codegend again.",
		opening->path, version, schema_version());
}

/* Frames carry no mark of the database they belong to: SQLite would mix the two. */
static int say_log_of_another(struct opening *opening) {
	return say(opening, -EUCLEAN,
		"The database \"%s\" is a backup, and beside it lies the log of the one it is to replace; move"
		" \"%s-wal\" away and start again.",
		opening->path, opening->path);
}

static int say_read_only(struct opening *opening, const char *what) {
	return say(opening, -EROFS,
		"The %s of the database \"%s\" is read-only; make it writable for codegend.", what,
		opening->path);
}

/* Translates what SQLite said while the file was opened and looked at. */
static int say_failure(struct opening *opening, int status) {
	struct db *db = opening->db;
	int code = sqlite3_errcode(db->sqlite);

	if (db->fault != SQLITE_OK) {
		code = db->fault & 0xff;
	}
	switch (code) {
	case SQLITE_BUSY:
		return say(opening, -EBUSY,
			"The database \"%s\" is in use by another codegend; stop it first, or give this one its own"
			" --state-directory.",
			opening->path);
	case SQLITE_NOTADB: return say_not_ours(opening);
	case SQLITE_CORRUPT:
	case SQLITE_ERROR: /* a table or column of ours is missing */
		return say_corrupt(opening, sqlite3_errmsg(db->sqlite));
	case SQLITE_READONLY: return say_read_only(opening, "file or directory");
	case SQLITE_FULL:
		return say(opening, status,
			"The disk is full: the database \"%s\" cannot be opened; make space there.",
			opening->path);
	default:
		return say(opening, status, "The database \"%s\" cannot be opened: %s.",
			opening->path, sqlite3_errmsg(db->sqlite));
	}
}

/* Before SQLite */

static int fsync_directory(const char *path) {
	_cleanup_(fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static uint32_t big_endian(const unsigned char *bytes) {
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
		bytes[3];
}

/* What the file's first bytes say, without a lock or a journal: another program's file is not even opened by SQLite. */
static int check_header(struct opening *opening, int fd) {
	unsigned char header[HEADER_BYTES];
	ssize_t n = pread(fd, header, sizeof(header), 0);
	uint32_t application;

	if (n < 0) {
		return say(opening, -errno, "The database \"%s\" cannot be read: %s.",
			opening->path, log_errno(-errno));
	}
	if (n == 0 && opening->had_log) { /* which is made when the file has its first page */
		return say_corrupt(opening, "it is empty, and its log is not gone");
	}
	if (n == 0) {
		return opening->is_ours ? 0 : say_emptied(opening);
	}
	if (n < HEADER_BYTES || memcmp(header, magic, sizeof(magic)) != 0) {
		return say_not_ours(opening);
	}
	application = big_endian(header + DB_HEADER_APPLICATION_ID);
	/* 0: created, and the rest of it still in the write-ahead log. */
	if (application != DB_APPLICATION_ID && application != DB_COPY_ID && application != 0) {
		return say_not_ours(opening);
	}
	if (application == DB_COPY_ID && opening->had_log) {
		return say_log_of_another(opening);
	}
	if (application != 0 && big_endian(header + DB_HEADER_USER_VERSION) > schema_version()) {
		return say_newer(opening, big_endian(header + DB_HEADER_USER_VERSION));
	}
	return 0;
}

static int open_denied(struct opening *opening, int status) {
	if ((status == -EACCES || status == -EPERM || status == -EROFS) &&
		access(opening->path, R_OK) == 0) {
		return say_read_only(opening, "file");
	}
	if (status == -EROFS) {
		return say_read_only(opening, "file system");
	}
	if (status == -EACCES) {
		return say(opening, status,
			"The database \"%s\" cannot be opened: %s; chown it, and what lies beside it, to "
			"the user with the id %u.",
			opening->path, log_errno(status), (unsigned)geteuid());
	}
	return say(opening, status, "The database \"%s\" cannot be opened: %s.", opening->path,
		log_errno(status));
}

static bool lies_beside(const struct opening *opening, const char *suffix) {
	char name[PATH_MAX];

	return text_format(name, sizeof(name), "%s%s", opening->path, suffix) &&
		access(name, F_OK) == 0;
}

/* Not synced: lost in a power cut of the very first start, it costs a refusal that says what to do. */
static int make_mark(const struct opening *opening) {
	_cleanup_(fd_closep) int fd = -1;
	char name[PATH_MAX];

	if (!text_format(name, sizeof(name), "%s" MARK, opening->path)) {
		return -ENAMETOOLONG;
	}
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : 0;
}

static void remove_mark(const char *path) {
	char name[PATH_MAX];

	if (text_format(name, sizeof(name), "%s" MARK, path)) {
		(void)unlink(name);
	}
}

static int check_file(struct opening *opening) {
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(freep) char *directory = strdup(opening->path);
	char *slash = directory == NULL ? NULL : strrchr(directory, '/');
	bool created = access(opening->path, F_OK) < 0;
	struct stat info;
	int status;

	if (directory == NULL) {
		return say(opening, -ENOMEM, "Out of memory.");
	}
	if (slash != NULL) {
		*slash = '\0';
	}
	/* Without a database this says so by itself, with the better errno. */
	if (!created && access(slash == NULL ? "." : directory, W_OK) < 0) {
		return say_read_only(opening, "directory");
	}
	status = created ? make_mark(opening) : 0;
	if (status < 0) {
		return open_denied(opening, status);
	}
	opening->is_ours = lies_beside(opening, MARK);
	fd = open(opening->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0) {
		return open_denied(opening, -errno);
	}
	if (fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
		return say_not_ours(opening);
	}
	if (created && fsync_directory(slash == NULL ? "." : directory) < 0) {
		return say(opening, -EIO, "The directory of the database \"%s\" cannot be written.",
			opening->path);
	}
	return check_header(opening, fd);
}

/* With SQLite */

static int configure(struct db *db) {
	static const struct {
		int option;
		int on;
	} options[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 }, { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 0 }, { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 }, { SQLITE_DBCONFIG_DQS_DDL, 0 },
		/* Else every new value of a parameter that a partial index speaks of prepares its statement again. */
		{ SQLITE_DBCONFIG_ENABLE_QPSG, 1 },
		{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 }, /* until everything was looked at */
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		int code = sqlite3_db_config(db->sqlite, options[i].option, options[i].on, NULL);

		if (code != SQLITE_OK) {
			return db_error(db, code);
		}
	}
	(void)sqlite3_extended_result_codes(db->sqlite, 1);
	/* Before the first access to the file: EXCLUSIVE then keeps the log's index out of shared memory. */
	return db_exec(db,
		"PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = 1;"
		"PRAGMA cache_size = -2048; PRAGMA secure_delete = FAST; PRAGMA wal_autocheckpoint = 0;"
		"PRAGMA synchronous = FULL;");
}

/* Again what check_header() asked, now as the write-ahead log has it; and whether the rows are there. */
static int check_content(struct opening *opening) {
	struct db *db = opening->db;
	int64_t application = 0, version = 0, n_tables = 0;
	int64_t newest;

	if (db_ask_int(db, "PRAGMA application_id", &application) < 0 ||
		db_ask_int(db, "PRAGMA user_version", &version) < 0 ||
		db_ask_int(db, "SELECT count(*) FROM sqlite_schema", &n_tables) < 0) {
		return say_failure(opening, -EUCLEAN);
	}
	if (application == 0 && version == 0 && n_tables == 0) {
		return 0;
	}
	opening->is_copy = application == DB_COPY_ID;
	if (application != DB_APPLICATION_ID && !opening->is_copy) {
		return say_not_ours(opening);
	}
	if (version > schema_version()) {
		return say_newer(opening, version);
	}
	if (version == schema_version() && db_newest_ms(db, &newest) < 0) {
		return say_failure(opening, -EUCLEAN);
	}
	return 0;
}

/*
 * Reads the newest row of every table to its end, and the counters. `PRAGMA quick_check` would read everything: with a
 * million tasks that is many seconds, and a start has half of one. Damage elsewhere shows when it is read.
 */
int db_newest_ms(struct db *db, int64_t *ret_ms) {
	static const struct {
		const char *sql;
	} newest[] = {
		{ "SELECT max(id >> 16, created_ms), * FROM tasks ORDER BY id DESC LIMIT 1" },
		{ "SELECT opened_ms, * FROM incidents ORDER BY id DESC LIMIT 1" },
		{ "SELECT at_ms, * FROM reports ORDER BY id DESC LIMIT 1" },
		{ "SELECT at_ms, * FROM builds ORDER BY id DESC LIMIT 1" },
		{ "SELECT at_ms, * FROM events ORDER BY seq DESC LIMIT 1" },
		{ "SELECT id >> 16, * FROM submissions ORDER BY id DESC LIMIT 1" },
		{ "SELECT 0, sum(n) FROM counters" },
		{ "SELECT 0, count(*) FROM pauses" },
		{ "SELECT 0, * FROM posts ORDER BY incident_id DESC LIMIT 1" },
		{ "SELECT 0, * FROM links ORDER BY id DESC LIMIT 1" },
		{ "SELECT 0, count(*) FROM forges" },
	};
	int64_t result = 0;

	for (size_t i = 0; i < ARRAY_SIZE(newest); i++) {
		int64_t ms = 0;
		int status = db_ask_int(db, newest[i].sql, &ms);

		if (status < 0) {
			return status;
		}
		result = MAX(result, ms);
	}
	*ret_ms = result;
	return 0;
}

static int wal_written(void *user, sqlite3 *sqlite, const char *name, int n_pages) {
	struct db *db = user;

	db->wal_bytes = (int64_t)n_pages * DB_PAGE_BYTES;
	return SQLITE_OK;
}

/* While there is no write-ahead log yet: so the file itself tells a copy from a database, at every moment. */
static int adopt_copy(struct opening *opening) {
	struct db *db = opening->db;
	int64_t version = 0;
	int status = db_ask_int(db, "PRAGMA user_version", &version);

	if (status == 0) {
		status = schema_update(db, version);
	}
	if (status == 0) {
		status = db_adopt_copy(db, clock_now_ms());
	}
	if (status == 0) {
		log_notice("The database \"%s\" is a restored backup: what may have been posted since it was made is"
			   " looked for before anything is posted.",
			opening->path);
	}
	return status;
}

/* From here on the file is ours, whole, and not newer. */
static int take_over(struct opening *opening) {
	struct db *db = opening->db;
	int64_t version = 0, synchronous = 0;
	int status = opening->is_copy ? adopt_copy(opening) : 0;

	if (status == 0) {
		status = db_exec(
			db, "PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = 67108864");
	}
	(void)sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	if (status == 0) {
		status = db_ask_int(db, "PRAGMA user_version", &version);
	}
	if (status == 0) {
		status = schema_update(db, version);
	}
	/* Schema and header reach the file itself: check_header() of the next start finds them there. */
	if (status == 0 && version != schema_version()) {
		status = db_checkpoint(db);
	}
	if (status == 0) {
		status = counters_open(db);
	}
	if (status == 0) {
		status = db_ask_int(db, "PRAGMA synchronous", &synchronous);
	}
	if (status < 0) {
		return say_failure(opening, status);
	}
	if (synchronous != 2) {
		return say(opening, -ENOTSUP,
			"SQLite does not keep \"PRAGMA synchronous = FULL\"; use another build of it.");
	}
	(void)sqlite3_wal_hook(db->sqlite, wal_written, db);
	return 0;
}

static int open_connection(struct opening *opening) {
	struct db *db = opening->db;
	int status;

	/* Statistics cost a lock in every allocation. Refused when the process has used SQLite before: no harm. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (sqlite3_open_v2(opening->path, &db->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
		    wal_file_layer()) != SQLITE_OK) {
		return say_failure(opening, -EIO);
	}
	if (sqlite3_db_readonly(db->sqlite, "main") == 1) {
		return say_read_only(opening, "file");
	}
	status = configure(db);
	if (status == 0) {
		/* Takes the lock that keeps a second daemon out, at once. */
		status = db_exec(db, "BEGIN EXCLUSIVE; COMMIT");
	}
	if (status < 0) {
		return say_failure(opening, status);
	}
	return 0;
}

int db_open(const char *path, struct db **ret_db, char *ret_sentence) {
	struct db *db = calloc(1, sizeof(*db));
	struct opening opening = { .path = path, .sentence = ret_sentence, .db = db };
	int status;

	if (db == NULL) {
		return say(&opening, -ENOMEM, "Out of memory.");
	}
	db_forget(db);
	if (!TEXT_SET(db->path, path)) {
		status = say(&opening, -ENAMETOOLONG, "The path of the database is too long.");
	} else {
		opening.had_log = lies_beside(&opening, "-wal");
		status = check_file(&opening);
	}
	if (status == 0) {
		status = open_connection(&opening);
	}
	if (status == 0) {
		status = check_content(&opening);
	}
	if (status == 0) {
		status = take_over(&opening);
	}
	if (status < 0) {
		db_close(db, opening.had_log);
		return status;
	}
	remove_mark(path);
	backup_sweep(path);
	db_forget(db);
	*ret_db = db;
	return 0;
}

void db_close(struct db *db, bool failed) {
	if (db == NULL) {
		return;
	}
	backup_end(db);
	for (size_t i = 0; i < SQL_COUNT; i++) {
		(void)sqlite3_finalize(db->statements[i]);
	}
	if (db->sqlite != NULL) {
		(void)sqlite3_db_config(
			db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, failed ? 1 : 0, NULL);
		(void)sqlite3_close(db->sqlite);
	}
	pending_forget(db);
	free(db);
}

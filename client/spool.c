#include "client/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "client/limits.h"
#include "client/print.h"
#include "common/clock.h"
#include "common/fd.h"
#include "common/json_memory.h"
#include "common/protocol.h"
#include "common/spool_format.h"
#include "common/text.h"

#define NAME_MAX_BYTES 128
#define FD_PATH_MAX 64

/* Where a spool may be, and how it was found. */
struct place {
	char path[ADDRESS_PATH_MAX];
	bool own;   /* this user's: made when it is missing */
	bool given; /* named by the caller: there is no other */
};

static void closedirp(DIR **dir) {
	if (*dir != NULL) {
		closedir(*dir);
	}
}

void spool_name(const char *key, uint64_t random, char *out, size_t size) {
	static const char fit[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
	char word[CLIENT_KEY_MAX];

	(void)text_copy(word, sizeof(word), key);
	for (char *p = word; *p != '\0'; p++) {
		if (strchr(fit, *p) == NULL) {
			*p = '_';
		}
	}
	(void)text_format(
		out, size, "%s.%016" PRIx64 SPOOL_SUFFIX, word[0] != '\0' ? word : "_", random);
}

/* RUN and SUBMIT have the option; a table without it has none given. */
static const char *given_option(const struct invocation *inv) {
	for (const struct option_row *row = inv->options.rows; row != NULL && row->name != NULL;
		row++) {
		if (strcmp(row->name, "spool-directory") == 0) {
			return option_text(&inv->options, row->name);
		}
	}
	return NULL;
}

/* The places to try, in their order. Returns how many. */
static size_t find_places(const struct invocation *inv, struct place places[SPOOL_PLACES_MAX]) {
	const char *option = given_option(inv), *variable = getenv("CODEGEN_SPOOL");
	const char *path = option != NULL && option[0] != '\0' ? option : variable;
	size_t n = 0;

	if (path != NULL && path[0] != '\0') {
		places[0] = (struct place){ .given = true };
		return TEXT_SET(places[0].path, path) ? 1 : 0;
	}
	if (!option_flag(&inv->globals, "user")) {
		places[n] = (struct place){ 0 };
		n += address_spool_dir(NULL, false, places[n].path, ADDRESS_PATH_MAX) == 0;
	}
	places[n] = (struct place){ .own = true };
	n += address_spool_dir(NULL, true, places[n].path, ADDRESS_PATH_MAX) == 0;
	return n;
}

size_t spool_places(const struct invocation *inv, char paths[SPOOL_PLACES_MAX][ADDRESS_PATH_MAX]) {
	struct place places[SPOOL_PLACES_MAX];
	size_t n = find_places(inv, places);

	for (size_t i = 0; i < n; i++) {
		(void)text_copy(paths[i], ADDRESS_PATH_MAX, places[i].path);
	}
	return n;
}

/* Whether the directory holds as much as it may. One that cannot be listed is not counted: see the manual. */
static bool holds_too_much(int dir_fd) {
	_cleanup_(closedirp) DIR *dir = NULL;
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t n_files = 0, n_bytes = 0, n_entries = 0;
	struct dirent *entry;
	struct stat st;

	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		fd_close(fd);
		return false;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)) {
			n_files++;
			n_bytes += (uint64_t)st.st_size;
		}
		if (++n_entries >= 2 * SPOOL_FILES_MAX || n_files >= SPOOL_FILES_MAX ||
			n_bytes >= SPOOL_BYTES_MAX) {
			return true;
		}
	}
	return false;
}

/* Whether the rest of the machine would miss the space. */
static bool disk_is_short(int dir_fd, size_t len) {
	struct statvfs fs;
	uint64_t kept, left;

	if (fstatvfs(dir_fd, &fs) < 0 || fs.f_blocks == 0) {
		return false;
	}
	kept = (uint64_t)fs.f_blocks / 100 * CLIENT_SPOOL_FREE_PERCENT;
	left = (uint64_t)fs.f_bavail;
	return left * fs.f_frsize < kept * fs.f_frsize + len;
}

static int write_content(int fd, mode_t mode, const char *text, size_t len) {
	int r = fchmod(fd, mode) < 0 ? -errno : fd_write_all(fd, text, len);

	return r < 0 ? r : fsync(fd) < 0 ? -errno : 0;
}

/*
 * A file that has no name before it is whole. Returns: 0; -EOPNOTSUPP, this file system or process cannot do that.
 */
static int write_unnamed(int dir_fd, const char *name, mode_t mode, const char *text, size_t len) {
	_cleanup_(fd_closep) int fd = openat(dir_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	char self[FD_PATH_MAX];
	int r;

	if (fd < 0) {
		return errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT
			? -EOPNOTSUPP
			: -errno;
	}
	r = write_content(fd, mode, text, len);
	if (r < 0) {
		return r;
	}
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, self, dir_fd, name, AT_SYMLINK_FOLLOW) < 0) {
		return -EOPNOTSUPP;
	}
	/* Of a directory that may not be listed only the file can be synced; that takes its new name along. */
	return fsync(fd) < 0 ? -errno : 0;
}

static int write_renamed(int dir_fd, const char *name, mode_t mode, const char *text, size_t len) {
	_cleanup_(fd_closep) int fd = -1;
	char temporary[NAME_MAX_BYTES + 1];
	int r;

	(void)text_format(temporary, sizeof(temporary), SPOOL_TEMPORARY "%s", name);
	fd = openat(dir_fd, temporary, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0) {
		return -errno;
	}
	r = write_content(fd, mode, text, len);
	if (r == 0 && renameat(dir_fd, temporary, dir_fd, name) < 0) {
		r = -errno;
	}
	if (r < 0) {
		(void)unlinkat(dir_fd, temporary, 0);
		return r;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static void sync_dir(int dir_fd) {
	_cleanup_(fd_closep) int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)fsync(fd);
	}
}

/* The spool's group is the daemon's where new files inherit it; elsewhere the file is its owner's alone. */
static int write_into(int dir_fd, const char *name, const char *text, size_t len) {
	struct stat st;
	mode_t mode;
	int r;

	if (fstat(dir_fd, &st) < 0) {
		return -errno;
	}
	mode = (st.st_mode & S_ISGID) != 0 ? 0640 : 0600;
	if (holds_too_much(dir_fd)) {
		return -EDQUOT;
	}
	if (disk_is_short(dir_fd, len)) {
		return -ENOSPC;
	}
	r = write_unnamed(dir_fd, name, mode, text, len);
	if (r == -EOPNOTSUPP) {
		r = write_renamed(dir_fd, name, mode, text, len);
	}
	if (r == 0) {
		sync_dir(dir_fd);
	}
	return r;
}

static int write_at(const struct place *place, const char *name, const char *text, size_t len) {
	_cleanup_(fd_closep) int fd = -1;
	int r = place->own ? fd_make_dirs(place->path, 0700) : 0;

	if (r < 0) {
		return r;
	}
	/* O_PATH: it may be one that may be entered and not listed. */
	fd = open(place->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : write_into(fd, name, text, len);
	/* The directory is there: what cannot be made in it may not be, as in /proc. */
	return fd >= 0 && r == -ENOENT ? -EPERM : r;
}

static const char *problem(int status) {
	switch (-status) {
	case EACCES:
	case EPERM: return "it may not be written to";
	case EDQUOT: return "it is full";
	case ENOENT: return "it does not exist";
	case ENOSPC: return "its disk is full";
	case ENOTDIR: return "it is no directory";
	case EROFS: return "it is on a read-only file system";
	default: return strerrordesc_np(-status);
	}
}

/* Whether another place may be better. A full one is not left: its daemon would never see the rest. */
static bool is_unusable(int status) {
	return status == -ENOENT || status == -ENOTDIR || status == -EACCES || status == -EPERM ||
		status == -EROFS;
}

static char *make_text(const json_t *parameters, size_t *ret_len) {
	char now[CLOCK_TEXT_MAX];
	json_t *document =
		json_pack("{s:i, s:s, s:O, s:s}", "version", SPOOL_VERSION, "method", SPOOL_METHOD,
			"parameters", parameters, "spooledAt", clock_format(clock_now_ms(), now));
	char *text = document != NULL ? json_memory_dump(document, JSON_COMPACT) : NULL;

	json_decref(document);
	if (text != NULL) {
		*ret_len = strlen(text);
	}
	return text;
}

int spool_write(const struct invocation *inv, const json_t *parameters, char path[ADDRESS_PATH_MAX],
	char *sentence) {
	_cleanup_(freep) char *text = NULL;
	struct place places[SPOOL_PLACES_MAX];
	char name[NAME_MAX_BYTES];
	size_t n = find_places(inv, places), len = 0, i = 0;
	uint64_t random = (uint64_t)clock_mono_us() ^ (uint64_t)getpid() << 32;
	int r;

	if (n == 0) {
		(void)text_format(sentence, CLIENT_SENTENCE_MAX, "no spool directory is known");
		return -ENOENT;
	}
	text = make_text(parameters, &len);
	if (text == NULL || len > SPOOL_FILE_MAX_BYTES) {
		(void)text_format(sentence, CLIENT_SENTENCE_MAX, "%s",
			text == NULL ? "out of memory" : "it is too long for the spool");
		return text == NULL ? -ENOMEM : -EFBIG;
	}
	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	spool_name(json_text(parameters, "key"), random, name, sizeof(name));
	do {
		r = write_at(&places[i], name, text, len);
	} while (is_unusable(r) && ++i < n);
	i = MIN(i, n - 1);
	if (r == 0) {
		(void)text_copy(sentence, CLIENT_SENTENCE_MAX,
			places[i].own ? "this user's own daemon" : "the daemon");
		r = address_join(path, ADDRESS_PATH_MAX, places[i].path, name);
	}
	if (r < 0) {
		(void)text_format(sentence, CLIENT_SENTENCE_MAX,
			"the spool directory \"%.300s\": %s", places[i].path, problem(r));
	}
	return r;
}

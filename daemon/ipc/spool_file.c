#include "daemon/ipc/spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/frame.h"
#include "common/spool_format.h"
#include "common/text.h"

#define REJECTED_SUFFIX ".rejected"
#define NAME_ROOM 256
#define NAME_KEPT 200 /* of a name that gets a suffix */

enum spool_kind spool_file_kind(const char *name) {
	static const struct {
		const char *suffix;
		enum spool_kind kind;
	} suffixes[] = { { SPOOL_SUFFIX, SPOOL_ENTRY_FILE },
		{ REJECTED_SUFFIX, SPOOL_ENTRY_REJECTED } };
	size_t len = strlen(name);
	bool hidden = strncmp(name, SPOOL_TEMPORARY, strlen(SPOOL_TEMPORARY)) == 0;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t suffix_len = strlen(suffixes[i].suffix);

		if (len > suffix_len && strcmp(name + len - suffix_len, suffixes[i].suffix) == 0) {
			return !hidden				       ? suffixes[i].kind
				: suffixes[i].kind == SPOOL_ENTRY_FILE ? SPOOL_ENTRY_TEMPORARY
								       : SPOOL_ENTRY_OTHER;
		}
	}
	return SPOOL_ENTRY_OTHER;
}

void spool_file_finish(struct spool_file *file) {
	json_decref(file->parameters);
	file->parameters = NULL;
}

static int wrong(char *ret_sentence, const char *what) {
	(void)text_copy(ret_sentence, LIMIT_SENTENCE_MAX, what);
	return -EINVAL;
}

static int64_t time_ms(const struct timespec *time) {
	return (int64_t)time->tv_sec * CLOCK_SECOND_MS + time->tv_nsec / 1000000;
}

/* The checks of a message: bounded depth, UTF-8, no member twice. */
static int parse_object(const char *text, size_t len, json_t **ret_object) {
	struct frame_reader reader;
	int r = memchr(text, '\0', len) != NULL ? -EPROTO : 0;

	if (r < 0) {
		return r;
	}
	frame_reader_init(&reader, SPOOL_FILE_MAX_BYTES + 1, PROTOCOL_DEPTH_MAX);
	/* The NUL behind the text ends the message. */
	for (size_t done = 0; r == 0 && done < len + 1;) {
		size_t room = 0;
		char *space = frame_reader_space(&reader, len + 1 - done, &room);

		room = MIN(room, len + 1 - done);
		if (space == NULL) {
			r = -ENOMEM;
			break;
		}
		memcpy(space, text + done, room);
		frame_reader_filled(&reader, room);
		done += room;
		r = frame_reader_next(&reader, ret_object);
	}
	frame_reader_finish(&reader);
	return r == 1 ? 0 : r == 0 ? -EPROTO : r;
}

static int check_document(const json_t *document, char *ret_sentence) {
	const char *method = json_string_value(json_object_get(document, "method"));
	const json_t *version = json_object_get(document, "version");

	if (!json_is_integer(version)) {
		return wrong(ret_sentence, "has no version");
	}
	if (json_integer_value(version) != SPOOL_VERSION) {
		return wrong(ret_sentence, "is of a version this daemon does not know");
	}
	if (method == NULL || strcmp(method, SPOOL_METHOD) != 0) {
		return wrong(ret_sentence, "asks for another method than " SPOOL_METHOD);
	}
	if (!json_is_object(json_object_get(document, "parameters"))) {
		return wrong(ret_sentence, "has no parameters");
	}
	return 0;
}

int spool_file_parse(const char *text, size_t len, int64_t modified_ms, int64_t now_ms,
	struct spool_file *ret_file, char *ret_sentence) {
	json_t *document = NULL;
	const char *spooled;
	int64_t at_ms = modified_ms;
	int r = parse_object(text, len, &document);

	if (r == -ENOMEM) {
		return r;
	}
	if (r < 0) {
		return wrong(ret_sentence,
			r == -ELOOP ? "is nested too deep" : "is no JSON object as it should be");
	}
	r = check_document(document, ret_sentence);
	spooled = json_string_value(json_object_get(document, "spooledAt"));
	if (r == 0 && spooled != NULL) {
		(void)!clock_parse(spooled, &at_ms);
	}
	at_ms = MIN(at_ms, now_ms);
	if (r == 0 && at_ms < now_ms - LIMIT_SPOOL_AGE_MS) {
		r = -ESTALE;
	}
	if (r == 0) {
		ret_file->at_ms = at_ms;
		ret_file->parameters = json_incref(json_object_get(document, "parameters"));
	}
	json_decref(document);
	return r;
}

/* Opening a device or a FIFO could do something already: looked at first, and again when it is open. */
static int check_kind(const struct stat *st, char *ret_sentence) {
	if (!S_ISREG(st->st_mode)) {
		return wrong(ret_sentence, "is no regular file");
	}
	if (st->st_nlink > 1) {
		return wrong(
			ret_sentence, "has a second name, so its owner may not be who submits it");
	}
	if (st->st_size > SPOOL_FILE_MAX_BYTES) {
		return wrong(ret_sentence, "is too long");
	}
	return 0;
}

static int open_file(
	int dir_fd, const char *name, struct stat *ret_stat, int *ret_fd, char *ret_sentence) {
	_cleanup_(fd_closep) int fd = -1;
	int r;

	if (fstatat(dir_fd, name, ret_stat, AT_SYMLINK_NOFOLLOW) < 0) {
		return -errno;
	}
	r = check_kind(ret_stat, ret_sentence);
	if (r < 0) {
		return r;
	}
	fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0) {
		return errno == EACCES || errno == EPERM || errno == ELOOP
			? wrong(ret_sentence, "may not be read by this daemon")
			: -errno;
	}
	if (fstat(fd, ret_stat) < 0) {
		return -errno;
	}
	r = check_kind(ret_stat, ret_sentence);
	if (r == 0) {
		*ret_fd = fd;
		fd = -1;
	}
	return r;
}

int spool_file_read(int dir_fd, const char *name, int64_t now_ms, struct spool_file *ret_file,
	char *ret_sentence) {
	_cleanup_(fd_closep) int fd = -1;
	_cleanup_(freep) char *text = NULL;
	struct stat st;
	size_t len = 0;
	int r = open_file(dir_fd, name, &st, &fd, ret_sentence);

	if (r < 0) {
		return r;
	}
	r = fd_read_all(fd, SPOOL_FILE_MAX_BYTES, &text, &len);
	if (r < 0) {
		return r == -EFBIG ? wrong(ret_sentence, "is too long") : r;
	}
	ret_file->device = st.st_dev;
	ret_file->inode = st.st_ino;
	ret_file->uid = st.st_uid;
	return spool_file_parse(text, len, time_ms(&st.st_mtim), now_ms, ret_file, ret_sentence);
}

int spool_file_remove(int dir_fd, const char *name, const struct spool_file *file) {
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (st.st_dev != file->device || st.st_ino != file->inode) {
		return 0;
	}
	return unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int move(int dir_fd, const char *name, int target_fd, const char *target) {
	if (renameat2(dir_fd, name, target_fd, target, RENAME_NOREPLACE) == 0) {
		return 0;
	}
	return -errno;
}

int spool_file_reject(int dir_fd, int rejected_fd, const char *name) {
	const char *suffix = rejected_fd < 0 ? REJECTED_SUFFIX : "";
	char target[NAME_ROOM];
	int r;

	(void)snprintf(target, sizeof(target), "%.*s%s",
		rejected_fd < 0 ? NAME_KEPT : NAME_ROOM - 1, name, suffix);
	r = move(dir_fd, name, rejected_fd < 0 ? dir_fd : rejected_fd, target);
	if (r == -EEXIST) {
		(void)snprintf(target, sizeof(target), "%.*s.%" PRIx64 "%s", NAME_KEPT, name,
			(uint64_t)clock_mono_us(), suffix);
		r = move(dir_fd, name, rejected_fd < 0 ? dir_fd : rejected_fd, target);
	}
	/* Another file system is mounted there, or a directory that is not ours to move: beside it then. */
	return r < 0 && r != -ENOENT && rejected_fd >= 0 ? spool_file_reject(dir_fd, -1, name) : r;
}

int spool_file_expire(int dir_fd, const char *name, int64_t now_ms) {
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (MAX(time_ms(&st.st_mtim), time_ms(&st.st_ctim)) >= now_ms - LIMIT_SPOOL_AGE_MS) {
		return 0;
	}
	return unlinkat(dir_fd, name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0) < 0 ? -errno : 1;
}

#include "daemon/ipc/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/ipc/spool_file.h"
#include "daemon/ipc/spool_internal.h"

#define REJECTED_DIR "../rejected"

void spool_retry_later(struct spool *spool, int status) {
	if (spool->failed) {
		return; /* another file of the same look */
	}
	spool->failed = true;
	if (spool->backoff_ms == 0) {
		log_warning("The spool \"%s\" has to wait: %s.", spool->path, log_errno(status));
	}
	spool->backoff_ms = spool->backoff_ms == 0
		? LIMIT_SPOOL_RETRY_FIRST_MS
		: MIN(2 * spool->backoff_ms, (int64_t)LIMIT_SPOOL_RETRY_MAX_MS);
	if (spool->look != NULL) {
		closedir(spool->look);
		spool->look = NULL;
	}
	spool->n_names = spool->next = 0;
	spool->n_waited = MAX(spool->n_waiting, (size_t)1);
}

static void expire(struct spool *spool, const char *name) {
	int r = spool_file_expire(spool->dir_fd, name, clock_now_ms());

	if (r == 1) {
		log_notice("Removed \"%s\" from the spool \"%s\": it was there for more than 7 days.",
			name, spool->path);
	}
}

static int name_compare(const void *a, const void *b) {
	return strcmp(a, b);
}

/* The next names to take, oldest key first. Returns whether the end was reached. */
static bool read_slice(struct spool *spool) {
	size_t n_seen = 0;
	struct dirent *entry = NULL;

	spool->n_names = spool->next = 0;
	while (spool->n_names < LIMIT_SPOOL_SLICE && n_seen < LIMIT_SPOOL_ENTRIES &&
		(entry = readdir(spool->look)) != NULL) {
		enum spool_kind kind = spool_file_kind(entry->d_name);

		n_seen++;
		if (kind == SPOOL_ENTRY_FILE && !spool_is_stuck(spool, entry->d_ino)) {
			(void)TEXT_SET(spool->names[spool->n_names], entry->d_name);
			spool->n_names++;
		} else if (kind == SPOOL_ENTRY_TEMPORARY || kind == SPOOL_ENTRY_REJECTED) {
			expire(spool, entry->d_name);
		}
	}
	qsort(spool->names, spool->n_names, sizeof(spool->names[0]), name_compare);
	spool->n_waiting += spool->n_names;
	return entry == NULL && n_seen < LIMIT_SPOOL_ENTRIES;
}

static void close_dir(struct spool *spool) {
	if (spool->look != NULL) {
		closedir(spool->look);
		spool->look = NULL;
	}
	if (spool->watching) {
		uv_fs_event_stop(&spool->event);
		spool->watching = false;
	}
	spool->dir_fd = fd_close(spool->dir_fd);
	spool->rejected_fd = fd_close(spool->rejected_fd);
	spool->n_names = spool->next = spool->n_stuck = 0;
}

static void look_again(struct spool *spool) {
	spool->again = true;
	if (spool->look == NULL && spool->n_jobs == 0 && !spool->failed && !spool->closing) {
		spool_step(spool);
	}
}

static void event_seen(uv_fs_event_t *handle, const char *name, int events, int status) {
	(void)name;
	(void)events;
	(void)status;
	look_again(handle->data);
}

/* A directory for what is set aside, made by whoever installed us; never one of somebody else's. */
static int open_rejected(int dir_fd) {
	int fd = openat(dir_fd, REJECTED_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022) != 0)) {
		fd = fd_close(fd);
	}
	return fd;
}

static bool is_same_dir(const struct spool *spool) {
	struct stat now, then;

	return spool->dir_fd >= 0 && stat(spool->path, &now) == 0 &&
		fstat(spool->dir_fd, &then) == 0 && now.st_dev == then.st_dev &&
		now.st_ino == then.st_ino;
}

static void say_unusable(struct spool *spool, int status) {
	enum log_level missing = spool->is_asked_for ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;

	if (!spool->said_missing) {
		log_write(status == -ENOENT ? missing : LOG_LEVEL_WARNING,
			"No submissions are taken from the spool \"%s\": %s.", spool->path,
			log_errno(status));
	}
	spool->said_missing = true;
}

static void watch(struct spool *spool) {
	int r = uv_fs_event_start(&spool->event, event_seen, spool->path, 0);

	spool->watching = r == 0;
	if (r < 0) {
		log_warning("The spool \"%s\" cannot be watched, looking at it once a minute: %s.",
			spool->path, log_errno(r));
	}
}

/* Opens and watches the directory, anew when it was replaced. Returns whether it is there. */
static bool open_dir(struct spool *spool) {
	if (is_same_dir(spool)) {
		return true;
	}
	close_dir(spool);
	spool->dir_fd = open(spool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool->dir_fd < 0) {
		say_unusable(spool, -errno);
		return false;
	}
	spool->said_missing = false;
	spool->rejected_fd = open_rejected(spool->dir_fd);
	watch(spool);
	return true;
}

static void begin_look(struct spool *spool) {
	int fd;

	spool->again = spool->failed = false;
	spool->looked_us = clock_mono_us();
	spool->n_taken_before = spool->n_taken;
	spool->n_lines = spool->n_unlogged = spool->n_waiting = spool->n_passed_over = 0;
	if (spool->looked_us >= spool->full_until_us) {
		spool->n_full = 0;
	}
	if (!open_dir(spool)) {
		spool->n_waited = 0;
		return;
	}
	fd = openat(spool->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	spool->look = fd >= 0 ? fdopendir(fd) : NULL;
	if (spool->look == NULL) {
		int error = errno;

		fd_close(fd);
		spool_retry_later(spool, -error);
	}
}

static void end_look(struct spool *spool) {
	closedir(spool->look);
	spool->look = NULL;
	spool->n_waited = spool->n_stuck + spool->n_passed_over;
	spool->backoff_ms = 0;
	if (spool->n_passed_over > 0 && !spool->said_full) {
		log_warning("%zu submissions stay in the spool \"%s\": what their users reported is under "
			    "repair in as many incidents as max-pending-per-user allows.",
			spool->n_passed_over, spool->path);
	}
	spool->said_full = spool->n_passed_over > 0;
	if (spool->n_unlogged > 0) {
		log_warning("%zu further spooled submissions were set aside.", spool->n_unlogged);
	}
	if (spool->n_taken > spool->n_taken_before) {
		log_info("Took %llu spooled submissions.",
			(unsigned long long)(spool->n_taken - spool->n_taken_before));
	}
}

static void timer_fired(uv_timer_t *timer) {
	struct spool *spool = timer->data;

	if (spool->look == NULL && spool->n_jobs == 0 && !spool->closing) {
		begin_look(spool);
	}
	spool_step(spool);
}

static void spool_finished(struct spool *spool) {
	if (spool->closing && spool->n_jobs == 0 && spool->n_handles == 0 && spool->closed != NULL) {
		void (*closed)(void *user) = TAKE_PTR(spool->closed);

		closed(spool->closed_user);
	}
}

static void wake_at(struct spool *spool, int64_t mono_us) {
	int64_t wait_ms = (mono_us - clock_mono_us() + 999) / 1000;

	uv_timer_start(&spool->timer, timer_fired, (uint64_t)MAX(wait_ms, INT64_C(0)), 0);
}

/* What is to be done next, and when. Never more than LIMIT_SPOOL_JOBS files in one turn of the loop. */
void spool_step(struct spool *spool) {
	if (spool->closing) {
		spool_finished(spool);
		return;
	}
	for (size_t n = 0; n < LIMIT_SPOOL_JOBS && spool->next < spool->n_names &&
		spool->n_jobs < LIMIT_SPOOL_JOBS;
		n++) {
		spool_take(spool, spool->names[spool->next++]);
	}
	if (spool->n_jobs > 0) {
		return;
	}
	if (spool->look != NULL && spool->next >= spool->n_names && read_slice(spool) &&
		spool->n_names == 0) {
		end_look(spool);
	}
	if (spool->look != NULL) {
		uv_timer_start(&spool->timer, timer_fired, 0, 0);
	} else if (spool->failed) {
		uv_timer_start(&spool->timer, timer_fired, (uint64_t)spool->backoff_ms, 0);
	} else if (spool->again) {
		wake_at(spool, spool->looked_us + LIMIT_SPOOL_PAUSE_MS * 1000);
	} else if (spool->n_full > 0) {
		wake_at(spool, spool->full_until_us);
	} else if (spool->dir_fd >= 0 && !spool->watching) {
		uv_timer_start(&spool->timer, timer_fired, LIMIT_SPOOL_UNWATCHED_MS, 0);
	}
}

void spool_look(struct spool *spool) {
	spool->n_full = 0; /* the configuration may give them a larger share now */
	look_again(spool);
}

/* Opening and closing */

int spool_open(const struct spool_options *options, struct spool **ret_spool) {
	struct spool *spool = calloc(1, sizeof(*spool));

	if (spool == NULL) {
		return -ENOMEM;
	}
	if (!TEXT_SET(spool->path, options->dir)) {
		free(spool);
		return -ENAMETOOLONG;
	}
	spool->loop = options->loop;
	spool->engine = options->engine;
	spool->is_asked_for = options->is_asked_for;
	spool->is_shared = options->is_shared;
	spool->dir_fd = spool->rejected_fd = -1;
	(void)uv_fs_event_init(spool->loop, &spool->event);
	(void)uv_timer_init(spool->loop, &spool->timer);
	spool->event.data = spool->timer.data = spool;
	spool->n_handles = 2;
	spool_look(spool);
	*ret_spool = spool;
	return 0;
}

/* While nothing is taken more come, and the next look is minutes away. */
static size_t count_files(const struct spool *spool) {
	int fd = openat(spool->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	size_t n = 0;

	if (dir == NULL) {
		fd_close(fd);
		return spool->n_waited;
	}
	for (size_t i = 0; i < LIMIT_SPOOL_ENTRIES && (entry = readdir(dir)) != NULL; i++) {
		n += spool_file_kind(entry->d_name) == SPOOL_ENTRY_FILE ? 1 : 0;
	}
	closedir(dir);
	return n;
}

static size_t count_waiting(const struct spool *spool) {
	if (spool->failed) {
		return count_files(spool);
	}
	return spool->look != NULL ? spool->n_names - spool->next + spool->n_jobs : spool->n_waited;
}

json_t *spool_to_json(const struct spool *spool) {
	return json_pack("{s:s, s:I, s:I, s:I}", "directory", spool->path, "taken",
		(json_int_t)spool->n_taken, "rejected", (json_int_t)spool->n_rejected, "waiting",
		(json_int_t)count_waiting(spool));
}

bool spool_is_shared(const struct spool *spool) {
	return spool->is_shared;
}

size_t spool_held(const struct spool *spool) {
	return spool->n_passed_over;
}

static void handle_closed(uv_handle_t *handle) {
	struct spool *spool = handle->data;

	spool->n_handles--;
	spool_finished(spool);
}

void spool_close(struct spool *spool, void (*closed)(void *user), void *user) {
	spool->closing = true;
	spool->closed = closed;
	spool->closed_user = user;
	spool->n_names = spool->next = 0;
	if (spool->look != NULL) {
		closedir(spool->look);
		spool->look = NULL;
	}
	uv_close((uv_handle_t *)&spool->event, handle_closed);
	uv_close((uv_handle_t *)&spool->timer, handle_closed);
}

void spool_destroy(struct spool *spool) {
	if (spool == NULL) {
		return;
	}
	fd_close(spool->dir_fd);
	fd_close(spool->rejected_fd);
	free(spool);
}

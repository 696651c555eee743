/* One file of the spool: its way into the store, or aside. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/ipc/interface.h"
#include "daemon/ipc/params.h"
#include "daemon/ipc/spool_file.h"
#include "daemon/ipc/spool_internal.h"
#include "daemon/ipc/submit_check.h"
#include "daemon/ipc/submitters.h"
#include "daemon/metrics.h"

/* One file on its way into the store. */
struct spool_job {
	struct submit_params params;
	struct spool *spool;
	struct spool_file file;
	char name[SPOOL_NAME_MAX];
};

bool spool_is_stuck(const struct spool *spool, ino_t inode) {
	for (size_t i = 0; i < spool->n_stuck; i++) {
		if (spool->stuck[i] == inode) {
			return true;
		}
	}
	return false;
}

/* Left where it is, and not looked at again by this daemon. */
static void leave_alone(struct spool *spool, const char *name, const char *what, int status) {
	struct stat st;

	log_error("Cannot %s \"%s\" in the spool \"%s\": %s; leaving it there.", what, name,
		spool->path, log_errno(status));
	if (spool->n_stuck < LIMIT_SPOOL_STUCK &&
		fstatat(spool->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		spool->stuck[spool->n_stuck++] = st.st_ino;
	}
}

/* `project`: of the submission; NULL: it is not known. */
static void reject(struct spool *spool, const char *name, const char *project, const char *why) {
	int r = spool_file_reject(spool->dir_fd, spool->rejected_fd, name);

	if (r < 0 && r != -ENOENT) {
		leave_alone(spool, name, "set aside the unusable file", r);
		return;
	}
	spool->n_rejected++;
	metrics_count(METRIC_SPOOL_REJECTED, 0);
	if (spool->n_lines++ < LIMIT_SPOOL_LINES) {
		size_t len = strlen(why);

		log_about(&(struct log_about){ .project = project }, LOG_LEVEL_WARNING,
			"The spooled submission \"%s\" was set aside: %.*s.", name,
			(int)(len > 0 && why[len - 1] == '.' ? len - 1 : len), why);
	} else {
		spool->n_unlogged++;
	}
}

static const struct ipc_method *submit_method(void) {
	size_t i = 0;

	while (strcmp(methods_interface.methods[i].name, "Submit") != 0) {
		i++;
	}
	return &methods_interface.methods[i];
}

/* What ends by itself. Anything else would stand in the way of all others again and again. */
static bool is_passing(int status) {
	static const int statuses[] = { -EAGAIN, -EIO, -EMFILE, -ENFILE, -ENOMEM, -ENOSPC, -EROFS,
		-ESHUTDOWN };

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		if (status == statuses[i]) {
			return true;
		}
	}
	return false;
}

/* Users beyond their share */

static bool is_full(const struct spool *spool, uid_t uid) {
	for (size_t i = 0; i < spool->n_full; i++) {
		if (spool->full[i] == uid) {
			return true;
		}
	}
	return false;
}

/* Its files wait, those of others do not; unless there are so many such users that all wait. */
static void put_off(struct spool *spool, uid_t uid) {
	spool->n_passed_over++;
	if (is_full(spool, uid)) {
		return;
	}
	if (spool->n_full == LIMIT_SPOOL_FULL_USERS) {
		spool_retry_later(spool, -EDQUOT);
		return;
	}
	if (spool->n_full == 0) {
		spool->full_until_us = clock_mono_us() + LIMIT_SPOOL_FULL_MS * 1000;
	}
	spool->full[spool->n_full++] = uid;
}

/* Not even read, which would cost as much as taking it. */
static bool is_passed_over(const struct spool *spool, const char *name) {
	struct stat st;

	return spool->n_full > 0 && fstatat(spool->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		is_full(spool, st.st_uid);
}

static void job_destroy(struct spool_job *job) {
	const struct ipc_method *method = submit_method();

	engine_submit_finish(&job->params.submit);
	jfield_finish(method->fields, method->n_fields, &job->params);
	spool_file_finish(&job->file);
	free(job);
}

static void job_ended(struct spool_job *job, int status) {
	struct spool *spool = job->spool;
	int r;

	spool->n_jobs--;
	if (status == 0) {
		spool->n_taken++;
		metrics_count(METRIC_SUBMISSIONS, METRIC_BY_SPOOL);
		r = spool_file_remove(spool->dir_fd, job->name, &job->file);
		if (r < 0) {
			leave_alone(spool, job->name, "remove the submission", r);
		}
	} else if (status == -EDQUOT) {
		put_off(spool, job->file.uid);
	} else if (is_passing(status)) {
		spool_retry_later(spool, status);
	} else {
		reject(spool, job->name, job->params.submit.report.project,
			job->params.submit.sentence[0] != '\0' ? job->params.submit.sentence
							       : log_errno(status));
	}
	job_destroy(job);
}

static void job_committed(struct engine_submit *submit, int status) {
	struct submit_params *params = container_of(submit, struct submit_params, submit);
	struct spool_job *job = container_of(params, struct spool_job, params);
	struct spool *spool = job->spool;

	job_ended(job, status);
	spool_step(spool);
}

/* From the file's parameters to the engine's part, as dispatch.c and on_submit() do it for a call. */
static int job_decode(struct spool_job *job, char *sentence) {
	const struct ipc_method *method = submit_method();
	struct submit_refusal refusal = { 0 };
	const char *field = NULL;
	int r;

	method->preset(&job->params);
	r = jfield_decode(
		job->file.parameters, method->fields, method->n_fields, &job->params, &field);
	/* The store's thread gets values of it: nobody else may count their references. */
	spool_file_finish(&job->file);
	if (r == -EINVAL) {
		(void)text_format(sentence, LIMIT_SENTENCE_MAX,
			"the parameter \"%s\" is missing, too long or of the wrong type", field);
		return r;
	}
	r = r < 0 ? r : submit_check(&job->params, &refusal);
	(void)text_copy(sentence, LIMIT_SENTENCE_MAX, refusal.sentence);
	return r;
}

static void job_start(struct spool_job *job) {
	struct spool *spool = job->spool;
	char sentence[LIMIT_SENTENCE_MAX] = "";
	int r = job_decode(job, sentence);

	spool->n_jobs++;
	if (r < 0) {
		TEXT_SET(job->params.submit.sentence, sentence);
		job_ended(job, r);
		return;
	}
	job->params.submit.report.at_ms = job->file.at_ms;
	job->params.submit.report.submitter_uid = (int64_t)job->file.uid;
	r = submitters_check(engine_config(spool->engine), job->params.submit.report.project,
		job->file.uid, NULL, job->params.submit.sentence);
	if (r == 0) {
		r = engine_submit(spool->engine, &job->params.submit, job_committed);
	}
	if (r < 0) {
		job_ended(job, r);
	}
}

void spool_take(struct spool *spool, const char *name) {
	char sentence[LIMIT_SENTENCE_MAX] = "", why[LIMIT_SENTENCE_MAX + 16];
	struct spool_job *job;
	int r;

	if (is_passed_over(spool, name)) {
		spool->n_passed_over++;
		return;
	}
	job = calloc(1, sizeof(*job));
	r = job == NULL ? -ENOMEM
			: spool_file_read(spool->dir_fd, name, clock_now_ms(), &job->file, sentence);
	if (r == 0) {
		job->spool = spool;
		(void)TEXT_SET(job->name, name);
		job_start(job);
		return;
	}
	free(job);
	if (r == -ENOENT) {
		return;
	}
	/* A file that its disk cannot give is no reason for the others to wait. */
	if (is_passing(r) && r != -EIO) {
		spool_retry_later(spool, r);
		return;
	}
	(void)text_format(why, sizeof(why), "the file %s",
		r == -ESTALE	       ? "waited for more than 7 days"
			: r == -EINVAL ? sentence
				       : log_errno(r));
	reject(spool, name, NULL, why);
}

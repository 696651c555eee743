/* The forge without a forge: reports become files in the state directory, builds that CI reported are the truth. */
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buffer.h"
#include "common/fd.h"
#include "common/id.h"
#include "common/log.h"
#include "common/redact/redact.h"
#include "common/text.h"
#include "daemon/forge/body.h"
#include "daemon/forge/internal.h"
#include "daemon/forge/readiness.h"

#define LOCAL_DIR "published"
#define LOCAL_DIR_MODE 0750
#define LOCAL_FILE_MODE 0640

/*
 * One publish, on a worker thread because of the fsync. The worker reads what the publish borrows; nobody changes it
 * meanwhile.
 */
struct local_write {
	uv_work_t work;
	struct forge_publish *publish;
	char *dir;
	char *path; /* NULL: nothing is to be written */
	int status;
	const char *secret; /* the kind of secret that keeps it from being posted; NULL: none */
	char url[LIMIT_URL_MAX];
};

static void local_write_destroy(struct local_write *write) {
	if (write == NULL) {
		return;
	}
	free(write->dir);
	free(write->path);
	free(write);
}
DEFINE_CLEANUP(struct local_write *, local_write_destroy);

/* RFC 8089: file:// and the absolute path, percent-encoded. Returns: 0; -ENAMETOOLONG. */
static int file_url(const char *path, char *out, size_t size) {
	static const char plain[] = "/-._~";
	struct buffer url;
	int r;

	buffer_init(&url, size - 1);
	r = buffer_append_str(&url, "file://");
	for (; r == 0 && *path != '\0'; path++) {
		unsigned char c = (unsigned char)*path;

		r = (isascii(c) && isalnum(c)) || strchr(plain, c) != NULL
			? buffer_append(&url, path, 1)
			: buffer_appendf(&url, "%%%02X", c);
	}
	if (r == 0) {
		(void)text_copy(out, size, url.data);
	}
	buffer_finish(&url);
	return r == -EMSGSIZE ? -ENAMETOOLONG : r;
}

static int write_file(struct local_write *write) {
	const struct forge_publish *publish = write->publish;
	_cleanup_(buffer_finish) struct buffer body;
	int r;

	buffer_init(&body, LIMIT_BODY_MAX_BYTES);
	r = body_write(&body, publish->incident, publish->report, publish->task, publish->policy);
	if (r < 0) {
		return r;
	}
	if (redact_finds(body.data, body.len, &write->secret)) {
		return -EKEYREJECTED;
	}
	r = fd_write_file_atomic(write->path, body.data, body.len, LOCAL_FILE_MODE);
	if (r == -ENOENT) {
		/* It could not be made at the start, or somebody tidied up. */
		r = fd_make_dirs(write->dir, LOCAL_DIR_MODE);
		r = r < 0 ? r
			  : fd_write_file_atomic(write->path, body.data, body.len, LOCAL_FILE_MODE);
	}
	return r < 0 ? r : file_url(write->path, write->url, sizeof(write->url));
}

static void write_work(uv_work_t *work) {
	struct local_write *write = container_of(work, struct local_write, work);

	write->status = write->path != NULL ? write_file(write) : 0;
}

static void write_done(uv_work_t *work, int status) {
	_cleanup_(local_write_destroyp) struct local_write *write =
		container_of(work, struct local_write, work);
	struct forge_publish *publish = write->publish;

	status = status < 0 ? status : write->status;
	if (status == 0) {
		(void)TEXT_SET(publish->url, write->url);
	} else if (status == -EKEYREJECTED) {
		(void)text_format(publish->sentence, sizeof(publish->sentence),
			"Not posted: its text holds what looks like a secret (%s).", write->secret);
	} else {
		(void)text_format(publish->sentence, sizeof(publish->sentence),
			"The report could not be written to \"%s\": %s.", write->path,
			log_errno(status));
	}
	forge_publish_finish(publish, status);
}

int local_open(struct forge *forge, const struct forge_options *options) {
	_cleanup_(freep) char *dir = NULL;
	int r;

	if (asprintf(&dir, "%s/" LOCAL_DIR, forge->state_dir) < 0) {
		dir = NULL;
		return -ENOMEM;
	}
	r = fd_make_dirs(dir, LOCAL_DIR_MODE);
	if (r < 0) {
		log_warning("Cannot create directory \"%s\": %s, ignoring.", dir, log_errno(r));
	}
	return 0;
}

static int name_file(struct local_write *write, const struct forge *forge) {
	char id[ID_TEXT_MAX];

	if (asprintf(&write->dir, "%s/" LOCAL_DIR, forge->state_dir) < 0) {
		write->dir = NULL;
		return -ENOMEM;
	}
	(void)id_format(ID_INCIDENT, write->publish->incident->id, id);
	if (asprintf(&write->path, "%s/%s.md", write->dir, id) < 0) {
		write->path = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* News are read in `codegenctl`: nothing is written, and it is answered as whatever is. */
int local_publish(struct forge *forge, struct forge_publish *publish) {
	_cleanup_(local_write_destroyp) struct local_write *write = NULL;
	int r;

	assert(publish->incident != NULL && publish->incident->id > 0);
	assert(publish->report != NULL && publish->task != NULL && publish->policy != NULL);
	if (publish->purpose == FORGE_MENTION) {
		return -ENOTSUP; /* nobody reads it who could be asked */
	}
	write = calloc(1, sizeof(*write));
	if (write == NULL) {
		return -ENOMEM;
	}
	write->publish = publish;
	r = publish->purpose == FORGE_REPORT ? name_file(write, forge) : 0;
	if (r < 0) {
		return r;
	}
	r = uv_queue_work(forge->loop, &write->work, write_work, write_done);
	if (r < 0) {
		return r;
	}
	publish->state = TAKE_PTR(write);
	return 0;
}

void local_publish_cancel(struct forge_publish *publish) {
	struct local_write *write = publish->state;

	/* Fails when it runs already; then its own end is awaited. */
	(void)uv_cancel((uv_req_t *)&write->work);
}

int local_check(struct forge *forge, struct forge_check *check) {
	const struct readiness_local snapshot = {
		.builds = check->builds,
		.n_builds = check->n_builds,
		.incident = check->incident,
		.active_incidents = check->active_incidents,
		.n_active_incidents = check->n_active_incidents,
		.now_ms = check->now_ms,
	};

	readiness_judge_local(&snapshot, &check->verdict);
	forge_check_finish(check, 0);
	return 0;
}

#include "daemon/http.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "daemon/http_internal.h"
#include "daemon/metrics.h"

/* curl's memory: it holds what we sent, and what came back. */
static void wiping_free(void *data) {
	if (data) {
		explicit_bzero(data, malloc_usable_size(data));
		free(data);
	}
}

static void *wiping_realloc(void *data, size_t size) {
	void *larger = malloc(size);

	if (larger && data) {
		memcpy(larger, data, MIN(size, malloc_usable_size(data)));
		wiping_free(data);
	}
	return larger;
}

/* curl counts how often it was initialized. */
static int http_load(void) {
	return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc,
		       strdup, calloc) == CURLE_OK
		? 0
		: -ENOMEM;
}

/* Both files one after the other, in memory, where curl finds it by its path. */
static int http_join_ca(struct http *http, const char *extra_file, const char *usual_file) {
	_cleanup_(freep) char *extra = NULL;
	_cleanup_(freep) char *usual = NULL;
	size_t extra_len, usual_len = 0;
	int r = fd_read_file(extra_file, LIMIT_HTTP_CA_MAX_BYTES, &extra, &extra_len);

	if (r == 0 && usual_file) {
		r = fd_read_file(usual_file, LIMIT_HTTP_CA_MAX_BYTES, &usual, &usual_len);
	}
	if (r < 0 && (r != -ENOENT || !extra)) {
		return r;
	}
	http->ca_fd = memfd_create("certificates", MFD_CLOEXEC);
	if (http->ca_fd < 0) {
		return -errno;
	}
	r = fd_write_all(http->ca_fd, extra, extra_len);
	r = r < 0 ? r : fd_write_all(http->ca_fd, "\n", 1);
	r = r < 0 ? r : fd_write_all(http->ca_fd, usual ? usual : "", usual_len);
	(void)text_format(http->ca_path, sizeof(http->ca_path), "/proc/self/fd/%d", http->ca_fd);
	return r;
}

/*
 * What curl was built to trust, and the given file. By one file and never by curl's directory as well: only then does
 * curl keep what it parsed, instead of 20 ms of parsing for each connection.
 */
static int http_set_ca(struct http *http, const char *extra_file) {
	CURL *easy = curl_easy_init();
	const char *usual_file = NULL;
	int r = easy ? 0 : -ENOMEM;

	if (r == 0) {
		(void)curl_easy_getinfo(easy, CURLINFO_CAINFO, &usual_file);
	}
	if (r == 0 && extra_file) {
		r = http_join_ca(http, extra_file, usual_file);
	} else if (r == 0 && usual_file && access(usual_file, R_OK) == 0) {
		(void)TEXT_SET(http->ca_path, usual_file);
	}
	curl_easy_cleanup(easy);
	return r;
}

static int http_set_options(struct http *http, const struct http_options *options) {
	bool failed = false;

	if (options->proxy && *options->proxy) {
		if (!http_check_proxy(options->proxy)) {
			return -EINVAL;
		}
		http->proxy = text_dup(options->proxy, &failed);
	}
	http->no_proxy = text_dup(options->no_proxy, &failed);
	if (failed) {
		return -ENOMEM;
	}
	return http_set_ca(http, options->ca_file);
}

static void http_tear_down(struct http *http) {
	if (!http->torn_down) {
		http->torn_down = true;
		http_multi_close(http);
	}
}

/* Ends a request that is queued or in flight. */
static void http_drop(struct http_request *req) {
	http_explain(req, -ECANCELED, HTTP_LATE_NOT, NULL);
	if (req->state == HTTP_ACTIVE) {
		http_transfer_end(req);
	}
	http_finish(req, -ECANCELED);
}

static void http_drop_all(struct list *requests) {
	list_for_each_safe (node, requests) {
		http_drop(container_of(node, struct http_request, node));
	}
}

static void http_woken(uv_async_t *wake) {
	struct http *http = wake->data;
	bool closing = http->closing; /* when a `done` closes it, that has this run once more */

	if (closing) {
		http_drop_all(&http->queue);
		http_drop_all(&http->active);
	}
	http_deliver(http);
	if (closing) {
		http_tear_down(http);
	}
}

int http_open(uv_loop_t *loop, const struct http_options *options, struct http **ret_http) {
	struct http *http = calloc(1, sizeof(*http));
	int r;

	if (!http) {
		return -ENOMEM;
	}
	http->loop = loop;
	list_init(&http->queue);
	list_init(&http->active);
	list_init(&http->finished);
	http->ca_fd = -1;
	r = http_load();
	if (r < 0) {
		free(http);
		return r;
	}
	r = uv_async_init(loop, &http->wake, http_woken);
	if (r < 0) {
		curl_global_cleanup();
		free(http);
		return r;
	}
	http->wake.data = http;
	http->n_handles = 1;
	r = http_set_options(http, options);
	r = r < 0 ? r : http_multi_open(http);
	if (r < 0) {
		http_tear_down(http);
		return r;
	}
	*ret_http = http;
	return 0;
}

void http_close(struct http *http, void (*closed)(void *user), void *user) {
	if (!http) {
		if (closed) {
			closed(user);
		}
		return;
	}
	http->closing = true;
	http->closed = closed;
	http->user = user;
	(void)uv_async_send(&http->wake);
}

/* For METRIC_HTTP_REQUESTS. */
static enum metric_http http_outcome(int status, int http_status) {
	static const struct {
		int status;
		enum metric_http outcome;
	} outcomes[] = {
		{ -ECANCELED, METRIC_HTTP_CANCELLED },
		{ -ECONNREFUSED, METRIC_HTTP_REFUSED },
		{ -ECONNRESET, METRIC_HTTP_RESET },
		{ -EHOSTUNREACH, METRIC_HTTP_UNREACHABLE },
		{ -EMSGSIZE, METRIC_HTTP_TOO_LARGE },
		{ -EPROTO, METRIC_HTTP_PROTOCOL },
		{ -ETIMEDOUT, METRIC_HTTP_TIMEOUT },
	};

	if (status == 0) {
		return http_status < 300    ? METRIC_HTTP_SUCCESS
			: http_status < 400 ? METRIC_HTTP_REDIRECTION
			: http_status < 500 ? METRIC_HTTP_CLIENT_ERROR
					    : METRIC_HTTP_SERVER_ERROR;
	}
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		if (outcomes[i].status == status) {
			return outcomes[i].outcome;
		}
	}
	return METRIC_HTTP_FAILED;
}

static void http_show_pending(const struct http *http) {
	metrics_set(METRIC_HTTP_PENDING, METRIC_HTTP_ACTIVE, (int64_t)http->n_active);
	metrics_set(METRIC_HTTP_PENDING, METRIC_HTTP_WAITING, (int64_t)http->n_queued);
}

/* The requests to one host that are in flight. */
static size_t http_n_active(const struct http *http, uint64_t host) {
	size_t n = 0;

	list_for_each (node, &http->active) {
		n += container_of(node, struct http_request, node)->target.host == host;
	}
	return n;
}

static void http_start(struct http_request *req) {
	struct http *http = req->http;
	int r;

	r = http_transfer_start(req);
	if (r < 0) {
		http_explain(req, r, HTTP_LATE_NOT, NULL);
		http_finish(req, r);
		(void)uv_async_send(&http->wake);
		return;
	}
	http->n_queued--;
	list_remove(&req->node);
	list_append(&http->active, &req->node);
	http->n_active++;
	req->state = HTTP_ACTIVE;
	http_show_pending(http);
}

static void http_start_queued(struct http *http) {
	list_for_each_safe (node, &http->queue) {
		struct http_request *req = container_of(node, struct http_request, node);

		if (http->n_active == LIMIT_HTTP_IN_FLIGHT) {
			break;
		}
		if (http_n_active(http, req->target.host) < LIMIT_HTTP_HOST_CONNECTIONS) {
			http_start(req);
		}
	}
	http_multi_watch(http);
}

/* What a request bore to show who asks: behind the scheme of "Authorization: Bearer …". NULL: nothing. */
static const char *http_credential(const struct http_request *req) {
	static const char name[] = "Authorization:";

	for (size_t i = 0; req->headers && req->headers[i]; i++) {
		const char *line = req->headers[i];

		if (strncasecmp(line, name, strlen(name)) == 0) {
			const char *blank = strrchr(line, ' ');

			return blank && strlen(blank + 1) >= HTTP_CREDENTIAL_MIN_BYTES ? blank + 1
										       : NULL;
		}
	}
	return NULL;
}

static void http_blot(struct buffer *buf, const char *secret) {
	size_t len = strlen(secret);
	char *at = buf->data;

	while (at && (at = memmem(at, buf->len - (size_t)(at - buf->data), secret, len))) {
		memset(at, '*', len);
		at += len;
	}
}

/* A peer that echoes it, in an error say, must not get it into a sentence, a log or the database. */
static void http_hide_credential(struct http_request *req) {
	const char *secret = http_credential(req);

	if (secret) {
		http_blot(&req->answer, secret);
		http_blot(&req->headers_seen, secret);
	}
}

void http_finish(struct http_request *req, int status) {
	struct http *http = req->http;

	metrics_count(METRIC_HTTP_REQUESTS, http_outcome(status, req->http_status));
	if (req->state == HTTP_ACTIVE) {
		metrics_observe(METRIC_HTTP_TIME, req->remote_us);
	}
	http->n_active -= req->state == HTTP_ACTIVE;
	http->n_queued -= req->state == HTTP_QUEUED;
	http_show_pending(http);
	list_remove(&req->node);
	if (status < 0) {
		buffer_wipe(&req->answer);
		buffer_wipe(&req->headers_seen);
	} else {
		http_hide_credential(req);
	}
	req->state = HTTP_FINISHED;
	req->status = status;
	list_append(&http->finished, &req->node);
}

void http_deliver(struct http *http) {
	struct list finished;
	struct list *node;

	/* Those that finish meanwhile have a turn of their own. */
	list_init(&finished);
	list_splice(&finished, &http->finished);
	while ((node = list_take_first(&finished))) {
		struct http_request *req = container_of(node, struct http_request, node);

		req->state = HTTP_IDLE;
		req->done(req, req->status);
	}
	if (!http->closing) {
		http_start_queued(http);
	}
}

int http_send(struct http *http, struct http_request *req, http_done_fn *done) {
	int r;

	if (http->closing) {
		return -ESHUTDOWN;
	}
	if (http->n_queued >= LIMIT_HTTP_QUEUE) {
		return -EAGAIN;
	}
	r = http_check(req);
	if (r < 0) {
		return r;
	}
	http_request_finish(req);
	buffer_init(&req->answer,
		req->answer_max_bytes > 0 ? req->answer_max_bytes : LIMIT_HTTP_ANSWER_MAX_BYTES);
	buffer_init(&req->headers_seen, LIMIT_HTTP_HEADERS_MAX_BYTES);
	req->http = http;
	req->done = done;
	req->state = HTTP_QUEUED;
	list_append(&http->queue, &req->node);
	http->n_queued++;
	http_show_pending(http);
	http_start_queued(http);
	return 0;
}

void http_cancel(struct http_request *req) {
	if (req->state == HTTP_QUEUED || req->state == HTTP_ACTIVE) {
		http_drop(req);
		(void)uv_async_send(&req->http->wake);
	}
}

const char *http_header(const struct http_request *req, const char *name) {
	const char *at = req->headers_seen.data;
	const char *end = at + req->headers_seen.len;

	while (at && at < end) {
		const char *value = at + strlen(at) + 1;

		if (strcasecmp(at, name) == 0) {
			return value;
		}
		at = value + strlen(value) + 1;
	}
	return NULL;
}

void http_request_finish(struct http_request *req) {
	buffer_wipe(&req->answer);
	buffer_wipe(&req->headers_seen);
	req->http_status = 0;
	req->remote_us = 0;
	req->maybe_sent = false;
	req->sentence[0] = '\0';
}

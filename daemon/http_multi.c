/* curl's sockets and timers as handles of libuv. Sources: curl_multi_socket_action(3), docs/examples/multi-uv.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/fd.h"
#include "common/log.h"
#include "daemon/http_internal.h"

/* A socket that curl waits for. */
struct http_socket {
	uv_poll_t poll;
	struct http *http; /* borrowed */
	curl_socket_t fd;
	int events;
};

static void socket_ready(uv_poll_t *poll, int status, int events);

/*
 * Takes everything that is over out of curl, then answers it. After every action, also one after which nothing runs:
 * a transfer that just timed out is over and has said so nowhere else.
 */
static void http_drain(struct http *http) {
	struct http_transfer *transfer;
	CURLMsg *message;
	int n_left;

	while ((message = curl_multi_info_read(http->multi, &n_left))) {
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE ||
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer)) {
			continue;
		}
		struct http_request *req = transfer->req;
		int status = http_transfer_result(transfer, code);

		http_transfer_end(req);
		http_finish(req, status);
	}
	http_deliver(http);
}

static void http_act(struct http *http, curl_socket_t fd, int flags) {
	int n_running;

	(void)curl_multi_socket_action(http->multi, fd, flags, &n_running);
	http_drain(http);
}

static void timer_fired(uv_timer_t *timer) {
	http_act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int timer_wanted(CURLM *multi, long timeout_ms, void *user) {
	struct http *http = user;

	if (timeout_ms < 0) {
		(void)uv_timer_stop(&http->timer);
		return 0;
	}
	/* Never 0: libuv before 1.48 runs such a timer again and again before it looks at any socket. */
	uv_update_time(http->loop);
	(void)uv_timer_start(&http->timer, timer_fired, (uint64_t)MAX(timeout_ms, 1), 0);
	return 0;
}

static void http_handle_closed(struct http *http) {
	if (--http->n_handles > 0) {
		return;
	}
	void (*closed)(void *user) = http->closed;
	void *user = http->user;

	if (http->proxy) {
		explicit_bzero(http->proxy, strlen(http->proxy));
	}
	free(http->proxy);
	free(http->no_proxy);
	fd_close(http->ca_fd);
	free(http);
	curl_global_cleanup();
	if (closed) {
		closed(user);
	}
}

static void socket_closed(uv_handle_t *handle) {
	struct http_socket *sock = container_of((uv_poll_t *)handle, struct http_socket, poll);
	struct http *http = sock->http;

	free(sock);
	http_handle_closed(http);
}

static void socket_watch(struct http_socket *sock) {
	int r = sock->events == 0 ? uv_poll_stop(&sock->poll)
				  : uv_poll_start(&sock->poll, sock->events, socket_ready);

	if (r < 0) {
		log_warning("A connection cannot be watched: %s.", log_errno(r));
	}
}

static void socket_ready(uv_poll_t *poll, int status, int events) {
	struct http_socket *sock = container_of(poll, struct http_socket, poll);
	int flags = 0;

	if (status < 0) {
		/* Readable too: an answer may have come before the error, and what came is worth reading. */
		flags = CURL_CSELECT_ERR | CURL_CSELECT_IN;
	}
	flags |= events & UV_READABLE ? CURL_CSELECT_IN : 0;
	flags |= events & UV_WRITABLE ? CURL_CSELECT_OUT : 0;
	http_act(sock->http, sock->fd, flags);
	/* libuv stops watching at an error; if curl goes on, so do we. The memory is there until the next turn. */
	if (status < 0 && !uv_is_closing((uv_handle_t *)poll) && sock->events != 0) {
		socket_watch(sock);
	}
}

static struct http_socket *socket_create(struct http *http, curl_socket_t fd) {
	struct http_socket *sock = calloc(1, sizeof(*sock));

	if (!sock) {
		return NULL;
	}
	sock->http = http;
	sock->fd = fd;
	if (uv_poll_init_socket(http->loop, &sock->poll, fd) < 0) {
		free(sock);
		return NULL;
	}
	http->n_handles++;
	/* Allowed in here, unlike the rest: curl_multi_assign(3). */
	(void)curl_multi_assign(http->multi, fd, sock);
	return sock;
}

/* A socket that cannot be watched is left to the timeouts: an error returned from here would end every transfer. */
static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user) {
	struct http *http = user;
	struct http_socket *sock = socket_user;

	if (what == CURL_POLL_REMOVE) {
		if (sock) {
			(void)curl_multi_assign(http->multi, fd, NULL);
			uv_close((uv_handle_t *)&sock->poll, socket_closed);
		}
		return 0;
	}
	if (!sock) {
		sock = socket_create(http, fd);
	}
	if (sock) {
		sock->events = (what & CURL_POLL_IN ? UV_READABLE : 0) |
			(what & CURL_POLL_OUT ? UV_WRITABLE : 0);
		socket_watch(sock);
	}
	return 0;
}

static int64_t http_stall_ms(const struct http_request *req) {
	return req->stall_timeout_ms > 0 ? MIN(req->stall_timeout_ms, LIMIT_HTTP_TIMEOUT_MAX_MS)
					 : LIMIT_HTTP_STALL_MS;
}

static curl_off_t http_n_moved(CURL *easy) {
	curl_off_t up = 0, down = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &up);
	(void)curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
	return up + down;
}

/* How long a transfer may stay silent yet, at most 0: too long already. */
static int64_t http_patience_ms(struct http_transfer *transfer, int64_t now_ms) {
	curl_off_t n_moved = http_n_moved(transfer->easy);

	/* Until the connection is there it has a timeout of its own. */
	if (!transfer->sending || n_moved != transfer->n_moved) {
		transfer->n_moved = n_moved;
		transfer->moved_ms = now_ms;
	}
	return transfer->moved_ms + http_stall_ms(transfer->req) - now_ms;
}

/*
 * Not by CURLOPT_LOW_SPEED_TIME: that takes an average over five seconds, counts in whole ones and wakes up in each.
 */
static void stall_fired(uv_timer_t *timer) {
	struct http *http = timer->data;
	int64_t now_ms = (int64_t)uv_now(http->loop);
	int64_t next_ms = INT64_MAX;

	list_for_each_safe (node, &http->active) {
		struct http_request *req = container_of(node, struct http_request, node);
		int64_t patience_ms = http_patience_ms(req->transfer, now_ms);

		if (patience_ms <= 0) {
			http_explain(req, -ETIMEDOUT, HTTP_LATE_STALL, NULL);
			http_transfer_end(req);
			http_finish(req, -ETIMEDOUT);
		} else {
			next_ms = MIN(next_ms, patience_ms);
		}
	}
	if (next_ms != INT64_MAX) {
		(void)uv_timer_start(&http->stall, stall_fired, (uint64_t)next_ms, 0);
	}
	http_deliver(http);
}

void http_multi_watch(struct http *http) {
	int64_t next_ms = INT64_MAX;

	uv_update_time(http->loop);
	list_for_each (node, &http->active) {
		struct http_request *req = container_of(node, struct http_request, node);

		next_ms = MIN(next_ms, http_stall_ms(req));
	}
	if (next_ms == INT64_MAX) {
		(void)uv_timer_stop(&http->stall);
	} else if (!uv_is_active((uv_handle_t *)&http->stall) ||
		(int64_t)uv_timer_get_due_in(&http->stall) > next_ms) {
		(void)uv_timer_start(&http->stall, stall_fired, (uint64_t)next_ms, 0);
	}
}

int http_multi_open(struct http *http) {
	CURLM *multi = curl_multi_init();

	if (!multi) {
		return -ENOMEM;
	}
	if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket_wanted) ||
		curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http) ||
		curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer_wanted) ||
		curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http) ||
		curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) ||
		curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)LIMIT_HTTP_IN_FLIGHT) ||
		curl_multi_setopt(
			multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)LIMIT_HTTP_HOST_CONNECTIONS)) {
		(void)curl_multi_cleanup(multi);
		return -ENOMEM;
	}
	http->multi = multi;
	(void)uv_timer_init(http->loop, &http->timer);
	(void)uv_timer_init(http->loop, &http->stall);
	http->timer.data = http->stall.data = http;
	http->n_handles += 2;
	return 0;
}

static void timer_closed(uv_handle_t *handle) {
	http_handle_closed(handle->data);
}

void http_multi_close(struct http *http) {
	if (http->multi) {
		/* Asks for timers and lets go of sockets while it goes. */
		(void)curl_multi_cleanup(http->multi);
		uv_close((uv_handle_t *)&http->timer, timer_closed);
		uv_close((uv_handle_t *)&http->stall, timer_closed);
	}
	uv_close((uv_handle_t *)&http->wake, timer_closed);
}

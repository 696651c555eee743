/*
 * http - requests over HTTPS, in the loop: joins curl's multi interface and libuv. The only files that know curl.
 *
 * Loop thread only; SIGPIPE is ignored by the process. HTTP/1.1 with connections reused per host. Never: redirects
 * followed, cookies, .netrc, proxies or certificates named by the environment, plain HTTP to anything but this
 * machine, TLS below 1.2 or unverified. What curl frees is wiped, since it held copies of credentials.
 *
 * At most LIMIT_HTTP_IN_FLIGHT requests are in flight, LIMIT_HTTP_HOST_CONNECTIONS to one host; LIMIT_HTTP_QUEUE more
 * wait, in order for each host. The timeouts begin when a request leaves that queue. Nothing wakes up while no
 * request is in flight. One of these serves all forges with the same options: connections are told apart by host.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/buffer.h"
#include "common/list.h"
#include "common/macro.h"
#include "daemon/limits.h"

struct http;
struct http_request;
struct http_transfer;

typedef void http_done_fn(struct http_request *req, int status);

struct http_options { /* all copied */
	/*
	 * "http://[USER:PASSWORD@]HOST:PORT" or https://: what requests to other hosts than this one go through. NULL
	 * or "": none, whatever the environment says. TLS goes through it to the end, so it sees host names only.
	 */
	const char *proxy;
	const char *no_proxy; /* hosts and domains without proxy, "a.example,.b.example"; NULL: only this machine */
	const char *ca_file; /* PEM; trusted as well as the system's, which are read once a day; NULL: none */
};

/* The caller's memory, zeroed before it is filled in; it does not move from http_send() to `done`. */
struct http_request {
	/* in; borrowed until `done` */
	const char *method; /* DELETE, GET, HEAD, PATCH, POST or PUT */
	const char *url; /* https, or http to 127.0.0.0/8, [::1] or localhost; no credentials in it */
	const char *const *headers; /* NULL-ended lines "Name: value"; NULL: none */
	const char *body;	    /* NULL: none */
	size_t body_len;
	/*
	 * Sending it twice does no harm (a query by POST). Only then may it go over a connection that was used before:
	 * if the peer closes that one without a word, curl sends the request once more. GET and HEAD are repeatable
	 * anyway.
	 */
	bool repeatable;
	bool hide_path;		    /* the URL's path is a secret: sentences name the host only */
	int64_t total_timeout_ms;   /* 0, here and below: the limit of that name */
	int64_t connect_timeout_ms; /* for name, connection and TLS together */
	int64_t stall_timeout_ms; /* without a byte in either direction; noticed within twice that time */
	size_t answer_max_bytes; /* of the body, decompressed */

	/*
	 * out; `answer`, `http_status` and the headers only when status is 0. Where the peer echoes the credential of a
	 * header "Authorization", of 8 bytes or more, there are asterisks.
	 */
	int http_status;
	struct buffer answer;
	int64_t remote_us; /* from leaving the queue to the end */
	bool maybe_sent;   /* false: it is certain that no byte of the request reached the peer */
	char sentence[LIMIT_SENTENCE_MAX]; /* of a failure, for people; neither query nor header in it */

	/* http's */
	struct list node;
	struct http *http;
	struct http_transfer *transfer;
	http_done_fn *done;
	int status;
	enum { HTTP_IDLE, HTTP_QUEUED, HTTP_ACTIVE, HTTP_FINISHED } state;
	struct http_target {
		bool tls;
		bool loopback;
		bool localhost; /* by name: never looked up */
		uint16_t port;
		uint64_t host; /* of scheme, host and port: equal for equal ones */
	} target;
	struct buffer headers_seen; /* "name\0value\0"... */
};

/*
 * Loads curl; blocks for the certificate file. Returns: 0; -EINVAL, `proxy` is not such a URL; -ENOMEM; other errno,
 * of `ca_file` (-EFBIG: over LIMIT_HTTP_CA_MAX_BYTES).
 */
must_check int http_open(uv_loop_t *loop, const struct http_options *options, struct http **ret_http);
/*
 * Every request completes with -ECANCELED from the loop, then everything is freed and `closed` runs. `closed` may be
 * NULL. NULL http: runs at once.
 */
void http_close(struct http *http, void (*closed)(void *user), void *user);

/*
 * Sends a request, or queues it. Returns: 0, `done` will run exactly once, from the loop, never from inside a call;
 * -EPERM, no such URL may be asked (plain HTTP to another host, another scheme); -EINVAL, not a URL, credentials in it,
 * an unknown method, a header line that is malformed or would change how the message is framed (a bug);
 * -EAGAIN, the queue is full; -ESHUTDOWN, after http_close(); -ENOMEM.
 *
 * done(status): 0, an answer arrived whole, whatever it says (3xx and 5xx included).
 * -ETIMEDOUT    one of the three
 * -ECONNREFUSED nobody listens
 * -EHOSTUNREACH no such name, or no way to it
 * -ECONNRESET   cut off before the answer was whole
 * -EPROTO       not HTTP; or no TLS, or not with whom we wanted
 * -EMSGSIZE     body or headers over their cap
 * -ECANCELED    http_cancel() or http_close()
 * -ENOMEM
 * `done` may free the request, send it again, or close `http`.
 */
must_check int http_send(struct http *http, struct http_request *req, http_done_fn *done);
/* `done` runs with -ECANCELED, or with how it ended if that is known already. Nothing is in flight: harmless. */
void http_cancel(struct http_request *req);

/* The first header of the answer with that name, in any case, without blanks around it; NULL: none. Not Set-Cookie. */
const char *http_header(const struct http_request *req, const char *name);
/* Wipes and frees the outputs; the request may be filled in and sent again. Not while it is in flight. */
void http_request_finish(struct http_request *req);

/*
 * http_internal - what the files daemon/http*.c share. Loop thread only.
 *
 * http.c has the queue and the requests' lives, http_check.c what may be asked for, http_transfer.c one request as
 * curl knows it, http_multi.c the sockets and timers of all.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/buffer.h"
#include "common/list.h"
#include "common/macro.h"
#include "daemon/http.h"

struct http {
	uv_loop_t *loop; /* borrowed */
	CURLM *multi;
	uv_timer_t timer;   /* curl's */
	uv_timer_t stall;   /* looks for transfers that move no byte */
	uv_async_t wake;    /* answers what is finished */
	unsigned n_handles; /* these and those of sockets: not closed yet */
	bool closing;
	bool torn_down;
	struct list queue;
	struct list active;
	struct list finished; /* to be answered */
	size_t n_queued;
	size_t n_active;
	char *proxy; /* wiped when freed */
	char *no_proxy;
	char ca_path[128]; /* PEM; "": curl's own choice */
	int ca_fd;	   /* what it names, if that is in memory; else negative */
	void (*closed)(void *user);
	void *user;
};

enum http_late { HTTP_LATE_NOT, HTTP_LATE_TOTAL, HTTP_LATE_CONNECT, HTTP_LATE_STALL };

/* One request in flight. */
struct http_transfer {
	struct http_request *req; /* borrowed */
	CURL *easy;
	struct curl_slist lines[LIMIT_HTTP_REQUEST_LINES + 3]; /* its strings are the caller's */
	struct curl_slist resolve;
	char resolve_entry[48];
	char detail[CURL_ERROR_SIZE];
	int64_t began_us;
	size_t header_bytes;
	int callback_status; /* why one of our callbacks stopped it */
	bool headers_ended;  /* of the newest head; another may follow a 1xx */
	bool sending;	     /* the connection is there: bytes may be on their way */
	int64_t moved_ms;    /* of the loop: when a byte was last seen moving */
	curl_off_t n_moved;
};

/* http.c. Ends a request; its `done` is for http_deliver() to run. */
void http_finish(struct http_request *req, int status);
/* Answers what is finished and starts what waits. Outside of curl's callbacks only. */
void http_deliver(struct http *http);

/* http_check.c */
/* Fills in `req->target`. Returns: 0; -EPERM; -EINVAL. */
must_check int http_check(struct http_request *req);
bool http_check_proxy(const char *proxy);
bool http_method_is_safe(const char *method);
/* The URL as people may see it, cut. Returns `out`. */
#define HTTP_CREDENTIAL_MIN_BYTES 8 /* what is shorter may stand in any text */
#define HTTP_SHOWN_MAX 240
const char *http_show_url(const struct http_request *req, char out[HTTP_SHOWN_MAX]);

/* http_transfer.c */
/* Hands `req` to curl. Returns: 0; -ENOMEM. */
must_check int http_transfer_start(struct http_request *req);
/* Takes it back, with the outputs that a transfer has. */
void http_transfer_end(struct http_request *req);
/* curl says that it is over: the status, with the sentence written. */
int http_transfer_result(struct http_transfer *transfer, CURLcode code);
/* Writes the sentence for a status. */
void http_explain(struct http_request *req, int status, enum http_late late, const char *detail);

/* http_multi.c */
/* Returns: 0; -ENOMEM. */
must_check int http_multi_open(struct http *http);
void http_multi_close(struct http *http);
/* A transfer was started: looks after it from now on. */
void http_multi_watch(struct http *http);

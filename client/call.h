/*
 * call - Varlink from the caller's side: one connection, blocking, no event loop.
 *
 * Every wait ends at the connection's deadline. One thread. Messages are bounded by PROTOCOL_FRAME_MAX_BYTES. Source
 * of the rules (method, parameters, more, oneway, continues, error): varlink.org, "Message format".
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/macro.h"

struct call_conn;

/* The deadline of a connection that waits for ever. */
#define CALL_NO_DEADLINE INT64_MAX

struct call_reply {
	json_t *parameters; /* owned; an object, never NULL after a success */
	char *error;	    /* owned; the error's full name, NULL: no error */
	bool continues;
};

void call_reply_finish(struct call_reply *reply);

/* The deadline `timeout_ms` from now; CALL_NO_DEADLINE when that is 0. */
int64_t call_deadline_us(int64_t timeout_ms);

/*
 * Connects to the Unix socket at `path`. `deadline_us` is of CLOCK_MONOTONIC.
 * Returns: 0; -ENOENT, -ECONNREFUSED, nobody is there; -EACCES; -ETIMEDOUT; -ENAMETOOLONG; other errno.
 */
must_check int call_open(const char *path, int64_t deadline_us, struct call_conn **ret_conn);
/* NULL is fine. */
void call_close(struct call_conn *conn);
DEFINE_CLEANUP(struct call_conn *, call_close);

/* For the calls to come. */
void call_set_deadline(struct call_conn *conn, int64_t deadline_us);

/* While a call waits, `tick(user)` runs about once a second. NULL: nothing does. */
void call_set_tick(struct call_conn *conn, void (*tick)(void *user), void *user);

/*
 * Calls `method` ("io.codegend.Ping") with `parameters` (borrowed; NULL: {}) and waits for its answer. An error of the
 * peer is a success here: see reply->error.
 * Returns: 0, the caller runs call_reply_finish(); -ECONNRESET, -EPIPE, the peer went away; -ETIMEDOUT; -EBADMSG,
 * -EPROTO, -ELOOP, it does not speak Varlink; -EMSGSIZE, too long, either way; -ENOMEM; -EILSEQ, not UTF-8.
 */
must_check int call_method(struct call_conn *conn, const char *method, json_t *parameters,
	struct call_reply *ret_reply);

/*
 * As call_method(), with `more`: `reply(...)` runs for each answer (borrowed), the last one and an error too, until it
 * returns other than 0, which is then returned; the connection is of no further use then.
 */
typedef int call_more_fn(const struct call_reply *reply, void *user);
must_check int call_more(struct call_conn *conn, const char *method, json_t *parameters,
	call_more_fn *reply, void *user);

/*
 * For who waits for more than the daemon: call_stream() calls with `more` and does not wait, call_fd() is what poll()
 * may watch, call_next() takes an answer that is there. Returns: 1, the caller runs call_reply_finish(); 0, none yet;
 * as call_method().
 */
must_check int call_stream(struct call_conn *conn, const char *method, json_t *parameters);
int call_fd(const struct call_conn *conn);
must_check int call_next(struct call_conn *conn, struct call_reply *ret_reply);

/* As call_method(), with `oneway`: nothing is answered. */
must_check int call_oneway(struct call_conn *conn, const char *method, json_t *parameters);

/*
 * call - one method call from its message to its last answer. What a method sees of a connection.
 *
 * Loop thread only. Reference-counted (the only such thing here): a handler that answers later holds one with
 * call_ref(), and the connection may be gone when it answers; answering a dead call is harmless. A call is answered
 * once, or many times with call_stream() and then once. Answers of a connection leave in the order of its calls.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/macro.h"
#include "daemon/engine/engine.h"
#include "daemon/ipc/server.h"

struct call;
struct peer;

struct call *call_ref(struct call *call);
/* Drops a reference; an unanswered call whose last one goes is a bug and is answered with StoreFailed. NULL is fine. */
void call_unref(struct call *call);
DEFINE_CLEANUP(struct call *, call_unref);

struct server *call_server(struct call *call);
struct engine *call_engine(struct call *call);
uid_t call_uid(const struct call *call); /* from SO_PEERCRED */
/* Who calls, for handlers before they wait for anything: borrowed, as long as the connection. NULL: it is gone. */
const struct peer *call_peer(const struct call *call);
/* It came in by the control socket: from somebody who administers the daemon. */
bool call_is_control(const struct call *call);
/* It was called with `more`, and its method is one that streams. */
bool call_wants_more(const struct call *call);
/*
 * For methods without a field table (NULL for the others): {} when the message had none. Borrowed, as long as the call.
 */
const json_t *call_parameters(const struct call *call);
/*
 * The peer hung up, or the server closes (then the call is answered already): `gone(user)` runs once, unless the call
 * was answered before. One a call.
 */
void call_on_gone(struct call *call, void (*gone)(void *user), void *user);

/*
 * For answers of many parts: `room(user)` runs once, from the loop, when less than LIMIT_UNREAD_OUTPUT_STALL_BYTES are
 * unread. Not after the call's peer is gone, or it was answered.
 */
void call_on_room(struct call *call, void (*room)(void *user), void *user);

/* The peer hung up: answering is harmless, working on is a waste. */
bool call_is_gone(const struct call *call);
bool call_is_answered(const struct call *call); /* finally */
/* The final answer; takes the reference `parameters` (NULL: {}). */
void call_reply(struct call *call, json_t *parameters);
/* An answer of a `more` call with more to come. Returns: 0; -EPIPE, the peer is gone; -ENOBUFS, it does not read. */
must_check int call_stream(struct call *call, json_t *parameters);
/* The final answer, an error; takes `parameters` (NULL: {}). */
void call_error(struct call *call, const char *error, json_t *parameters);
/* The final answer, the error that a negative errno stands for (errors.c). `sentence` may be NULL or "". */
void call_fail(struct call *call, int status, const char *sentence);
/* org.varlink.service.InvalidParameter. */
void call_invalid(struct call *call, const char *parameter);
/* io.codegend.InvalidArgument: the parameter and why it was refused. */
void call_refuse(struct call *call, const char *parameter, const char *fmt, ...) printf_like(3, 4);

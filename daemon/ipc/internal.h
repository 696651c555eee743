/*
 * internal - what server, connection and call know of each other. For the core of ipc/, and for the few handlers that
 * count something in the server or tell of it.
 *
 *     listener ─► server ─► conn ─► call ─► handler (methods_*.c)
 *                             ▲       │ answer
 *                             └───────┘ in the order of the calls
 *
 * Loop thread only. A connection is pumped (whole messages become calls) and flushed (answers leave in one write)
 * when it is on the server's list of ready ones, once a turn of the loop, right before the loop would block.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/buffer.h"
#include "common/frame.h"
#include "common/list.h"
#include "common/macro.h"
#include "daemon/ipc/call.h"
#include "daemon/ipc/interface.h"
#include "daemon/ipc/listener.h"
#include "daemon/ipc/peer.h"
#include "daemon/ipc/server.h"
#include "daemon/limits.h"

/* Why a connection ends; the sentence, and whether it is worth a line in the log, are in a table in ends.c. */
enum conn_end {
	CONN_END_HANGUP,
	CONN_END_DONE,
	CONN_END_CLOSING,
	CONN_END_NOT_VARLINK,
	CONN_END_BAD_JSON,
	CONN_END_TOO_DEEP,
	CONN_END_TOO_LONG,
	CONN_END_BAD_CALL,
	CONN_END_HALF_MESSAGE,
	CONN_END_SLOW_FIRST,
	CONN_END_SLOW_MESSAGE,
	CONN_END_SLOW_READER,
	CONN_END_UNREAD,
	CONN_END_UNREAD_TOTAL,
	CONN_END_INPUT_TOTAL,
	CONN_END_MEMORY,
	CONN_END_REFUSED_TOTAL,
	CONN_END_REFUSED_UID,
	CONN_END_NO_PEER,
	CONN_END_COUNT,
};

/* At most so many lines of one kind in a window; further ones are counted. */
struct log_window {
	uint64_t began_ms; /* loop time */
	unsigned n_logged;
	unsigned n_dropped;
};

struct server_uid {
	uid_t uid;
	size_t n_conns[SERVER_SOCKET_COUNT];
};

struct server {
	uv_loop_t *loop;
	struct engine *engine;		   /* borrowed; NULL in tests of the core */
	const struct ipc_service *service; /* borrowed */
	int (*reload)(void *user, struct config_errors *ret_errors);
	void *user;
	int64_t started_ms;
	char *state_dir;
	const struct spool *spool; /* borrowed; NULL: none */

	struct listener listeners[SERVER_SOCKET_COUNT];
	struct list conns; /* struct conn, by `node` */
	struct list ready; /* struct conn, by `ready`: to be pumped and flushed */
	struct list held; /* struct conn, by `ready`: have messages that wait for others' calls to end */
	uv_prepare_t before_block;
	uv_timer_t timer; /* to accept what waits for memory; of server_close(): to wait for answers no longer */

	struct server_uid *uids; /* those with a connection */
	size_t n_uids;
	size_t n_conns[SERVER_SOCKET_COUNT];
	size_t n_calls; /* alive, their peers may be gone */
	size_t n_watchers;
	bool backing_up;	   /* one backup at a time */
	size_t n_lists;		   /* list calls at work; the others are in the next */
	struct list lists_waiting; /* struct list_params, by `node` */
	size_t call_bytes;	   /* of the messages of calls in flight */
	size_t input_bytes;	   /* half messages of all connections */
	size_t output_bytes;	   /* unread answers of all connections */
	struct log_window windows[CONN_END_COUNT];
	struct log_window refusals; /* of users who may not report for a project */

	bool closing;
	bool finished;	    /* only calls that still run know of it */
	unsigned n_handles; /* open libuv handles; `closed` runs at 0 */
	void (*closed)(void *user);
	void *closed_user;
};

struct conn {
	struct list node;
	struct list ready;
	struct server *server; /* borrowed; outlives the connection */
	enum server_socket socket;
	struct peer peer;
	uv_pipe_t pipe;
	uv_timer_t timer;
	uv_write_t write;
	unsigned n_handles;

	struct frame_reader reader;
	size_t input_bytes; /* as counted in the server */
	struct list calls;  /* struct call, oldest first */
	size_t n_calls;

	struct buffer out;     /* answers in order, not yet given to libuv */
	struct buffer written; /* what uv_write() holds */
	size_t output_bytes;   /* as counted in the server */

	uint64_t input_since; /* loop time: accepted, or the first byte of the half message; 0: none */
	uint64_t output_since; /* loop time of the last progress; 0: nothing is unread */
	size_t output_left;    /* bytes libuv held then */
	uint64_t timer_due;    /* loop time the timer is armed for */

	bool counted; /* among its uid's connections */
	bool greeted; /* a whole message came */
	bool reading;
	bool writing;
	bool eof;      /* the peer will send no more */
	bool help;     /* ends when the line of help is out */
	bool held;     /* on the server's list of that name */
	bool overflow; /* an answer was too much for it: ends at the next step */
	bool ending;   /* closing its handles */
};

struct call {
	unsigned refs;
	bool listed; /* on its connection's list, which holds a reference */
	bool answered;
	bool more;
	bool oneway;
	struct list node;
	struct server *server;
	struct conn *conn; /* NULL: the peer is gone */
	uid_t uid;
	size_t message_bytes;
	json_t *message; /* owned; until the handler runs, or as long as the call when the method has no fields */
	json_t *parameters; /* borrowed from message or owned by it */
	const struct ipc_method *method;
	void *params;
	size_t out_bytes;  /* of `out`, as counted in the connection */
	struct buffer out; /* answers that earlier calls of the connection hold back */
	void (*gone)(void *user);
	void *gone_user;
	void (*room)(void *user); /* wanted; NULL: not */
	void *room_user;
};

/* server.c */
void server_ready(struct conn *conn);	   /* pump and flush it before the loop blocks */
void server_unhold(struct server *server); /* somebody held back may go on */
/* The last a call does. Frees a server that is closed when it was the last call. */
void server_call_freed(struct server *server, size_t message_bytes);
void server_conn_closed(struct conn *conn);	   /* its handles are gone */
bool server_has_room(const struct server *server); /* for one more call */
void server_handle_closed(struct server *server);

/* ends.c */
/* Counts why a connection was ended, and says it in one line, unless too many of the kind were written lately. */
void server_tell_end(struct server *server, enum conn_end end, enum server_socket socket, uid_t uid);

/* That somebody's submission for the project was refused: a sentence, unless too many were written lately. */
void server_log_refusal(struct server *server, const char *project, const char *sentence);

/* conn.c */
/* One that nobody has accepted yet; without memory it is tried again after LIMIT_ACCEPT_AGAIN_MS. */
void conn_accept(struct server *server, enum server_socket socket);
void server_accept_later(struct server *server, enum server_socket socket);
void conn_end(struct conn *conn, enum conn_end end);
/* Turns messages into calls while there is room. Returns whether it stopped for want of it. */
bool conn_pump(struct conn *conn);
size_t conn_buffered(const struct conn *conn); /* bytes read and not yet made calls */
/* As the loop is about to block: turns messages into calls and writes what is answered. */
void conn_step(struct conn *conn);
/* Ends it as soon as its answers are out; reads no more. */
void conn_drain(struct conn *conn);

/* conn_io.c */
void conn_read_start(struct conn *conn);
void conn_read_stop(struct conn *conn);
void conn_flush(struct conn *conn);
size_t conn_unread(const struct conn *conn);
/* Arms the one timer for the nearest of its deadlines, or stops it. */
void conn_watch_time(struct conn *conn);
void conn_timer_fired(uv_timer_t *timer);
/* Brings the server's sums up to date with what this connection holds. */
void conn_count(struct conn *conn);

/* call.c */
/* Appends a whole message to the calls and runs its handler. Steals `message`. Returns: 0; -EPROTO; -ENOMEM. */
int call_dispatch(struct conn *conn, json_t *message, size_t message_bytes);
/* The final answer. Steals `parameters`. NULL error: it is none. */
void call_answer(struct call *call, const char *error, json_t *parameters);
/* Moves what the calls at the head have answered into the connection's output. */
void call_advance(struct conn *conn);
/* Tells those that wait for it that there is room for more of their answers. */
void call_tell_room(struct conn *conn);
/* The connection is gone: its calls go on without it. */
void call_orphan_all(struct conn *conn);

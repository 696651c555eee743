/*
 * ipc - Varlink over two Unix sockets: submit.sock for CI steps, control.sock for operators.
 *
 * Loop thread only. Limits are in limits.h; who may call what is in methods.c.
 */
#pragma once

#include <uv.h>

#include "common/macro.h"
#include "daemon/engine/engine.h"

struct server;
struct spool;

enum server_socket { SERVER_SUBMIT, SERVER_CONTROL, SERVER_SOCKET_COUNT };

struct server_options {
	uv_loop_t *loop;
	struct engine *engine;		     /* borrowed, outlives the server */
	const char *runtime_dir;	     /* copied */
	int listen_fds[SERVER_SOCKET_COUNT]; /* from systemd, owned from now on; -1: bind it in runtime_dir */
	/* Reads the configuration again. Fills `ret_errors` (released by the server) when it returns -EINVAL. */
	int (*reload)(void *user, struct config_errors *ret_errors);
	void *user;
	int64_t started_ms;	   /* of the daemon, for GetStatus */
	const char *state_dir;	   /* copied */
	const struct spool *spool; /* borrowed, outlives the server; NULL: none */
};

/*
 * Binds (or adopts) and starts to listen. A stale socket file is removed only after connecting to it was refused.
 * Returns: 0; -EADDRINUSE, somebody answers there; -errno, `ret_sentence` (LIMIT_SENTENCE_MAX) says what.
 */
must_check int server_open(
	const struct server_options *options, struct server **ret_server, char *ret_sentence);
/*
 * Accepts no more; connections end when their answers are flushed, at the latest after LIMIT_DRAIN_MS; sockets that
 * were bound here are unlinked. `server` is gone when `closed` runs.
 */
void server_close(struct server *server, void (*closed)(void *user), void *user);

/*
 * listener - one listening Unix socket: bound here, or inherited from systemd. Loop thread only.
 *
 * libuv's own bind is not used: it sets the mode after the name is there, cuts long names silently and unlinks a name
 * that may be another daemon's by then (libuv#2040, #2044).
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>
#include <uv.h>

#include "common/address.h"
#include "common/macro.h"

struct listener {
	uv_pipe_t pipe;
	bool open;
	bool waits;		       /* a connection does, for memory */
	char path[ADDRESS_SOCKET_MAX]; /* "" when inherited */
	dev_t device; /* of the name we bound: it is unlinked only while it still is this one */
	ino_t inode;
};

/*
 * A bound, not yet listening socket at `path` with mode 0660. What was there is removed only when it is a socket that
 * refuses connections. Returns: 0; -EADDRINUSE, somebody answers there; -ENAMETOOLONG; -EEXIST, no socket; -errno.
 * `ret_sentence` (LIMIT_SENTENCE_MAX) says what and what to do.
 */
must_check int listener_bind(
	struct listener *listener, const char *path, int *ret_fd, char *ret_sentence);
/* Removes the name if it is still the one that listener_bind() made. */
void listener_unlink(struct listener *listener);

/*
 * peer - who is at the other end of a Unix socket: effective uid and groups at connect(), as unix(7) has them.
 * Process ids are not even read: they are reused.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "common/macro.h"

struct peer {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* owned: supplementary ones */
	size_t n_groups;
};

/* Returns: 0; -errno, `ret_peer` untouched. */
must_check int peer_read(int fd, struct peer *ret_peer);
void peer_finish(struct peer *peer);

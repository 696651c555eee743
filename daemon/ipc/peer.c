#include "daemon/ipc/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

/* A process has at most 65,536 groups (NGROUPS_MAX, credentials(7)); the kernel says how much room it wants. */
#define PEER_GROUPS_FIRST 32
#define PEER_GROUPS_TRIES 4

static int peer_read_groups(int fd, gid_t **ret_groups, size_t *ret_n) {
	socklen_t len = PEER_GROUPS_FIRST * sizeof(gid_t);

	for (int try = 0; try < PEER_GROUPS_TRIES; try++) {
		_cleanup_(freep) gid_t *groups = malloc(MAX(len, sizeof(gid_t)));

		if (groups == NULL) {
			return -ENOMEM;
		}
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0) {
			*ret_n = len / sizeof(gid_t);
			*ret_groups = TAKE_PTR(groups);
			return 0;
		}
		if (errno != ERANGE) {
			return -errno;
		}
	}
	return -ERANGE;
}

int peer_read(int fd, struct peer *ret_peer) {
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct peer peer = { 0 };
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0) {
		return -errno;
	}
	if (cred.uid == (uid_t)-1) {
		return -ENODATA;
	}
	peer.uid = cred.uid;
	peer.gid = cred.gid;
	r = peer_read_groups(fd, &peer.groups, &peer.n_groups);
	if (r < 0 && r != -ENOPROTOOPT && r != -ENODATA) {
		return r;
	}
	*ret_peer = peer;
	return 0;
}

void peer_finish(struct peer *peer) {
	free(peer->groups);
	peer->groups = NULL;
	peer->n_groups = 0;
}

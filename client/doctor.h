/*
 * doctor - what a user's side can say of whether codegend can be used: sockets, spool, versions. One table of checks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/command.h"
#include "common/address.h"
#include "common/macro.h"

enum doctor_state {
	DOCTOR_OK,
	DOCTOR_WARNING,
	DOCTOR_PROBLEM,
	DOCTOR_STATE_COUNT,
	DOCTOR_NONE, /* there is nothing to be said */
};

/* What has been found out so far; a check may add to it for those below. */
struct doctor_client {
	const struct invocation *inv;
	char control[ADDRESS_PATH_MAX];
	bool reachable;		       /* the control socket answers */
	char version[CLIENT_NAME_MAX]; /* the daemon's; "" unknown */
};

struct doctor_finding {
	char message[CLIENT_SENTENCE_MAX];
	char remedy[CLIENT_SENTENCE_MAX]; /* "": there is none to be named */
};

struct doctor_check {
	const char *name;
	enum doctor_state (*make)(struct doctor_client *client, struct doctor_finding *ret_finding);
};

extern const struct doctor_check doctor_checks[];
extern const size_t n_doctor_checks;

/* The name of a group by its id from `file` (in the form of /etc/group); NULL: it is not in there. malloc()ed. */
must_check char *doctor_group_name(const char *file, unsigned gid);

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

struct doctor_socket {
	char path[ADDRESS_PATH_MAX]; /* "": it was not asked */
	int status;		     /* 0: it answers; as call_open() and call_method() */
};

/* What the checks go by. */
struct doctor_client {
	const struct invocation *inv;
	bool is_named; /* one socket was named, in the place of both */
	struct doctor_socket control;
	struct doctor_socket submit;
	char version[CLIENT_NAME_MAX]; /* the daemon's; "" unknown */
};

struct doctor_finding {
	char message[CLIENT_SENTENCE_MAX];
	char remedy[CLIENT_SENTENCE_MAX]; /* "": there is none to be named */
};

struct doctor_check {
	const char *name;
	enum doctor_state (*make)(
		const struct doctor_client *client, struct doctor_finding *ret_finding);
};

/* Asks the sockets, for at most CLIENT_DOCTOR_TIMEOUT_MS. */
void doctor_ask(const struct invocation *inv, struct doctor_client *ret_client);
/* Who has the submit socket alone, as a CI step has, needs no more; that it answers is another check. */
bool doctor_may_only_submit(const struct doctor_client *client);
/* What systemd says of codegend.service; all are "" when it cannot be asked. */
struct doctor_unit {
	char load[CLIENT_NAME_MAX];  /* LoadState: "loaded", "not-found", ... */
	char state[CLIENT_NAME_MAX]; /* ActiveState of systemctl(1): "active", "inactive", ... */
	char ending[CLIENT_NAME_MAX]; /* of its last process, as si_code has it: "1", it ended by itself */
	char exit_status[CLIENT_NAME_MAX]; /* of its last process; of one that was killed the signal */
	char text[CLIENT_SENTENCE_MAX]; /* what the daemon told last, such as why it does not start */
};
void doctor_ask_systemd(bool user, struct doctor_unit *ret_unit);

extern const struct doctor_check doctor_checks[];
extern const size_t n_doctor_checks;

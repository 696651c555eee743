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

struct doctor_finding {
	char message[CLIENT_SENTENCE_MAX];
	char remedy[CLIENT_SENTENCE_MAX]; /* "": there is none to be named */
};

/* What the checks go by. */
struct doctor_client {
	const struct invocation *inv;
	bool is_named; /* one socket was named, in the place of both */
	struct doctor_socket control;
	struct doctor_socket submit;
	char version[CLIENT_NAME_MAX]; /* the daemon's; "" unknown */
	enum doctor_state unit_state;  /* DOCTOR_NONE: systemd was not asked, or knows nothing */
	struct doctor_finding unit;    /* of what it says; its remedy is one for the sockets, too */
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
/* Asks systemd why nobody answers, for at most CLIENT_SYSTEMCTL_TIMEOUT_MS: `client->unit`. */
void doctor_ask_systemd(struct doctor_client *client);

extern const struct doctor_check doctor_checks[];
extern const size_t n_doctor_checks;

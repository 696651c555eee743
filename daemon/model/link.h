/*
 * link - a branch that an agent made for an incident: what CI says of it belongs to that incident, and its pull request
 * is judged in its place. Pure data.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "daemon/limits.h"

/* How it is known; names in link.c. */
enum link_standing {
	LINK_KNOWN, /* the agent said so */
	/*
	 * Guessed, and the forge says that it is a branch of the project itself. Who made it for what is not said: its
	 * green is a proof only when its pull request is to be merged into the incident's branch.
	 */
	LINK_CONFIRMED,
	/* By its name alone, which anybody can give a branch of a fork: its log is no prompt, its green no proof. */
	LINK_GUESSED,
	LINK_REFUSED, /* guessed, and the forge says that it is of a fork: no longer the incident's */
	LINK_STANDING_COUNT,
};

/* Owns nothing. */
struct link {
	char head_repository[LIMIT_NAME_MAX]; /* "" when it is the project itself */
	char branch[LIMIT_NAME_MAX];
	int64_t pull_request; /* 0 unknown */
	enum link_standing standing;
	int64_t report_id; /* of a guess: the newest report of the branch, a prompt once it is trusted; 0 none */
};

extern const char *const link_standing_names[]; /* NULL-ended, by enum */

/* Whether it is certainly a branch of the project itself, or one that the agent named. */
bool link_is_trusted(const struct link *link);

/*
 * link - a branch that an agent made for an incident: what CI says of it belongs to that incident, and its pull request
 * is judged in its place. Pure data.
 */
#pragma once

#include <stdint.h>

#include "daemon/limits.h"

/* Owns nothing. */
struct link {
	char head_repository[LIMIT_NAME_MAX]; /* "" when it is the project itself */
	char branch[LIMIT_NAME_MAX];
	int64_t pull_request; /* 0 unknown */
};

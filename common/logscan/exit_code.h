/*
 * exit_code - what the exit code of a command tells when its output tells nothing. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/error_type.h"
#include "common/logscan/logscan.h"

#define EXIT_SENTENCE_MAX 80

struct exit_meaning {
	enum error_type type;
	enum logscan_cause cause;
	char sentence[EXIT_SENTENCE_MAX]; /* "ended by signal 9 (SIGKILL)" */
};

/* Whether this code, as a shell tells it, means something by itself. */
bool exit_code_meaning(int64_t code, struct exit_meaning *ret);

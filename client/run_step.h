/*
 * run_step - one command from start to end, its output passed on as it comes.
 */
#pragma once

#include "client/run_streams.h"
#include "common/macro.h"

struct run_result {
	int code;    /* what `run` returns */
	int failure; /* 0; negative errno: it could not be executed */
	int output; /* 0; negative errno: output that could not be passed on, and not since nobody reads it */
};

/*
 * Runs `program`, and returns when it has ended and all it wrote was passed on. What others still write then, who have
 * its output open, is passed on in the background, for as long as they do; so is the rest of its own when it, or this
 * process afterwards, was told by a signal to end, and nobody reads. `passed` is told of all output before. When
 * nothing can be prepared for that, this process becomes the command, and the function does not return.
 */
void run_step(char **program, run_passed_fn *passed, void *data, struct run_result *ret_result);

/*
 * top: what runs and what waits, live.
 */
#include <unistd.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/top.h"

int cmd_top(const struct invocation *inv) {
	if (inv->json) {
		return failure_report(FAILURE_USAGE, "use \"codegenctl --json status\" or \"watch\"",
			"\"top\" is for people and prints no JSON");
	}
	if (isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
		return failure_report(FAILURE_FAILED,
			"use \"codegenctl status\", \"tasks\" or \"watch\" in a pipe",
			"\"top\" needs a terminal, and this is none");
	}
	return top_run(inv);
}

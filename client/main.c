#include <signal.h>
#include <stdio.h>

#include "client/command.h"
#include "client/failure.h"
#include "client/print.h"
#include "common/log.h"

/* A result that cannot be shown is a failure, but for a CI step that reports: its report counts. */
static int finish(const struct invocation *inv, int code) {
	if (fflush(stdout) == EOF && code == EXIT_DONE) {
		code = failure_report(FAILURE_FAILED, NULL, "cannot write the output");
	}
	return command_forgives(inv) && !inv->command->runs ? EXIT_DONE : code;
}

int main(int argc, char **argv) {
	struct invocation inv;
	struct print_style style;
	bool done;
	int r;

	log_open("codegenctl", LOG_LEVEL_WARNING, false);
	r = command_parse(argc, argv, &inv, &done);
	if (!done && r == 0) {
		if (command_forgives(&inv) && !inv.command->runs) {
			(void)signal(SIGPIPE,
				SIG_IGN); /* nobody reads what it prints: no reason to end */
		}
		style = print_style_detect(option_flag(&inv.globals, "no-color"));
		print_set_style(&style);
		if (option_flag(&inv.globals, "quiet") && !inv.json && !inv.command->runs &&
			freopen("/dev/null", "w", stdout) == NULL) {
			failure_warn("cannot open \"/dev/null\"");
		}
		r = inv.command->run(&inv);
	}
	return finish(&inv, r);
}

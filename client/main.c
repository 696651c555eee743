#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "client/command.h"
#include "client/failure.h"
#include "client/print.h"
#include "common/json_memory.h"
#include "common/log.h"

/* A CI step that reports does not fail for that; one that is run does as it did. */
static bool is_forgiven(const struct invocation *inv) {
	return command_forgives(inv) && !inv->command->runs;
}

/*
 * A result that cannot be shown is a failure, but for a CI step that reports: its report counts. One that is a code, as
 * of "ready", keeps it.
 */
static int finish(const struct invocation *inv, int code) {
	int failed;

	errno = 0;
	/* What did not fit into the buffer may have failed before. */
	if ((fflush(stdout) == EOF || ferror(stdout)) && !failure_was_reported()) {
		failed = failure_report(FAILURE_FAILED, NULL, "cannot write the output%s%s",
			errno != 0 ? ": " : "", errno != 0 ? log_errno(-errno) : "");
		code = code == EXIT_DONE ? failed : code;
	}
	return is_forgiven(inv) ? EXIT_DONE : code;
}

int main(int argc, char **argv) {
	struct invocation inv;
	struct print_style style;
	bool done;
	int r;

	/* Output is UTF-8; numbers and sorting stay as they are. Without this locale each character has one cell. */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	json_memory_init();
	log_open("codegenctl", LOG_LEVEL_WARNING, false);
	r = command_parse(argc, argv, &inv, &done);
	if (!done && r == 0) {
		if (is_forgiven(&inv)) {
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

#include <stdio.h>

#include "client/command.h"
#include "client/failure.h"
#include "client/print.h"
#include "common/log.h"

int main(int argc, char **argv) {
	struct invocation inv;
	struct print_style style;
	bool done;
	int r;

	log_open("codegenctl", LOG_LEVEL_WARNING, false);
	r = command_parse(argc, argv, &inv, &done);
	if (!done && r == 0) {
		style = print_style_detect(option_flag(&inv.globals, "no-color"));
		print_set_style(&style);
		if (option_flag(&inv.globals, "quiet") && !inv.json &&
			freopen("/dev/null", "w", stdout) == NULL) {
			return failure_report(FAILURE_FAILED, NULL, "cannot open \"/dev/null\"");
		}
		r = inv.command->run(&inv);
	}
	if (fflush(stdout) == EOF) {
		return failure_report(FAILURE_FAILED, NULL, "cannot write the output");
	}
	return r;
}

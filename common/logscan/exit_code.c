#include "common/logscan/exit_code.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "common/macro.h"
#include "common/text.h"

#define SIGNALLED 128

static const struct exit_row {
	int64_t code;
	enum error_type type;
	enum logscan_cause cause;
	const char *words; /* NULL: by a signal */
	const char *name;
} rows[] = {
	{ 124, ERROR_INFRA, CAUSE_TIMEOUT, "its time limit was reached", NULL }, /* timeout(1) */
	{ 126, ERROR_UNKNOWN, CAUSE_PERMISSION, "the command cannot be executed", NULL },
	{ 127, ERROR_UNKNOWN, CAUSE_CONFIG, "command not found", NULL },
	{ 129, ERROR_UNKNOWN, CAUSE_UNKNOWN, NULL, "SIGHUP" },
	{ 130, ERROR_UNKNOWN, CAUSE_UNKNOWN, NULL, "SIGINT" },
	{ 131, ERROR_UNKNOWN, CAUSE_UNKNOWN, NULL, "SIGQUIT" },
	{ 132, ERROR_UNKNOWN, CAUSE_UNKNOWN, NULL, "SIGILL" },
	{ 134, ERROR_UNKNOWN, CAUSE_UNKNOWN, NULL, "SIGABRT" },
	{ 135, ERROR_UNKNOWN, CAUSE_UNKNOWN, NULL, "SIGBUS" },
	{ 136, ERROR_UNKNOWN, CAUSE_UNKNOWN, NULL, "SIGFPE" },
	{ 137, ERROR_INFRA, CAUSE_RESOURCE, NULL, "SIGKILL" }, /* mostly for memory */
	{ 139, ERROR_UNKNOWN, CAUSE_UNKNOWN, NULL, "SIGSEGV" },
	{ 141, ERROR_UNKNOWN, CAUSE_UNKNOWN, NULL, "SIGPIPE" },
	{ 142, ERROR_UNKNOWN, CAUSE_UNKNOWN, NULL, "SIGALRM" },
	{ 143, ERROR_UNKNOWN, CAUSE_UNKNOWN, NULL, "SIGTERM" },
	{ 152, ERROR_INFRA, CAUSE_RESOURCE, NULL, "SIGXCPU" },
	{ 153, ERROR_INFRA, CAUSE_RESOURCE, NULL, "SIGXFSZ" },
};

bool exit_code_meaning(int64_t code, struct exit_meaning *ret) {
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct exit_row *row = &rows[i];

		if (row->code != code) {
			continue;
		}
		ret->type = row->type;
		ret->cause = row->cause;
		if (row->words != NULL) {
			(void)text_format(ret->sentence, sizeof(ret->sentence),
				"exit code %" PRId64 ": %s", code, row->words);
		} else {
			(void)text_format(ret->sentence, sizeof(ret->sentence),
				"ended by signal %" PRId64 " (%s)", code - SIGNALLED, row->name);
		}
		return true;
	}
	return false;
}

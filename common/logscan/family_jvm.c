#include "common/logscan/grammar.h"

/* clang-format off */
static const struct grammar_row rows[] = {
	/* sorted by tool and keyword */
	{ "placeholder-jvm", "\001jvm", NULL, ROLE_NOISE, ERROR_UNKNOWN, CAUSE_UNKNOWN, 0, 0, 0 },
};
/* clang-format on */

const struct grammar_family family_jvm = { rows, ARRAY_SIZE(rows) };

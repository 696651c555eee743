#include "common/logscan/grammar.h"

/* clang-format off */
static const struct grammar_row rows[] = {
	/* sorted by tool and keyword */
	{ "placeholder-deploy", "\001deploy", NULL, ROLE_NOISE, ERROR_UNKNOWN, CAUSE_UNKNOWN, 0, 0, 0 },
};
/* clang-format on */

const struct grammar_family family_deploy = { rows, ARRAY_SIZE(rows) };

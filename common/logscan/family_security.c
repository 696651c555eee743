#include "common/logscan/grammar.h"

/* clang-format off */
static const struct grammar_row rows[] = {
	/* sorted by tool and keyword */
	{ "placeholder-security", "\001security", NULL, ROLE_NOISE, ERROR_UNKNOWN, CAUSE_UNKNOWN, 0, 0, 0 },
};
/* clang-format on */

const struct grammar_family family_security = { rows, ARRAY_SIZE(rows) };

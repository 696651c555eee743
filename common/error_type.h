/*
 * error_type - what kind of step failed. Names as on the wire; the old scripts' names are read, never written.
 */
#pragma once

#include "common/macro.h"

enum error_type {
	ERROR_LINT,
	ERROR_TYPE_CHECK,
	ERROR_BUILD,
	ERROR_TEST,
	ERROR_SECURITY_SCAN,
	ERROR_DEPLOY,
	ERROR_INFRA,
	ERROR_UNKNOWN,
	ERROR_TYPE_COUNT,
};

/* "lint_failure", ... Static, never NULL. */
const char *error_type_name(enum error_type type);
/* Reads a name or an alias of the old scripts, whatever its case. Returns: 0; -EINVAL, `ret_type` untouched. */
must_check int error_type_parse(const char *name, enum error_type *ret_type);

/*
 * result - from a verdict and its evidence to what callers of logscan get. Pure.
 */
#pragma once

#include "common/logscan/decide.h"
#include "common/logscan/logscan.h"
#include "common/macro.h"

/* Returns: 0, the caller runs logscan_result_finish(); -ENOMEM. */
must_check int result_make(const struct evidences *evidences, const struct decision *decision,
	struct logscan_result *ret_result);

/*
 * submission_parts - the parts of submission, and for nobody else: result files, and what makes the whole fit to leave.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "client/command.h"
#include "client/results.h"
#include "client/submission.h"
#include "common/macro.h"

/* What the result files tell beside their numbers. */
struct submission_results {
	bool failed;		/* one of them tells of a failure */
	enum results_kind kind; /* the first one that does */
	char why[CLIENT_SENTENCE_MAX];
};

/*
 * Adds what the files of --coverage, --lint, --security and --tests say. A file that cannot be used is an error with
 * --strict, else a warning. Returns: 0; an exit code, the failure was printed.
 */
must_check int submission_add_results(const struct invocation *inv,
	const struct step_outcome *outcome, int64_t deadline_us, json_t *parameters,
	struct submission_results *ret_results);

/*
 * Takes secrets, also the values of secret variables, out of every text but the key; cuts what then is too long, and
 * leaves out what is too long for a message: the context, then the log, then the scan.
 * Returns: 0; -ENOMEM; -EMSGSIZE, it is too long without these too.
 */
must_check int submission_clean(json_t *parameters);

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
	/* Of the files that tell of a failure, for submission_add_findings(); borrowed: the parameters hold them. */
	const json_t *telling[RESULTS_KIND_COUNT];
};

/*
 * Adds what the files of --coverage, --lint, --security and --tests say. A file that cannot be used is an error with
 * --strict or beside an outcome that passed, else a warning; one that the step has not written is only a warning beside
 * a pass. Returns: 0; an exit code, the failure was printed.
 */
must_check int submission_add_results(const struct invocation *inv,
	const struct step_outcome *outcome, int64_t deadline_us, json_t *parameters,
	struct submission_results *ret_results);

/*
 * Adds to the scan among the parameters, which is made when it is missing, what the files tell of and the log's scan
 * does not: their numbers and, bounded, what failed. Returns: 0; -ENOMEM.
 */
must_check int submission_add_findings(const struct submission_results *results, json_t *parameters);

/*
 * Takes secrets, also the values of secret variables, out of every text but the key; cuts what then is too long, and
 * leaves out what is too long for a message: the context, then the log, then the scan.
 * Returns: 0; -ENOMEM; -EMSGSIZE, it is too long without these too.
 */
must_check int submission_clean(json_t *parameters);

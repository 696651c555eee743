/*
 * stats: how repair and pipelines do.
 */
#include <stdio.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/request.h"
#include "client/stats_request.h"

int cmd_stats(const struct invocation *inv) {
	json_t *stats = NULL;
	int r;

	if (inv->json && option_flag(&inv->options, "prometheus")) {
		return failure_report(FAILURE_USAGE, "use one of them",
			"options \"--json\" and \"--prometheus\" exclude each other");
	}
	r = stats_request(inv, &stats);
	if (r != 0) {
		return r;
	}
	if (option_flag(&inv->options, "prometheus")) {
		r = stats_print_prometheus(stats);
	} else if (inv->json) {
		r = request_print_json(stats);
	} else {
		stats_show(stats);
	}
	json_decref(stats);
	return r;
}

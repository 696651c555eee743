#include "client/report.h"

#include <jansson.h>

#include "client/delivery.h"
#include "common/clock.h"

int64_t report_timeout_ms(const struct invocation *inv) {
	return option_given(&inv->globals, "timeout") ? inv->timeout_ms : CLIENT_SUBMIT_TIMEOUT_MS;
}

int report_send(const struct invocation *inv, const struct step_outcome *outcome,
	int64_t deadline_us, bool quiet) {
	json_t *parameters = NULL;
	int64_t now_us = clock_mono_us();
	int64_t gather_us =
		MIN(now_us + CLIENT_GIT_TIMEOUT_MS * 1000, now_us + (deadline_us - now_us) / 2);
	int r = submission_create(inv, outcome, gather_us, &parameters);

	if (r == 0) {
		r = delivery_send(inv, parameters, deadline_us, quiet);
		json_decref(parameters);
	}
	return r;
}

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/macro.h"
#include "common/text.h"
#include "tests/bench/load.h"

#define BRANCHES_JOINED 64
#define BRANCH_MAX 128

static int format_submit(
	const struct payload *payload, int64_t n, const char *branch, char *out, size_t size) {
	return snprintf(out, size,
		"{\"key\":\"%s-%" PRId64 "\",\"project\":\"acme/web\",\"branch\":\"%s\","
		"\"commit\":\"%040" PRIx64 "\",\"job\":\"test\",\"step\":\"unit\","
		"\"command\":\"npm test\",\"exitCode\":1,\"buildNumber\":\"%" PRId64 "\","
		"\"buildUrl\":\"https://ci.example.org/acme/web/%" PRId64 "\","
		"\"errorType\":\"test_failure\",\"errorDetails\":"
		"\"3 of 512 tests failed: sum adds, sum carries, sum overflows\"%s%s%s}",
		payload->prefix, n, branch, n, n, n, payload->log != NULL ? ",\"log\":\"" : "",
		payload->log != NULL ? payload->log : "", payload->log != NULL ? "\"" : "");
}

/* Every submission opens an incident of its own. */
static int format_new(const struct payload *payload, int64_t n, char *out, size_t size) {
	char branch[BRANCH_MAX];

	text_format(branch, sizeof(branch), "fix/%s-%" PRId64, payload->prefix, n);
	return format_submit(payload, n, branch, out, size);
}

/* The submissions join a few incidents. */
static int format_join(const struct payload *payload, int64_t n, char *out, size_t size) {
	char branch[BRANCH_MAX];

	text_format(branch, sizeof(branch), "fix/%s-%" PRId64, payload->prefix, n % BRANCHES_JOINED);
	return format_submit(payload, n, branch, out, size);
}

static int format_schedule(const struct payload *payload, int64_t n, char *out, size_t size) {
	return snprintf(out, size,
		"{\"project\":\"acme/web\",\"branch\":\"due/%s-%" PRId64
		"\",\"commit\":\"%040" PRIx64 "\",\"delayMs\":%" PRId64 "}",
		payload->prefix, n, n, MAX(payload->number - clock_now_ms(), INT64_C(0)));
}

static int format_nothing(const struct payload *payload, int64_t n, char *out, size_t size) {
	return snprintf(out, size, "{}");
}

static const struct call_type call_types[] = {
	{ "join", "Submit", "\"reportId\"", format_join },
	{ "new", "Submit", "\"reportId\"", format_new },
	{ "ping", "Ping", "\"version\"", format_nothing },
	{ "schedule", "Schedule", "\"delayed-", format_schedule },
	{ "sized", "Submit", "\"reportId\"", format_new },
	{ "status", "GetStatus", "\"incidents\"", format_nothing },
};

const struct call_type *call_type_find(const char *name) {
	for (size_t i = 0; i < ARRAY_SIZE(call_types); i++) {
		if (strcmp(call_types[i].name, name) == 0) {
			return &call_types[i];
		}
	}
	return NULL;
}

/* Lines as a test prints them, ready to stand in JSON; at most `n_bytes` there, in whole lines. */
static char *make_log(size_t n_bytes) {
	static const char line[] = "  ok 17 - sum carries (3 ms)\\n";
	char *log = calloc(1, n_bytes + 1);

	for (size_t n = 0; log != NULL && n + sizeof(line) - 1 <= n_bytes; n += sizeof(line) - 1) {
		memcpy(log + n, line, sizeof(line) - 1);
	}
	return log;
}

/* `sized` counts the payload in all, the others their log. */
void payload_prepare(struct payload *payload, const struct call_type *type) {
	static char bare[REQUEST_MAX];
	int64_t n_bytes = MIN(payload->number, (int64_t)REQUEST_MAX / 2);

	if (type->format != format_new && type->format != format_join) {
		return;
	}
	if (strcmp(type->name, "sized") == 0) {
		payload->log = make_log(0);
		n_bytes -= type->format(payload, 0, bare, sizeof(bare));
		free(payload->log);
		payload->log = NULL;
	}
	if (n_bytes > 0) {
		payload->log = make_log((size_t)n_bytes);
	}
}

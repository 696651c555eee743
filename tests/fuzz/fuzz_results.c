/* A result file, as each kind: it is refused with a sentence, or understood with whatever is in it in bounds. */
#include <sys/mman.h>
#include <unistd.h>

#include "client/limits.h"
#include "client/results.h"
#include "common/clock.h"
#include "common/text.h"
#include "tests/fuzz/fuzz.h"

static void is_in_bounds(const json_t *quality) {
	char *text = json_dumps(quality, JSON_COMPACT | JSON_ENSURE_ASCII);

	FUZZ_CHECK(json_is_object(quality) && text != NULL);
	FUZZ_CHECK(json_array_size(json_object_get(quality, "findings")) <= CLIENT_FINDINGS_MAX);
	FUZZ_CHECK(json_array_size(json_object_get(quality, "failures")) <= CLIENT_FINDINGS_MAX);
	free(text);
}

static void read_as(enum results_kind kind, const char *path) {
	struct results results;
	char message[512] = "";
	int64_t deadline_us = clock_mono_us() + INT64_C(60000000);

	if (results_read(kind, path, true, deadline_us, &results, message, sizeof(message)) == 0) {
		is_in_bounds(results.quality);
		FUZZ_CHECK(!results.failed || results.why[0] != '\0');
		FUZZ_CHECK(text_is_utf8(results.why, strlen(results.why)));
		json_decref(results.quality);
	} else {
		FUZZ_CHECK(message[0] != '\0');
		FUZZ_CHECK(text_is_utf8(message, strlen(message)));
	}
}

void fuzz_one(struct fuzz in) {
	int fd = memfd_create("results", MFD_CLOEXEC);
	char path[64];

	FUZZ_CHECK(fd >= 0 && write(fd, in.data, in.len) == (ssize_t)in.len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	for (int kind = 0; kind < RESULTS_KIND_COUNT; kind++) {
		read_as((enum results_kind)kind, path);
	}
	close(fd);
}

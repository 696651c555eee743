#include "client/results.h"

#include <errno.h>
#include <stdlib.h>

#include "client/file.h"
#include "client/limits.h"
#include "common/text.h"

const char *results_kind_name(enum results_kind kind) {
	static const char *const names[RESULTS_KIND_COUNT] = { "coverage", "lint", "security",
		"tests" };

	return names[kind];
}

int results_read(enum results_kind kind, const char *path, int64_t deadline_us,
	struct results *ret_results, char *message, size_t size) {
	_cleanup_(freep) char *text = NULL;
	size_t len = 0;
	int r = file_read_whole(
		path, FILE_REGULAR_PIPE, CLIENT_QUALITY_MAX_BYTES, deadline_us, &text, &len);
	json_t *object;

	(void)kind;
	if (r < 0) {
		return r;
	}
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		(void)text_copy(message, size, "not a JSON object");
		return -EINVAL;
	}
	*ret_results = (struct results){ .quality = object };
	return 0;
}

/* Istanbul's coverage-summary.json (nyc, c8, jest, vitest). Its percentages, which may be "Unknown", are not read. */
#include "client/results_internal.h"

int results_read_istanbul(struct results_reading *reading) {
	static const char *const parts[] = { "lines", "statements", "functions", "branches" };
	const json_t *total = json_object_get(reading->json, "total");
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++) {
		const json_t *part = json_object_get(total, parts[i]);

		if (!json_is_integer(json_object_get(part, "total")) ||
			!json_is_integer(json_object_get(part, "covered"))) {
			continue;
		}
		r = results_cover(reading, parts[i], results_number(part, "covered"),
			results_number(part, "total"));
	}
	if (r == 0 && json_object_size(reading->numbers) == 0) {
		return results_refuse(reading, "its \"total\" has no numbers");
	}
	return r;
}

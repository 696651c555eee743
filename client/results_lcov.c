/* lcov's tracefile (geninfo(1)). LF and LH may be missing; the DA lines are counted then. */
#include <string.h>

#include "client/results_internal.h"
#include "common/text.h"

struct lcov {
	int64_t lines[2], branches[2], functions[2]; /* covered, total */
	/* Of the file being read; the totals are -1 until its own sum was seen. */
	int64_t file_lines[2], counted_lines[2];
	int64_t file_branches[2], counted_branches[2];
	int64_t file_functions[2];
	bool in_file;
	int64_t n_files;
};

static void begin_file(struct lcov *lcov) {
	lcov->in_file = true;
	lcov->file_lines[0] = lcov->file_branches[0] = lcov->file_functions[0] = 0;
	lcov->file_lines[1] = lcov->file_branches[1] = lcov->file_functions[1] = -1;
	lcov->counted_lines[0] = lcov->counted_lines[1] = 0;
	lcov->counted_branches[0] = lcov->counted_branches[1] = 0;
}

static void add_pair(int64_t sum[2], const int64_t told[2], const int64_t counted[2]) {
	const int64_t *pair = told[1] >= 0 ? told : counted;

	sum[0] = MIN(sum[0] + pair[0], RESULTS_COUNT_MAX);
	sum[1] = MIN(sum[1] + pair[1], RESULTS_COUNT_MAX);
}

static void end_file(struct lcov *lcov) {
	static const int64_t none[2] = { 0, 0 };

	if (lcov->in_file) {
		add_pair(lcov->lines, lcov->file_lines, lcov->counted_lines);
		add_pair(lcov->branches, lcov->file_branches, lcov->counted_branches);
		add_pair(lcov->functions, lcov->file_functions, none);
		lcov->n_files++;
	}
	lcov->in_file = false;
}

/* "LINE,HITS" or "LINE,BLOCK,BRANCH,TAKEN"; "-" is never. */
static void count_hit(const char *text, int64_t counted[2]) {
	const char *comma = strchr(text, ',');

	counted[0] += comma != NULL && results_parse(comma + 1) > 0;
	counted[1]++;
}

static void count_branch(const char *text, int64_t counted[2]) {
	const char *comma = strrchr(text, ',');

	counted[0] += comma != NULL && results_parse(comma + 1) > 0;
	counted[1]++;
}

static int on_line(void *user, char *text, size_t len) {
	struct lcov *lcov = user;
	const struct {
		const char *word;
		int64_t *number;
	} sums[] = {
		{ "BRF:", &lcov->file_branches[1] },
		{ "BRH:", &lcov->file_branches[0] },
		{ "FNF:", &lcov->file_functions[1] },
		{ "FNH:", &lcov->file_functions[0] },
		{ "LF:", &lcov->file_lines[1] },
		{ "LH:", &lcov->file_lines[0] },
	};

	if (strncmp(text, "SF:", 3) == 0) {
		begin_file(lcov);
	} else if (strcmp(text, "end_of_record") == 0) {
		end_file(lcov);
	} else if (strncmp(text, "DA:", 3) == 0) {
		count_hit(text + 3, lcov->counted_lines);
	} else if (strncmp(text, "BRDA:", 5) == 0) {
		count_branch(text + 5, lcov->counted_branches);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
		if (strncmp(text, sums[i].word, strlen(sums[i].word)) == 0) {
			*sums[i].number = results_parse(text + strlen(sums[i].word));
		}
	}
	return 0;
}

int results_read_lcov(struct results_reading *reading) {
	struct lcov lcov = { 0 };
	bool whole = false;
	int r = results_source_lines(reading->source, on_line, &lcov, &whole);

	if (r < 0) {
		return r;
	}
	if (lcov.in_file || lcov.n_files == 0) {
		return results_refuse(
			reading, lcov.in_file ? "it ends within a record" : "it has no records");
	}
	r = results_cover(reading, "lines", lcov.lines[0], lcov.lines[1]);
	r = r < 0 ? r : results_cover(reading, "branches", lcov.branches[0], lcov.branches[1]);
	return r < 0 ? r : results_cover(reading, "functions", lcov.functions[0], lcov.functions[1]);
}

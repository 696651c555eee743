/* What builds become in the statistics: the odd ones most of all. */
#include "tests/unit/store/harness.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/model/tally.h"

#define DAY (24 * HOUR)

struct told {
	bool passed;
	const char *commit;
	const char *number;
	const char *quality; /* NULL: none */
	int64_t at_ms;
	const char *job; /* NULL: that of all others */
};

static void tell(struct fixture *f, const struct told *told, const char *branch) {
	struct submission s;

	submission_init(&s, branch, "", told->at_ms);
	s.build.passed = told->passed;
	TEXT_SET(s.build.commit, told->commit);
	TEXT_SET(s.build.build_number, told->number);
	if (told->job != NULL) {
		TEXT_SET(s.build.job, told->job);
	}
	s.build.quality = told->quality != NULL ? json_loads(told->quality, 0, NULL) : NULL;
	if (told->passed) {
		s.step.event.type = EVENT_BUILD_PASSED;
		s.step.event.report = NULL;
		s.step.report = NULL;
		s.step.scope = STEP_BY_BRANCH;
		s.step.note = "It passed.";
		s.step.decide = decide_scripted;
	}
	assert_int_equal(submit(f, &s), 0);
	json_decref(s.build.quality);
	store_step_finish(&s.step);
}

/* All slices put together. */
struct answer {
	json_t *totals, *days, *branches;
	int64_t n_later;
};

/* Returns how many events are not counted yet. */
static int64_t ask_once(struct fixture *f, const char *branch, int64_t from_day, int64_t until_day,
	bool recompute, struct answer *ret) {
	struct store_stats stats = { .project = branch != NULL ? "acme/web" : NULL,
		.branch = branch,
		.from_day = from_day,
		.until_day = until_day,
		.now_day = T0 / DAY };

	*ret = (struct answer){ .totals = json_object(), .days = json_array() };
	store_stats_begin(&stats, recompute);
	do {
		json_decref(ret->branches);
		assert_int_equal(run(f, &stats.req, store_stats(f->store, &stats, request_done)), 0);
		assert_int_equal(tally_merge(ret->totals, stats.totals), 0);
		assert_int_equal(json_array_extend(ret->days, stats.days), 0);
		ret->branches = json_incref(stats.branches);
		ret->n_later = stats.n_later;
		store_stats_finish(&stats);
	} while (stats.more);
	return stats.behind;
}

static void answer_finish(struct answer *answer) {
	json_decref(answer->totals);
	json_decref(answer->days);
	json_decref(answer->branches);
}

/* One call takes in for some time only: again until everything is counted. */
static void ask(struct fixture *f, const char *branch, int64_t from_day, int64_t until_day,
	bool recompute, struct answer *ret) {
	while (ask_once(f, branch, from_day, until_day, recompute, ret) > 0) {
		answer_finish(ret);
		recompute = false;
	}
}

static void ask_all(struct fixture *f, struct answer *ret) {
	ask(f, NULL, T0 / DAY - 10, T0 / DAY + 10, false, ret);
}

/* Each row is a build of its own branch; what makes no sense is told, and counts nowhere else. */
static void test_quality(void **state) {
	static const struct {
		const char *quality;
		const char *metric, *label;
		int64_t n, total;
	} table[] = {
		{ "{\"coverage\":{\"lines\":{\"covered\":7,\"total\":8}}}", "coverage", "lines", 1,
			8750 },
		{ "{\"coverage\":{\"lines\":{\"covered\":2,\"total\":3}}}", "coverage", "lines", 1,
			6667 },
		{ "{\"coverage\":{\"lines\":{\"covered\":0,\"total\":3}}}", "coverage", "lines", 1,
			0 },
		{ "{\"coverage\":{\"lines\":{\"covered\":99999,\"total\":100000}}}", "coverage",
			"lines", 1, 9999 },
		{ "{\"coverage\":{\"lines\":{\"covered\":100000,\"total\":100000}}}", "coverage",
			"lines", 1, 10000 },
		{ "{\"coverage\":{\"lines\":{\"covered\":9,\"total\":8}}}", "ignored", "coverage",
			1, 0 },
		{ "{\"coverage\":{\"lines\":{\"covered\":0,\"total\":0}}}", "ignored", "coverage",
			1, 0 },
		{ "{\"coverage\":{\"lines\":{\"covered\":-1,\"total\":8}}}", "ignored", "coverage",
			1, 0 },
		{ "{\"coverage\":{\"lines\":\"Unknown\"}}", "ignored", "coverage", 1, 0 },
		{ "{\"coverage\":{\"lines\":{\"covered\":1,\"total\":9223372036854775807}}}",
			"ignored", "coverage", 1, 0 },
		{ "{\"coverage\":{}}", "ignored", "coverage", 1, 0 },
		{ "{\"coverage\":{\"completed\":false,\"lines\":{\"covered\":7,\"total\":8}}}",
			"ignored", "coverage", 1, 0 },
		{ "{\"lint\":{\"errors\":3}}", "lint", "errors", 1, 3 },
		{ "{\"lint\":{\"errors\":3}}", "lint", "builds", 1, 0 },
		{ "{\"lint\":{\"errors\":3}}", "lint", "warnings", 0, 0 },
		{ "{\"lint\":{\"errors\":0,\"warnings\":null}}", "lint", "errors", 1, 0 },
		{ "{\"lint\":{\"errors\":0,\"warnings\":null}}", "lint", "warnings", 0, 0 },
		{ "{\"lint\":{\"errors\":null}}", "ignored", "lint", 1, 0 },
		{ "{\"lint\":{\"errors\":10000000}}", "lint", "errors", 1, 10000000 },
		{ "{\"lint\":{\"errors\":10000001,\"warnings\":1}}", "ignored", "lint", 1, 0 },
		{ "{\"lint\":{\"errors\":10000001,\"warnings\":1}}", "lint", "warnings", 0, 0 },
		{ "{\"lint\":{\"errors\":\"3\",\"warnings\":1}}", "ignored", "lint", 1, 0 },
		{ "{\"lint\":{\"warnings\":-1}}", "ignored", "lint", 1, 0 },
		{ "{\"lint\":{}}", "ignored", "lint", 1, 0 },
		{ "{\"tests\":{\"total\":5,\"durationMs\":12}}", "tests", "durationMs", 1, 12 },
		{ "{\"tests\":{\"passed\":5,\"failed\":1}}", "tests", "total", 0, 0 },
		{ "{\"tests\":{\"passed\":5,\"failed\":1}}", "tests", "passed", 1, 5 },
		{ "{\"tests\":{\"total\":5,\"passed\":3,\"failed\":1,\"skipped\":1}}", "tests",
			"total", 1, 5 },
		{ "{\"tests\":{\"total\":5,\"passed\":9,\"skipped\":7}}", "ignored", "tests", 1, 0 },
		{ "{\"tests\":{\"total\":5,\"passed\":3,\"failed\":3}}", "tests", "builds", 0, 0 },
		{ "{\"tests\":{\"durationMs\":2592000001}}", "ignored", "tests", 1, 0 },
		{ "{\"tests\":{\"total\":5.5}}", "ignored", "tests", 1, 0 },
		{ "{\"security\":{\"critical\":2}}", "security", "critical", 1, 2 },
		{ "{\"security\":{\"high\":2}}", "security", "critical", 0, 0 },
		{ "{\"security\":{\"completed\":false,\"critical\":2}}", "ignored", "security", 1, 0 },
		{ "{\"coverage\":{\"lines\":{\"covered\":7,\"total\":8}},\"lint\":{\"errors\":true}}",
			"coverage", "lines", 1, 8750 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct told told = { true, "abcdef1", "1", table[i].quality, T0, NULL };
		struct answer answer;
		char branch[32];

		snprintf(branch, sizeof(branch), "quality/%zu", i);
		tell(*state, &told, branch);
		ask(*state, branch, T0 / DAY, T0 / DAY, false, &answer);
		assert_int_equal(tally_sum(answer.totals, "builds"), 1);
		assert_int_equal(tally_n(answer.totals, table[i].metric, table[i].label), table[i].n);
		assert_int_equal(tally_total(answer.totals, table[i].metric, table[i].label),
			table[i].total);
		answer_finish(&answer);
	}
}

static void assert_branch(
	const struct answer *answer, int64_t builds, int64_t run, int64_t longest, int64_t n_late) {
	const json_t *branch = json_array_get(answer->branches, 0);

	assert_int_equal(json_integer_value(json_object_get(branch, "builds")), builds);
	assert_int_equal(json_integer_value(json_object_get(branch, "currentRun")), run);
	assert_int_equal(json_integer_value(json_object_get(branch, "longestRun")), longest);
	assert_int_equal(json_integer_value(json_object_get(branch, "outOfOrder")), n_late);
}

/*
 * A duplicate counts nowhere, a late one in no run, which it ends when it failed; what passed and failed on a commit is
 * flaky, once.
 */
static void test_branch(void **state) {
	static const char failures[] =
		"{\"tests\":{\"total\":9,\"failures\":[{\"test\":\"adds \\\"a\\\"\"},{\"test\":\"\xe9\xa1\xb9\"}]}}";
	static const struct {
		struct told told;
		int64_t builds, run, longest, n_duplicates, n_late, n_flaky;
	} table[] = {
		{ { true, "aaaaaaa1", "8", NULL, T0, NULL }, 1, 1, 1, 0, 0, 0 },
		{ { true, "aaaaaaa2", "9", NULL, T0, NULL }, 2, 2, 2, 0, 0, 0 },
		{ { true, "aaaaaaa2", "9", NULL, T0, NULL }, 2, 2, 2, 1, 0, 0 },
		{ { true, "aaaaaaa2", "10", NULL, T0, NULL }, 3, 3, 3, 1, 0, 0 },
		{ { false, "aaaaaaa0", "7", NULL, T0, NULL }, 4, 0, 3, 1, 1, 0 },
		{ { false, "aaaaaaa3", "11", failures, T0, NULL }, 5, 0, 3, 1, 1, 0 },
		{ { true, "aaaaaaa3", "11", NULL, T0, NULL }, 6, 1, 3, 1, 1, 2 },
		{ { false, "aaaaaaa3", "11", failures, T0, NULL }, 7, 0, 3, 1, 1, 2 },
		{ { true, "", "", NULL, T0, NULL }, 8, 1, 3, 1, 1, 2 },
		{ { true, "", "", NULL, T0, NULL }, 9, 2, 3, 1, 1, 2 },
		{ { true, "aaaaaaa4", "999999999999999999999999", NULL, T0, NULL }, 10, 3, 3, 1, 1,
			2 },
		{ { true, "aaaaaaa5", "12", NULL, T0, NULL }, 11, 3, 3, 1, 2, 2 },
		{ { true, "aaaaaaa6", "v13", NULL, T0, NULL }, 12, 4, 4, 1, 2, 2 },
		{ { false, "aaaaaaa6", "v13", NULL, T0, NULL }, 13, 0, 4, 1, 2, 3 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct answer answer;

		tell(*state, &table[i].told, "main");
		ask(*state, "main", T0 / DAY, T0 / DAY, false, &answer);
		assert_branch(
			&answer, table[i].builds, table[i].run, table[i].longest, table[i].n_late);
		assert_int_equal(tally_sum(answer.totals, "builds"), table[i].builds);
		assert_int_equal(
			tally_n(answer.totals, "ignored", "duplicate"), table[i].n_duplicates);
		assert_int_equal(tally_n(answer.totals, "ignored", "outOfOrder"), table[i].n_late);
		assert_int_equal(tally_sum(answer.totals, "flaky"), table[i].n_flaky);
		answer_finish(&answer);
	}
}

/* `n` builds of a job, each number one more, each of a commit of its own. */
static void tell_some(
	struct fixture *f, const char *branch, const char *job, bool passed, int from, int n) {
	static int n_commits;

	for (int i = 0; i < n; i++) {
		char commit[16], number[16];
		struct told told = { passed, commit, number, NULL, T0, job };

		snprintf(commit, sizeof(commit), "c%07x", n_commits++);
		snprintf(number, sizeof(number), "%d", from + i);
		tell(f, &told, branch);
	}
}

static void assert_stands(struct fixture *f, const char *branch, int64_t builds, int64_t run,
	int64_t longest, int64_t n_late) {
	struct answer answer;

	ask(f, branch, T0 / DAY, T0 / DAY, false, &answer);
	assert_branch(&answer, builds, run, longest, n_late);
	answer_finish(&answer);
}

/* A CI system that counts jobs: of each commit `lint` has the higher number and passes before `test` fails. */
static void test_numbers_of_other_jobs(void **state) {
	for (int i = 0; i < 6; i++) {
		tell_some(*state, "main", "lint", true, 101 + 2 * i, 1);
		tell_some(*state, "main", "test", false, 100 + 2 * i, 1);
	}
	assert_stands(*state, "main", 12, 0, 1, 0);
}

/* A red build ends a run at once; green ones count again after as many as may come late. */
static void test_numbering_that_begins_anew(void **state) {
	tell_some(*state, "red", "ci", true, 100, 10);
	tell_some(*state, "red", "ci", false, 1, 8);
	assert_stands(*state, "red", 18, 0, 10, 8);
	tell_some(*state, "green", "ci", true, 100, 10);
	tell_some(*state, "green", "ci", true, 1, LIMIT_STATS_LATE);
	assert_stands(*state, "green", 10 + LIMIT_STATS_LATE, 10, 10, LIMIT_STATS_LATE);
	tell_some(*state, "green", "ci", true, 1 + LIMIT_STATS_LATE, 3);
	assert_stands(*state, "green", 13 + LIMIT_STATS_LATE, 13, 13, LIMIT_STATS_LATE);
	tell_some(*state, "green", "ci", true, 4, 1);
	assert_stands(*state, "green", 14 + LIMIT_STATS_LATE, 13, 13, LIMIT_STATS_LATE + 1);
}

/* Those that came late now and then do not add up to a new beginning. */
static void test_late_now_and_then(void **state) {
	for (int i = 0; i < 2 * LIMIT_STATS_LATE; i++) {
		tell_some(*state, "main", "ci", false, 100 + i, 1);
		tell_some(*state, "main", "ci", true, 1 + i, 1);
	}
	assert_stands(*state, "main", 4 * LIMIT_STATS_LATE, 0, 0, 2 * LIMIT_STATS_LATE);
}

/* Of the job that came longest ago the numbers are forgotten: its next one is no late one. */
static void test_many_jobs(void **state) {
	char job[16];

	tell_some(*state, "main", "first", true, 7, 1);
	for (int i = 0; i < LIMIT_STATS_STREAMS; i++) {
		snprintf(job, sizeof(job), "job %d", i);
		tell_some(*state, "main", job, true, 9, 1);
	}
	tell_some(*state, "main", job, true, 8, 1);
	assert_stands(*state, "main", LIMIT_STATS_STREAMS + 2, LIMIT_STATS_STREAMS + 1,
		LIMIT_STATS_STREAMS + 1, 1);
	tell_some(*state, "main", "first", true, 6, 1);
	assert_stands(*state, "main", LIMIT_STATS_STREAMS + 3, LIMIT_STATS_STREAMS + 2,
		LIMIT_STATS_STREAMS + 2, 1);
}

/* Days are whole and UTC; what a clock that was ahead recorded is told, and counts nowhere else. */
static void test_days(void **state) {
	static const int64_t times[] = { T0 / DAY * DAY - 1, T0 / DAY * DAY,
		T0 / DAY * DAY + DAY - 1, T0 + 400 * DAY, T0 + 200 * 365 * DAY };
	struct answer answer;

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		struct told told = { true, "", "", NULL, times[i], NULL };

		tell(*state, &told, "main");
	}
	ask(*state, NULL, T0 / DAY, T0 / DAY, false, &answer);
	assert_int_equal(tally_n(answer.totals, "builds", "passed"), 2);
	assert_int_equal(json_array_size(answer.days), 1);
	assert_int_equal(answer.n_later, 2);
	answer_finish(&answer);
	ask_all(*state, &answer);
	assert_int_equal(tally_n(answer.totals, "builds", "passed"), 3);
	assert_int_equal(json_array_size(answer.days), 2);
	answer_finish(&answer);
}

/* Many more than are waited for; nobody asks. A start goes on where the last one was. */
static void test_follows_and_recomputes(void **state) {
	static const struct told told[] = { { true, "", "1", NULL, T0, NULL },
		{ false, "", "2", "{\"lint\":{\"errors\":1}}", T0 + DAY, NULL } };
	struct fixture *f = *state;
	struct answer first, again;
	char branch[32];

	for (int i = 0; i < 2 * LIMIT_STATS_BEHIND; i++) {
		snprintf(branch, sizeof(branch), "fix/%d", i % 7);
		tell(f, &told[i % 2], branch);
	}
	fixture_close(f);
	assert_true(file_sql(f, "SELECT seq FROM stats_place") > 0);
	assert_int_equal(fixture_open(f), 0);
	ask_all(f, &first);
	assert_int_equal(tally_sum(first.totals, "builds"), 2 * LIMIT_STATS_BEHIND);
	ask(f, NULL, T0 / DAY - 10, T0 / DAY + 10, true, &again);
	assert_true(json_equal(first.totals, again.totals));
	assert_true(json_equal(first.days, again.days));
	assert_true(json_equal(first.branches, again.branches));
	assert_int_equal(json_array_size(first.branches), 7);
	answer_finish(&again);
	answer_finish(&first);
}

/* Events of before there were facts, and facts that nobody can read, count nowhere and stop nothing. */
static void test_unreadable(void **state) {
	static const struct told told = { true, "", "1", NULL, T0, NULL };
	struct fixture *f = *state;
	struct answer answer;

	for (int i = 0; i < 4; i++) {
		tell(f, &told, "main");
	}
	fixture_close(f);
	(void)file_sql(f,
		"UPDATE events SET data = NULL WHERE seq = 1;"
		"UPDATE events SET data = 'no JSON' WHERE seq = 2;"
		"UPDATE events SET data = '{\"what\":7,\"branch\":[]}' WHERE seq = 3");
	assert_int_equal(fixture_open(f), 0);
	ask_all(f, &answer);
	assert_int_equal(tally_sum(answer.totals, "builds"), 1);
	answer_finish(&answer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(test_quality),
		TEST(test_branch),
		TEST(test_numbers_of_other_jobs),
		TEST(test_numbering_that_begins_anew),
		TEST(test_late_now_and_then),
		TEST(test_many_jobs),
		TEST(test_days),
		TEST(test_follows_and_recomputes),
		TEST(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the store hands to a verdict: the newest builds, and the older ones that still matter. */
#include "tests/unit/store/harness.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"

#define CROWD (LIMIT_BUILDS_PER_BRANCH + 10)

static int64_t now_ms = T0;

static void fail_on(struct fixture *f, const char *job, const char *commit) {
	struct submission s;

	submission_init(&s, "main", "", now_ms);
	TEXT_SET(s.build.job, job);
	TEXT_SET(s.build.commit, commit);
	assert_int_equal(submit(f, &s), 0);
	store_step_finish(&s.step);
}

static void decide_nothing(const struct step_input *input, struct step_result *ret) {
	ret->status = -ECANCELED;
}

static void pass_on(struct fixture *f, const char *job, const char *commit, size_t n) {
	for (size_t i = 0; i < n; i++) {
		struct build build = {
			.project = "acme/web", .branch = "main", .step = "npm test", .passed = true
		};
		struct store_step step = { .scope = STEP_BY_BRANCH,
			.event = { .type = EVENT_BUILD_PASSED, .build = &build },
			.build = &build,
			.project = "acme/web",
			.head_repository = "",
			.branch = "main",
			.now_ms = now_ms,
			.decide = decide_nothing };

		TEXT_SET(build.job, job);
		TEXT_SET(build.commit, commit);
		assert_int_equal(run(f, &step.req, store_step(f->store, &step, request_done)), 0);
		store_step_finish(&step);
	}
}

/* "+" and "-" with the job of every build but those of job "crowd", in the order of the answer. */
static size_t read_builds(struct fixture *f, char ret_text[256]) {
	struct store_builds builds = { .project = "acme/web", .head_repository = "", .branch = "main" };
	size_t n;

	ret_text[0] = '\0';
	assert_int_equal(run(f, &builds.req, store_builds(f->store, &builds, request_done)), 0);
	n = builds.n_builds;
	for (size_t i = 0; i < n; i++) {
		const struct build *build = &builds.builds[i];

		assert_true(i == 0 || build->id > builds.builds[i - 1].id);
		if (strcmp(build->job, "crowd") != 0 && strlen(ret_text) < 200) {
			(void)text_format(ret_text + strlen(ret_text), 256 - strlen(ret_text),
				"%c%s@%s ", build->passed ? '+' : '-', build->job, build->commit);
		}
	}
	store_builds_finish(&builds);
	return n;
}

static void test_the_window(void **state) {
	struct fixture *f = *state;
	char text[256];

	assert_int_equal(read_builds(f, text), 0);
	pass_on(f, "b", "c1", 1);
	fail_on(f, "a", "c1");
	pass_on(f, "a", "c2", 1);
	assert_int_equal(read_builds(f, text), 3);
	assert_string_equal(text, "+b@c1 -a@c1 +a@c2 ");
	pass_on(f, "crowd", "c1", CROWD);
	pass_on(f, "b", "c2", 1);
	assert_int_equal(read_builds(f, text), LIMIT_BUILDS_PER_BRANCH + 1);
	assert_string_equal(text, "-a@c1 +b@c2 ");
}

/* The failures of an incident that is not over, and what repaired them, whatever came after. */
static void test_older_ones_that_matter(void **state) {
	struct fixture *f = *state;
	char text[256];

	fail_on(f, "a", "c1");
	fail_on(f, "b", "c1");
	pass_on(f, "b", "c0", 1);
	pass_on(f, "b", "c1", 2);
	fail_on(f, "d", "c1");
	fail_on(f, "d", "c2");
	fail_on(f, "d", "c1");
	pass_on(f, "crowd", "c1", CROWD);
	fail_on(f, "e", "c1");
	assert_int_equal(read_builds(f, text), LIMIT_BUILDS_PER_BRANCH + 5);
	assert_string_equal(text, "-a@c1 -b@c1 +b@c1 -d@c2 -d@c1 -e@c1 ");

	fixture_close(f);
	(void)file_sql(f, "UPDATE incidents SET state = 'abandoned' RETURNING 0");
	assert_int_equal(fixture_open(f), 0);
	assert_int_equal(read_builds(f, text), LIMIT_BUILDS_PER_BRANCH);
	assert_string_equal(text, "-e@c1 ");
}

/* Two incidents: a red of the one does not stand for the other's newest report. */
static void test_the_newest_report_stays(void **state) {
	struct fixture *f = *state;
	struct submission s;
	char text[256];

	fail_on(f, "a", "c1");
	submission_init(&s, "main", "", T0);
	TEXT_SET(s.build.job, "a");
	TEXT_SET(s.build.commit, "c1");
	s.step.error_type = ERROR_LINT;
	s.report.error_type = ERROR_LINT;
	assert_int_equal(submit(f, &s), 0);
	store_step_finish(&s.step);
	pass_on(f, "crowd", "c1", CROWD);
	assert_int_equal(read_builds(f, text), LIMIT_BUILDS_PER_BRANCH + 2);
	assert_string_equal(text, "-a@c1 -a@c1 ");
}

/* Failures of unknown order, more than can be judged: one more says so. */
static void test_too_many(void **state) {
	struct fixture *f = *state;
	char text[256], commit[16];

	for (int i = 0; i < LIMIT_BUILDS_JUDGED + 20; i++) {
		(void)text_format(commit, sizeof(commit), "c%d", i);
		fail_on(f, "a", commit);
	}
	assert_int_equal(read_builds(f, text), LIMIT_BUILDS_JUDGED + 1);
}

/* Which one is newer is not the clock's to say: a red one would be taken for older than an earlier green one. */
static void test_a_clock_that_was_set_back(void **state) {
	struct fixture *f = *state;
	char text[256];

	pass_on(f, "a", "c1", 1);
	now_ms = T0 - 24 * HOUR;
	fail_on(f, "a", "c2");
	now_ms = T0;
	(void)read_builds(f, text);
	assert_string_equal(text, "+a@c1 -a@c2 ");
}

/* Of the incidents of a key the newest counts: the one that is opened last, whatever the clock says. */
static void test_incidents_of_a_clock_that_was_set_back(void **state) {
	struct fixture *f = *state;
	int64_t first = submit_simple(f, "b", T0);

	assert_true(submit_simple(f, "c", T0 - 24 * HOUR) > first);
}

/* What an incident's cycle set out to repair is told from what failed since by the reports' ids. */
static void test_reports_of_a_clock_that_was_set_back(void **state) {
	struct fixture *f = *state;
	struct submission first, second;

	submission_init(&first, "main", "", T0);
	assert_int_equal(submit(f, &first), 0);
	submission_init(&second, "main", "", T0 - 24 * HOUR);
	assert_int_equal(submit(f, &second), 0);
	assert_true(second.step.answer.report_id > first.step.answer.report_id);
	store_step_finish(&first.step);
	store_step_finish(&second.step);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_the_window),
		TEST(test_older_ones_that_matter),
		TEST(test_the_newest_report_stays),
		TEST(test_too_many),
		TEST(test_a_clock_that_was_set_back),
		TEST(test_incidents_of_a_clock_that_was_set_back),
		TEST(test_reports_of_a_clock_that_was_set_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

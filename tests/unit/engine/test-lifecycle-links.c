/* What a branch that an agent made does to its incident: by its name alone it is a guess. */
#include "daemon/engine/lifecycle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/macro.h"

#define NOW INT64_C(1700000000000)

static const struct incident incident = { .id = 7,
	.branch = "main",
	.project = "acme/web",
	.state = INCIDENT_WAITING,
	.cycle = 1,
	.revision = 5,
	.follow_up_ms = NOW + 1000,
	.n_reports = 1,
	.report_id = 11 };

/* Whose log an agent is asked with. */
static void test_what_is_a_prompt(void **state) {
	static const struct {
		const char *what;
		bool has_link;
		struct link link;
		int64_t pull_request; /* that the report names */
		bool forge_tells;
		bool is_prompt;
	} cases[] = {
		{ "its own branch's", false, { .branch = "" }, 3, true, true },
		{ "a known branch's", true, { .pull_request = 2 }, 0, true, true },
		{ "and of that pull request", true, { .pull_request = 2 }, 2, true, true },
		{ "and of another one", true, { .pull_request = 2 }, 3, true, false },
		{ "without a pull request that is known", true, { .pull_request = 0 }, 0, true, true },
		{ "and of any, which may be a fork's", true, { .pull_request = 0 }, 3, true, false },
		{ "a guess that was right", true, { .standing = LINK_CONFIRMED, .pull_request = 2 },
			2, true, true },
		{ "a guess", true, { .standing = LINK_GUESSED }, 0, true, false },
		{ "a guess where nobody can tell", true, { .standing = LINK_GUESSED }, 0, false,
			true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct policy policy = { .forge_tells = cases[i].forge_tells };
		const struct report report = { .id = 12, .pull_request = cases[i].pull_request };
		const struct event event = { .type = EVENT_REPORT, .report = &report };
		const struct step_input input = { .event = &event,
			.policy = &policy,
			.now_ms = NOW,
			.incident = &incident,
			.link = cases[i].has_link ? &cases[i].link : NULL };
		struct step_result result = { 0 };

		lifecycle_step(&input, &result);
		assert_int_equal(result.incident.n_reports, 2);
		assert_int_equal(result.incident.revision, 6);
		if (result.incident.report_id != (cases[i].is_prompt ? 12 : 11)) {
			fail_msg("%s: report %lld", cases[i].what,
				(long long)result.incident.report_id);
		}
	}
}

/* A guess that was right makes its report the newest, unless a newer one came. */
static void test_a_settled_guess_brings_its_report(void **state) {
	static const struct {
		enum link_standing standing;
		int64_t report_id, expected;
	} cases[] = { { LINK_KNOWN, 12, 12 }, { LINK_CONFIRMED, 12, 12 }, { LINK_KNOWN, 10, 11 },
		{ LINK_KNOWN, 0, 11 }, { LINK_REFUSED, 12, 11 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct policy policy = { .wait_recheck_ms = 60000 };
		const struct task task = { .id = 9,
			.type = TASK_PR_READINESS_CHECK,
			.status = TASK_EXECUTING,
			.incident_id = 7 };
		const struct verdict verdict = {
			.outcome = VERDICT_PENDING, .checked_at_ms = NOW, .revision = 5
		};
		const struct link link = { .standing = cases[i].standing,
			.report_id = cases[i].report_id };
		const struct event event = {
			.type = EVENT_VERDICT, .verdict = &verdict, .links = &link, .n_links = 1
		};
		const struct step_input input = { .event = &event,
			.policy = &policy,
			.now_ms = NOW,
			.incident = &incident,
			.task = &task };
		struct step_result result = { 0 };

		lifecycle_step(&input, &result);
		assert_int_equal(result.incident.report_id, cases[i].expected);
		assert_ptr_equal(result.links, &link);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_a_prompt),
		cmocka_unit_test(test_a_settled_guess_brings_its_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

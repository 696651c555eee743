/* Whose failure it is that CI reports of a branch which an agent made. */
#include "tests/unit/store/harness.h"

#include <errno.h>
#include <string.h>

#include "common/text.h"

#define LANE "agent/fixer"

static struct store_story story_of(struct fixture *f, int64_t incident_id) {
	struct store_story story = { .incident_id = incident_id };

	assert_int_equal(run(f, &story.req, store_story(f->store, &story, request_done)), 0);
	return story;
}

static void set_state(struct fixture *f, int64_t incident_id, enum incident_state state) {
	struct store_step step;

	memset(&scripted, 0, sizeof(scripted));
	scripted.has_incident = true;
	scripted.incident.state = state;
	assert_int_equal(incident_step(f, incident_id, T0, &step), 0);
	store_step_finish(&step);
	memset(&scripted, 0, sizeof(scripted));
}

/* The agent of `lane` is started for the incident and says at its end that it made these branches. */
static void run_agent(struct fixture *f, int64_t incident_id, const char *lane, int64_t now_ms,
	const struct link *links, size_t n_links) {
	const struct policy policy = { .max_triggers_per_hour = 1000 };
	struct store_claim claim = { .now_ms = now_ms, .limit = 1 };
	struct store_step step;
	int64_t trigger;

	memset(&scripted, 0, sizeof(scripted));
	script_change(CHANGE_ADD, TASK_TRIGGER_AGENT, now_ms);
	TEXT_SET(scripted.changes[0].lane, lane);
	assert_int_equal(incident_step(f, incident_id, now_ms, &step), 0);
	store_step_finish(&step);
	TEXT_SET(claim.lane, lane);
	assert_int_equal(run(f, &claim.req, store_claim(f->store, &claim, request_done)), 0);
	assert_int_equal(claim.n_tasks, 1);
	trigger = claim.tasks[0].id;
	store_claim_finish(&claim);

	memset(&scripted, 0, sizeof(scripted));
	scripted.has_task = true;
	scripted.task.status = TASK_EXECUTING;
	scripted.task.started_ms = now_ms;
	task_step_init(&step, EVENT_TRIGGER_ASKED, trigger, now_ms, decide_scripted);
	step.policy = &policy;
	assert_int_equal(run(f, &step.req, store_step(f->store, &step, request_done)), 0);
	store_step_finish(&step);

	scripted.task.status = TASK_COMPLETED;
	scripted.links = links;
	scripted.n_links = n_links;
	task_step_init(&step, EVENT_TRIGGERED, trigger, now_ms, decide_scripted);
	assert_int_equal(run(f, &step.req, store_step(f->store, &step, request_done)), 0);
	store_step_finish(&step);
	memset(&scripted, 0, sizeof(scripted));
}

/* A report of `branch`; the incident that it became part of. */
static int64_t report(struct fixture *f, const char *branch, enum error_type error_type,
	const char *lane, int64_t pull_request) {
	struct submission s;
	int64_t id;

	submission_init(&s, branch, "", T0 + 10);
	s.report.error_type = error_type;
	s.report.pull_request = pull_request;
	s.step.error_type = error_type;
	s.step.agent_lane = lane;
	assert_int_equal(submit(f, &s), 0);
	id = s.step.answer.incident_id;
	assert_int_equal(s.report.incident_id, id);
	assert_int_equal(s.build.incident_id, id);
	assert_int_equal(s.step.answer.error_type, error_type);
	store_step_finish(&s.step);
	return id;
}

static void test_linked_branch_joins(void **state) {
	static const struct link links[] = { { .branch = "fixer/1", .pull_request = 12 },
		{ .head_repository = "fork/web", .branch = "fixer/2" } };
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	struct store_story story;
	struct submission s;

	run_agent(f, incident, LANE, T0, links, ARRAY_SIZE(links));
	story = story_of(f, incident);
	assert_int_equal(story.n_links, 2);
	assert_string_equal(story.links[0].branch, "fixer/1");
	assert_string_equal(story.links[0].head_repository, "");
	assert_int_equal(story.links[0].pull_request, 12);
	assert_string_equal(story.links[1].branch, "fixer/2");
	assert_string_equal(story.links[1].head_repository, "fork/web");
	assert_int_equal(story.links[1].pull_request, 0);
	store_story_finish(&story);

	/* Whatever fails there; the incident stays what it is. */
	assert_int_equal(report(f, "fixer/1", ERROR_LINT, NULL, 0), incident);
	submission_init(&s, "fixer/2", "", T0 + 11);
	TEXT_SET(s.report.head_repository, "fork/web");
	assert_int_equal(submit(f, &s), 0);
	assert_true(s.step.answer.joined);
	assert_int_equal(s.step.answer.incident_id, incident);
	assert_int_equal(s.step.answer.scheduled_ms, T0 + HOUR);
	store_step_finish(&s.step);
	story = story_of(f, incident);
	assert_string_equal(story.incident.branch, "main");
	assert_string_equal(story.incident.head_repository, "");
	assert_int_equal(story.incident.error_type, ERROR_TEST);
	assert_int_equal(story.incident.n_reports, 3);
	assert_string_equal(story.report.branch, "fixer/2");
	assert_int_equal(story.n_links, 2);
	store_story_finish(&story);

	/* The same name elsewhere is another branch. */
	assert_int_not_equal(report(f, "fixer/2", ERROR_TEST, NULL, 0), incident);
	submission_init(&s, "fixer/1", "", T0 + 12);
	TEXT_SET(s.report.project, "acme/api");
	assert_int_equal(submit(f, &s), 0);
	assert_int_not_equal(s.step.answer.incident_id, incident);
	store_step_finish(&s.step);
}

/* Of a branch that is linked and has had an incident of its own. */
static void test_key_before_link(void **state) {
	static const struct link link = { .branch = "fixer/1" };
	static const struct {
		enum incident_state own, linked;
		bool joins_linked;
	} cases[] = {
		{ INCIDENT_OPEN, INCIDENT_OPEN, false },
		{ INCIDENT_WAITING, INCIDENT_OPEN, false },
		{ INCIDENT_ESCALATED, INCIDENT_OPEN, false },
		{ INCIDENT_RESOLVED, INCIDENT_OPEN, true },
		{ INCIDENT_RESOLVED, INCIDENT_WAITING, true },
		{ INCIDENT_ABANDONED, INCIDENT_ESCALATED, true },
		{ INCIDENT_RESOLVED, INCIDENT_RESOLVED, false },
		{ INCIDENT_ABANDONED, INCIDENT_ABANDONED, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture *f;
		int64_t own, linked;

		assert_int_equal(fixture_setup((void **)&f), 0);
		own = submit_simple(f, "fixer/1", T0);
		linked = submit_simple(f, "main", T0 + 1);
		run_agent(f, linked, LANE, T0 + 2, &link, 1);
		set_state(f, own, cases[i].own);
		set_state(f, linked, cases[i].linked);
		/* decide_report() joins what it is shown: the key's own one, too, when it is over. */
		assert_int_equal(report(f, "fixer/1", ERROR_TEST, NULL, 0),
			cases[i].joins_linked ? linked : own);
		assert_int_equal(fixture_teardown((void **)&f), 0);
	}
	(void)state;
}

/* By its name it is a guess, and that only while there is one incident that it can be of. */
static void test_agents_branch_joins_the_only_one_of_its_agent(void **state) {
	struct fixture *f = *state;
	int64_t first = submit_simple(f, "main", T0);
	int64_t second = submit_simple(f, "next", T0 + 1);
	int64_t others = submit_simple(f, "third", T0 + 2);
	int64_t unasked = submit_simple(f, "fourth", T0 + 3);
	struct store_story story;

	run_agent(f, second, LANE, T0 + 4, NULL, 0);
	run_agent(f, second, LANE, T0 + 5, NULL, 0);
	run_agent(f, others, "agent/other", T0 + 6, NULL, 0);

	/* Not named for an agent, or for one that was never started: its own failure. */
	assert_true(report(f, "quick", ERROR_TEST, NULL, 0) > unasked);
	assert_true(report(f, "quicker", ERROR_TEST, "agent/idle", 0) > unasked);
	assert_int_equal(report(f, "fixer/1", ERROR_LINT, LANE, 31), second);
	story = story_of(f, second);
	assert_string_equal(story.incident.branch, "next");
	assert_int_equal(story.incident.error_type, ERROR_TEST);
	assert_int_equal(story.n_links, 1);
	assert_string_equal(story.links[0].branch, "fixer/1");
	assert_int_equal(story.links[0].pull_request, 31);
	assert_int_equal(story.links[0].standing, LINK_GUESSED);
	assert_true(story.links[0].report_id > 0);
	store_story_finish(&story);

	/* From then on it is linked, whoever is triggered later; what is new can be of either. */
	run_agent(f, first, LANE, T0 + 7, NULL, 0);
	assert_int_equal(report(f, "fixer/1", ERROR_TEST, LANE, 0), second);
	assert_true(report(f, "fixer/2", ERROR_TEST, LANE, 0) > unasked);
	set_state(f, second, INCIDENT_ESCALATED);
	assert_true(report(f, "fixer/3", ERROR_TEST, LANE, 0) > unasked);

	/* What is over wants nothing more: without any it is an incident of its own. */
	set_state(f, first, INCIDENT_RESOLVED);
	assert_int_equal(report(f, "fixer/5", ERROR_TEST, LANE, 0), second);
	set_state(f, second, INCIDENT_ABANDONED);
	assert_true(report(f, "fixer/4", ERROR_TEST, LANE, 0) > unasked);
}

/* A branch that was there before the agent was asked, or that is of an earlier repair, was not made for this one. */
static void test_only_a_new_branch_is_guessed(void **state) {
	struct fixture *f = *state;
	int64_t first = submit_simple(f, "main", T0);
	int64_t second = submit_simple(f, "next", T0 + 1);
	int64_t mine = submit_simple(f, "fixer/mine", T0 + 2);

	set_state(f, mine, INCIDENT_RESOLVED);
	run_agent(f, first, LANE, T0 + 5, NULL, 0);
	assert_int_equal(report(f, "fixer/1", ERROR_TEST, LANE, 0), first);
	set_state(f, first, INCIDENT_RESOLVED);
	run_agent(f, second, LANE, T0 + 6, NULL, 0);
	assert_true(report(f, "fixer/1", ERROR_TEST, LANE, 0) > mine);
	assert_int_not_equal(report(f, "fixer/mine", ERROR_LINT, LANE, 0), second);
	assert_int_equal(report(f, "fixer/2", ERROR_TEST, LANE, 0), second);

	/* Built before it was asked once more, but not before it was asked first. */
	run_agent(f, second, LANE, T0 + 20, NULL, 0);
	assert_int_equal(report(f, "fixer/2", ERROR_TEST, LANE, 0), second);
}

/* The agent committed to the incident's own branch: what else fails there is another incident, as ever. */
static void test_own_branch_is_never_linked(void **state) {
	static const struct link links[] = { { .branch = "main" }, { .branch = "" },
		{ .head_repository = "fork/web", .branch = "main" } };
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	struct store_story story;

	run_agent(f, incident, LANE, T0, links, ARRAY_SIZE(links));
	assert_int_not_equal(report(f, "main", ERROR_LINT, LANE, 0), incident);
	assert_int_equal(report(f, "main", ERROR_TEST, LANE, 0), incident);
	story = story_of(f, incident);
	assert_int_equal(story.n_links, 1);
	assert_string_equal(story.links[0].head_repository, "fork/web");
	store_story_finish(&story);
}

static void decide_afresh(const struct step_input *input, struct step_result *ret) {
	struct step_input none = *input;

	none.incident = NULL;
	decide_report(&none, ret);
}

/* A decision that opens another incident than the one found does not link it. */
static void test_only_what_joins_is_linked(void **state) {
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	struct store_story story;
	struct submission s;

	run_agent(f, incident, LANE, T0, NULL, 0);
	submission_init(&s, "fixer/1", "", T0 + 1);
	s.step.agent_lane = LANE;
	s.step.decide = decide_afresh;
	assert_int_equal(submit(f, &s), 0);
	assert_int_not_equal(s.step.answer.incident_id, incident);
	assert_false(s.step.answer.joined);
	for (int i = 0; i < 2; i++) {
		story = story_of(f, i == 0 ? incident : s.step.answer.incident_id);
		assert_int_equal(story.n_links, 0);
		store_story_finish(&story);
	}
	store_step_finish(&s.step);
}

/* What the forge says of a guess is written with its verdict: it stays one, is known, or none of the incident's. */
static void test_a_guess_is_settled(void **state) {
	static const struct {
		enum link_standing standing;
		size_t n_links;
		bool joins;
	} cases[] = { { LINK_GUESSED, 1, true }, { LINK_KNOWN, 1, true },
		{ LINK_CONFIRMED, 1, true }, { LINK_REFUSED, 0, false } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct link settled = { .branch = "fixer/1", .standing = cases[i].standing };
		struct fixture *f;
		struct store_story story;
		int64_t incident;

		assert_int_equal(fixture_setup((void **)&f), 0);
		incident = submit_simple(f, "main", T0);
		run_agent(f, incident, LANE, T0 + 1, NULL, 0);
		assert_int_equal(report(f, "fixer/1", ERROR_TEST, LANE, 12), incident);
		run_agent(f, incident, LANE, T0 + 2, &settled, 1);
		story = story_of(f, incident);
		assert_int_equal(story.n_links, cases[i].n_links);
		if (story.n_links > 0) {
			assert_int_equal(story.links[0].standing, cases[i].standing);
			assert_int_equal(story.links[0].pull_request, 12);
		}
		store_story_finish(&story);
		assert_int_equal(
			report(f, "fixer/1", ERROR_LINT, LANE, 0) == incident, cases[i].joins);
		/* A later guess makes less of it no more. */
		story = story_of(f, incident);
		assert_int_equal(story.n_links, cases[i].n_links);
		assert_true(story.n_links == 0 || story.links[0].standing == cases[i].standing);
		store_story_finish(&story);
		assert_int_equal(fixture_teardown((void **)&f), 0);
	}
	(void)state;
}

/* The last word counts; a pull request that was known stays known; the branch last spoken of is the newest. */
static void test_link_is_replaced(void **state) {
	static const struct link known = { .branch = "fixer/1", .pull_request = 12 };
	static const struct link other = { .branch = "fixer/2" };
	static const struct link unknown = { .branch = "fixer/1" };
	struct fixture *f = *state;
	int64_t first = submit_simple(f, "main", T0);
	int64_t second = submit_simple(f, "next", T0 + 1);
	struct store_story story;

	run_agent(f, first, LANE, T0 + 2, &known, 1);
	run_agent(f, first, LANE, T0 + 3, &other, 1);
	run_agent(f, first, LANE, T0 + 4, &unknown, 1);
	story = story_of(f, first);
	assert_int_equal(story.n_links, 2);
	assert_string_equal(story.links[0].branch, "fixer/2");
	assert_string_equal(story.links[1].branch, "fixer/1");
	assert_int_equal(story.links[1].pull_request, 12);
	store_story_finish(&story);

	/* Another incident takes it only when that one is over. */
	run_agent(f, second, LANE, T0 + 5, &unknown, 1);
	assert_int_equal(report(f, "fixer/1", ERROR_TEST, NULL, 0), first);
	set_state(f, first, INCIDENT_RESOLVED);
	run_agent(f, second, LANE, T0 + 6, &unknown, 1);
	story = story_of(f, first);
	assert_int_equal(story.n_links, 1);
	store_story_finish(&story);
	story = story_of(f, second);
	assert_int_equal(story.n_links, 1);
	assert_int_equal(story.links[0].pull_request, 0);
	store_story_finish(&story);
	assert_int_equal(report(f, "fixer/1", ERROR_TEST, NULL, 0), second);
}

/* What an agent said itself outweighs what another incident had by a guess. */
static void test_known_outweighs_a_guess(void **state) {
	static const struct link known = { .branch = "fixer/1", .pull_request = 12 };
	struct fixture *f = *state;
	int64_t first = submit_simple(f, "main", T0);
	int64_t second = submit_simple(f, "next", T0 + 1);

	run_agent(f, first, LANE, T0 + 2, NULL, 0);
	assert_int_equal(report(f, "fixer/1", ERROR_TEST, LANE, 0), first);
	run_agent(f, second, LANE, T0 + 3, &known, 1);
	assert_int_equal(report(f, "fixer/1", ERROR_TEST, LANE, 0), second);
}

static void test_story_tells_the_newest_links(void **state) {
	static struct link links[LIMIT_LINKS_OF_INCIDENT + 4];
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	struct store_story story;

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		text_format(links[i].branch, sizeof(links[i].branch), "fixer/%zu", i);
	}
	run_agent(f, incident, LANE, T0, links, ARRAY_SIZE(links));
	story = story_of(f, incident);
	assert_int_equal(story.n_links, LIMIT_LINKS_OF_INCIDENT);
	for (size_t i = 0; i < story.n_links; i++) {
		assert_string_equal(story.links[i].branch, links[i + 4].branch);
	}
	store_story_finish(&story);
	/* Older ones are found all the same. */
	assert_int_equal(report(f, "fixer/0", ERROR_TEST, NULL, 0), incident);
}

static int64_t seen[8];
static size_t n_seen;

static void decide_seen(const struct step_input *input, struct step_result *ret) {
	assert_true(n_seen < ARRAY_SIZE(seen));
	seen[n_seen++] = input->incident->id;
	ret->status = -ECANCELED;
}

static void passed_in(struct fixture *f, const char *branch, const char *lane) {
	struct build build = { .passed = true };
	struct store_step step = { .scope = STEP_BY_BRANCH,
		.event = { .type = EVENT_BUILD_PASSED, .build = &build },
		.build = &build,
		.project = "acme/web",
		.head_repository = "",
		.branch = branch,
		.agent_lane = lane,
		.now_ms = T0 + 20,
		.decide = decide_seen };

	TEXT_SET(build.project, "acme/web");
	TEXT_SET(build.branch, branch);
	n_seen = 0;
	assert_int_equal(run(f, &step.req, store_step(f->store, &step, request_done)), 0);
	store_step_finish(&step);
}

static void passed(struct fixture *f, const char *branch) {
	passed_in(f, branch, NULL);
}

/* A repair may be green at once: then nothing but that build tells of its branch. */
static void test_passed_build_links_an_agents_branch(void **state) {
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	int64_t other = submit_simple(f, "next", T0 + 1);
	struct submission s;
	struct store_story story;

	run_agent(f, incident, LANE, T0 + 2, NULL, 0);
	submission_init(&s, "fixer/1", "", T0 + 3);
	s.step.scope = STEP_BY_BRANCH;
	s.step.agent_lane = LANE;
	s.step.event.type = EVENT_BUILD_PASSED;
	s.step.report = NULL;
	memset(&scripted, 0, sizeof(scripted));
	s.step.decide = decide_scripted;
	assert_int_equal(submit(f, &s), 0);
	store_step_finish(&s.step);
	story = story_of(f, incident);
	assert_int_equal(story.n_links, 1);
	assert_string_equal(story.links[0].branch, "fixer/1");
	assert_int_equal(story.links[0].standing, LINK_GUESSED);
	store_story_finish(&story);
	passed(f, "fixer/1");
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0], incident);

	run_agent(f, other, LANE, T0 + 4, NULL, 0);
	passed_in(f, "fixer/2", LANE);
	assert_int_equal(n_seen, 0);
}

static void test_passed_build_reaches_the_linked_incident_once(void **state) {
	static const struct link link = { .branch = "fixer/1" };
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	int64_t own = submit_simple(f, "fixer/1", T0 + 1);
	struct store_builds builds = {
		.project = "acme/web", .head_repository = "", .branch = "fixer/1"
	};

	run_agent(f, incident, LANE, T0 + 2, &link, 1);
	passed(f, "fixer/1");
	assert_int_equal(n_seen, 2);
	assert_int_equal(seen[0], own);
	assert_int_equal(seen[1], incident);
	passed(f, "main");
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0], incident);
	passed(f, "elsewhere");
	assert_int_equal(n_seen, 0);

	/* What a local verdict judges is the branch alone. */
	assert_int_equal(run(f, &builds.req, store_builds(f->store, &builds, request_done)), 0);
	assert_int_equal(builds.n_active_incidents, 1);
	assert_int_equal(builds.active_incidents[0], own);
	store_builds_finish(&builds);

	set_state(f, own, INCIDENT_RESOLVED);
	passed(f, "fixer/1");
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0], incident);
	set_state(f, incident, INCIDENT_ESCALATED);
	passed(f, "fixer/1");
	assert_int_equal(n_seen, 1);
	set_state(f, incident, INCIDENT_RESOLVED);
	passed(f, "fixer/1");
	assert_int_equal(n_seen, 0);
}

/* With its incident's end long ago the link goes; the others stay. */
static void test_cleanup_of_links(void **state) {
	static const struct link over = { .branch = "fixer/1" };
	static const struct link open = { .branch = "fixer/2" };
	struct fixture *f = *state;
	struct store_cleanup cleanup = { .history_before_ms = T0 + HOUR };
	int64_t first = submit_simple(f, "main", T0);
	int64_t second = submit_simple(f, "next", T0);
	struct store_story story;

	run_agent(f, first, LANE, T0, &over, 1);
	run_agent(f, second, LANE, T0, &open, 1);
	set_state(f, first, INCIDENT_RESOLVED);
	do {
		assert_int_equal(
			run(f, &cleanup.req, store_cleanup(f->store, &cleanup, request_done)), 0);
	} while (cleanup.more);
	story = story_of(f, first);
	assert_int_equal(story.n_links, 0);
	store_story_finish(&story);
	story = story_of(f, second);
	assert_int_equal(story.n_links, 1);
	store_story_finish(&story);
}

static void decide_agents_part(const struct step_input *input, struct step_result *ret) {
	ret->has_incident = true;
	ret->incident = *input->incident;
	ret->incident.agent_at = 2;
	ret->incident.life_due_ms = T0 + 3;
	TEXT_SET(ret->incident.triggered_sha, "0a1b2c3");
	ret->incident.hold = HOLD_NO_WRITE;
	ret->incident.hold_ms = T0 + 4;
}

static void test_agents_part_is_kept(void **state) {
	struct fixture *f = *state;
	struct store_step step = { .scope = STEP_BY_INCIDENT,
		.event.type = EVENT_INCIDENT_RETRY,
		.incident_id = submit_simple(f, "main", T0),
		.now_ms = T0,
		.decide = decide_agents_part };
	struct store_story story = story_of(f, step.incident_id);

	assert_int_equal(story.incident.hold, HOLD_NONE);
	assert_int_equal(story.incident.agent_at, 0);
	assert_string_equal(story.incident.triggered_sha, "");
	store_story_finish(&story);
	assert_int_equal(run(f, &step.req, store_step(f->store, &step, request_done)), 0);
	store_step_finish(&step);
	fixture_close(f);
	assert_int_equal(fixture_open(f), 0);
	story = story_of(f, step.incident_id);
	assert_int_equal(story.incident.agent_at, 2);
	assert_int_equal(story.incident.life_due_ms, T0 + 3);
	assert_string_equal(story.incident.triggered_sha, "0a1b2c3");
	assert_int_equal(story.incident.hold, HOLD_NO_WRITE);
	assert_int_equal(story.incident.hold_ms, T0 + 4);
	store_story_finish(&story);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_linked_branch_joins),
		cmocka_unit_test(test_key_before_link),
		TEST(test_agents_branch_joins_the_only_one_of_its_agent),
		cmocka_unit_test(test_a_guess_is_settled),
		TEST(test_known_outweighs_a_guess),
		TEST(test_passed_build_links_an_agents_branch),
		TEST(test_only_a_new_branch_is_guessed),
		TEST(test_own_branch_is_never_linked),
		TEST(test_only_what_joins_is_linked),
		TEST(test_link_is_replaced),
		TEST(test_story_tells_the_newest_links),
		TEST(test_passed_build_reaches_the_linked_incident_once),
		TEST(test_cleanup_of_links),
		TEST(test_agents_part_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

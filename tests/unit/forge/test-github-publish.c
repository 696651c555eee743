/* The living post: where, for whom, what fails, and what is read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/forge/publish_scene.h"

#define HAS(text, part)                                                                            \
	do {                                                                                       \
		if (strstr(text, part) == NULL) {                                                  \
			fail_msg("no \"%s\" in: %s", part, text);                                  \
		}                                                                                  \
	} while (false)

static int tear_down(void **state) {
	scene_end();
	return 0;
}

/* ---- where ---- */

static void comments_on_the_pull_request(void **state) {
	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_count("kind=status"), 1);
	assert_int_equal(fake_find("kind=status")->on, 17);
	assert_int_equal(scene.publish.pull_request, 17);
	assert_string_equal(scene.publish.head_sha, SCENE_HEAD);
	assert_int_equal(scene.publish.hold, HOLD_NONE);
	assert_string_equal(scene.publish.url, fake.disk[0].url);
	HAS(scene.publish.url, "https://github.com/acme/web/comments/");
	assert_int_equal(scene.publish.look_again_ms, 0);
	assert_int_equal(fake.n_disk, 1);
	assert_int_equal(fake.disk[0].number, 17);
	assert_int_equal(fake.disk[0].post_id, fake_find("kind=status")->id);
	assert_false(fake.disk[0].is_issue);
	/* The intent before, the ids after. */
	assert_int_equal(fake.n_commits, 2);
	assert_int_equal(fake_asked("pulls?head=acme%3Afix%2Fit&state=open"), 1);
	assert_int_equal(fake_asked("POST /repos/acme/web/issues/17/labels"), 1);
}

static void opens_an_issue_without_one(void **state) {
	scene_begin();
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_count("kind=status"), 1);
	assert_string_equal(fake_find("kind=status")->title, "Test failure on branch fix/it");
	assert_int_equal(scene.publish.pull_request, 0);
	assert_true(fake.disk[0].is_issue);
	assert_int_equal(fake.disk[0].number, fake_find("kind=status")->number);
	assert_int_equal(fake.disk[0].post_id, 0);
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(fake.last_body, "labels"), 0)),
		"codegen");
}

/* People are not told of a branch that is not there; what cannot be asked about is taken to be. */
static void nothing_is_posted_of_no_branch(void **state) {
	scene_begin();
	fake_fail("GET", "/branches/fix%2Fit", FAKE_NONE, 404);
	assert_int_equal(scene_publish(FORGE_REPORT), -ENOENT);
	assert_false(scene.publish.passing);
	HAS(scene.publish.sentence, "There is no branch or tag \"fix/it\" in \"acme/web\"");
	assert_int_equal(fake.n_items, 0);
	assert_int_equal(fake.n_commits, 0);
	assert_int_equal(scene_publish(FORGE_REPORT), 0); /* it is pushed by now */
	assert_int_equal(fake_count("kind=status"), 1);
	/* Of what is posted it is not asked again, nor where a pull request says that it is there. */
	fake.n_lines = 0;
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_asked("/branches/"), 0);
	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_asked("/branches/"), 0);
	scene_begin();
	fake_fail("GET", "/branches/", FAKE_NONE, 404);
	fake.has_tag = true;
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_count("kind=status"), 1);
	scene_begin();
	fake_fail("GET", "/branches/", FAKE_NONE, 403);
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_count("kind=status"), 1);
}

/* CI names a pull request that there is not: what failed is the head of the project's own branch, or who knows? */
static void a_number_of_no_pull_request(void **state) {
	for (int is_head = 0; is_head < 2; is_head++) {
		scene_begin();
		scene.incident.pull_request = 4711;
		(void)TEXT_SET(scene.incident.head_sha, is_head ? SCENE_HEAD : "2222222");
		fake.branch_sha = SCENE_HEAD;
		for (int cycle = 1; cycle <= 3; cycle++) {
			scene.incident.cycle = cycle;
			assert_int_equal(scene_publish(FORGE_REPORT), 0);
			/* Of a branch that is not known to be the one the number is kept: it keeps the hold. */
			assert_int_equal(scene.publish.pull_request,
				is_head && cycle == 1 ? FORGE_NO_PULL_REQUEST : 0);
			scene.incident.pull_request = is_head ? 0 : 4711;
			assert_int_equal(scene.publish.hold, is_head ? HOLD_NONE : HOLD_UNKNOWN);
			assert_int_equal(fake_count("kind=status"), 1);
			assert_null(strstr(fake_find("kind=status")->body, "4711"));
			(void)scene_task(TASK_PUBLISH_REPORT);
		}
		/* The branch was deleted meanwhile: that ends nothing here. */
		scene.incident.pull_request = 4711;
		fake_fail("GET", "/branches/", FAKE_NONE, 404);
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		assert_int_equal(scene.publish.hold, HOLD_UNKNOWN);
	}
}

static void later_cycles_change_it(void **state) {
	for (int has_pull = 0; has_pull < 2; has_pull++) {
		scene_begin();
		if (has_pull) {
			scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
		}
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		scene.incident.cycle = 2;
		(void)scene_task(TASK_PUBLISH_REPORT);
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		assert_int_equal(fake_count("kind=status"), 1);
		HAS(fake_find("kind=status")->body, "(cycle 2 of 3)");
		assert_int_equal(fake.n_commits, 3); /* intent, outcome, not there twice */
	}
}

/* An issue that somebody closed is opened again, and stays the place when a pull request comes. */
static void stays_on_its_issue(void **state) {
	scene_begin();
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	fake_find("kind=status")->closed = true;
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake.n_items, 1);
	assert_false(fake.items[0].closed);
	assert_string_equal(fake.items[0].reason, "reopened");
	assert_int_equal(scene.publish.pull_request, 17);
	HAS(fake.items[0].body, "Its pull request is #17.");
}

static void finds_the_right_pull_request(void **state) {
	static const struct {
		const char *name;
		int64_t told; /* by CI */
		const char *branch, *head_repository;
		struct {
			const char *head, *ref;
			bool closed;
		} pulls[2]; /* #17, #18 */
		int64_t number;
		enum incident_hold hold;
	} rows[] = {
		{ "none", 0, "fix", "", { { 0 } }, 0, HOLD_NONE },
		{ "the branch's", 0, "fix", "", { { FAKE_PROJECT, "fix", 0 } }, 17, HOLD_NONE },
		{ "the newest", 0, "fix", "",
			{ { FAKE_PROJECT, "fix", 0 }, { FAKE_PROJECT, "fix", 0 } }, 18, HOLD_NONE },
		{ "told", 17, "fix", "", { { FAKE_PROJECT, "fix", 0 }, { FAKE_PROJECT, "fix", 0 } },
			17, HOLD_NONE },
		{ "told, but closed", 17, "fix", "",
			{ { FAKE_PROJECT, "fix", 1 }, { FAKE_PROJECT, "fix", 0 } }, 18, HOLD_NONE },
		{ "told, but another branch's", 17, "fix", "",
			{ { FAKE_PROJECT, "other", 0 }, { FAKE_PROJECT, "fix", 0 } }, 18, HOLD_NONE },
		{ "told, but not there", 9, "fix", "", { { FAKE_PROJECT, "fix", 0 } }, 17, HOLD_NONE },
		{ "told, and nothing is there", 9, "fix", "", { { 0 } }, 0, HOLD_UNKNOWN },
		{ "names differ in case", 0, "fix", "", { { "Acme/Web", "fix", 0 } }, 17, HOLD_NONE },
		{ "branches differ in case", 0, "fix", "", { { FAKE_PROJECT, "Fix", 0 } }, 0,
			HOLD_NONE },
		{ "a fork's of that name is none", 0, "fix", "", { { "eve/web", "fix", 0 } }, 0,
			HOLD_NONE },
		{ "a fork's", 0, "fix", "eve/web",
			{ { FAKE_PROJECT, "fix", 0 }, { "eve/web", "fix", 0 } }, 18, HOLD_FORK },
		{ "another repository of theirs", 0, "fix", "eve/web",
			{ { "eve/other", "fix", 0 } }, 0, HOLD_FORK },
		{ "a fork's, told", 17, "fix", "", { { "eve/web", "fix", 0 } }, 17, HOLD_FORK },
		{ "a fork that is gone", 17, "fix", "", { { NULL, "fix", 0 } }, 17, HOLD_FORK },
		{ "a fork's, its branch not told", 17, "pull/17", "", { { "eve/web", "main", 0 } },
			17, HOLD_FORK },
		{ "another number's name", 17, "pull/18", "", { { "eve/web", "main", 0 } }, 0,
			HOLD_NONE },
		{ "a fork without one", 0, "fix", "eve/web", { { 0 } }, 0, HOLD_FORK },
		{ "the project by name", 0, "fix", "ACME/web", { { FAKE_PROJECT, "fix", 0 } }, 17,
			HOLD_NONE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		scene_begin();
		scene.incident.pull_request = rows[i].told;
		(void)TEXT_SET(scene.incident.branch, rows[i].branch);
		(void)TEXT_SET(scene.incident.head_repository, rows[i].head_repository);
		for (size_t k = 0; k < 2 && rows[i].pulls[k].ref != NULL; k++) {
			scene_pull(17 + (int64_t)k, rows[i].pulls[k].head, rows[i].pulls[k].ref,
				"OWNER");
			if (rows[i].pulls[k].closed) {
				(void)json_object_set_new(
					scene_newest_pull(), "state", json_string("closed"));
			}
		}
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		if (scene.publish.pull_request != rows[i].number ||
			scene.publish.hold != rows[i].hold) {
			fail_msg("%s: #%d, %s", rows[i].name, (int)scene.publish.pull_request,
				incident_hold_names[scene.publish.hold]);
		}
		assert_int_equal(fake.disk[0].is_issue, rows[i].number <= 0);
		assert_int_equal(fake_count("kind=status"), 1);
	}
}

/* ---- trust ---- */

static void knows_whom_to_trust(void **state) {
	static const struct {
		const char *association, *permission;
		int answer; /* to the question for it; 0: as it should be */
		enum incident_hold hold;
		size_t n_asked;
	} rows[] = {
		{ "OWNER", NULL, 0, HOLD_NONE, 0 },
		{ "MEMBER", "admin", 0, HOLD_NONE, 1 },
		{ "MEMBER", "maintain", 0, HOLD_NONE, 1 },
		{ "COLLABORATOR", "write", 0, HOLD_NONE, 1 },
		{ "COLLABORATOR", "read", 0, HOLD_NO_WRITE, 1 },
		{ "COLLABORATOR", "triage", 0, HOLD_NO_WRITE, 1 },
		{ "CONTRIBUTOR", "none", 0, HOLD_NO_WRITE, 1 },
		{ "NONE", "write", 0, HOLD_NONE, 1 },
		{ "FIRST_TIME_CONTRIBUTOR", "read", 0, HOLD_NO_WRITE, 1 },
		{ "MEMBER", "write", 403, HOLD_UNKNOWN, 1 },
		{ "MEMBER", NULL, 0, HOLD_UNKNOWN, 1 },
		{ "MEMBER", "of another kind", 0, HOLD_UNKNOWN, 1 },
		{ "MEMBER", "write", FAKE_NO_JSON, HOLD_UNKNOWN, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		scene_begin();
		scene_pull(17, FAKE_PROJECT, "fix/it", rows[i].association);
		fake.permission = rows[i].permission;
		if (rows[i].answer != 0) {
			fake_fail("GET", "/permission", FAKE_APPLIED, rows[i].answer);
		}
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		assert_int_equal(scene.publish.hold, rows[i].hold);
		assert_int_equal(fake_asked("/collaborators/ann/permission"), rows[i].n_asked);
		assert_int_equal(fake_count("kind=status"), 1);
	}
}

static void an_author_who_is_gone_is_not_trusted(void **state) {
	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "MEMBER");
	(void)json_object_set_new(scene_newest_pull(), "user", json_null());
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(scene.publish.hold, HOLD_UNKNOWN);
	assert_int_equal(fake_asked("/permission"), 0);
}

/* Whether somebody may write is not guessed because a server is down. */
static void trust_waits_for_an_answer(void **state) {
	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "MEMBER");
	fake_fail("GET", "/permission", FAKE_APPLIED, 502);
	assert_int_equal(scene_publish(FORGE_REPORT), -EAGAIN);
	assert_true(scene.publish.passing);
	assert_int_equal(fake.n_items, 0);
}

static void a_label_keeps_it_away(void **state) {
	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	(void)json_object_set_new(scene_newest_pull(), "labels",
		json_pack("[{s:s}, {s:s}]", "name", "bug", "name", "Codegen:Ignore"));
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(scene.publish.hold, HOLD_IGNORED);
	assert_string_equal(scene.publish.url, "");
	assert_int_equal(scene.publish.pull_request, 17);
	assert_int_equal(fake.n_items, 0);
	assert_int_equal(fake.n_commits, 0);
	assert_int_equal(fake_asked("POST"), 0);
	assert_int_equal(scene_publish(FORGE_MENTION), -EPERM);
	assert_false(scene.publish.passing);
	HAS(scene.publish.sentence, "has the label \"codegen:ignore\"");
	scene.incident.hold = HOLD_IGNORED;
	scene.incident.state = INCIDENT_ESCALATED;
	assert_int_equal(scene_publish(FORGE_NEWS), 0);
	assert_int_equal(fake_asked("POST"), 0);
}

/* ---- what fails ---- */

static void says_what_failed(void **state) {
	static const struct {
		const char *method, *path;
		enum fake_effect effect;
		int answer;
		int status;
		bool passing;
		const char *sentence;
		bool has_intent;
	} rows[] = {
		{ "GET", "/pulls?", FAKE_NONE, 500, -EAGAIN, true, "GitHub said 500.", false },
		{ "GET", "/pulls?", FAKE_NONE, 401, -EAGAIN, true, "GitHub said 401.", false },
		{ "GET", "/pulls?", FAKE_NONE, 403, -EACCES, false, "GitHub said 403.", false },
		{ "GET", "/pulls?", FAKE_NONE, 404, -EACCES, false, "GitHub said 404.", false },
		{ "GET", "/pulls?", FAKE_NONE, FAKE_RESET, -ECONNRESET, true, "did not answer",
			false },
		{ "GET", "/pulls?", FAKE_NONE, FAKE_NO_JSON, -EBADMSG, true,
			"GitHub's answer about the pull requests of \"acme/web\" cannot be read",
			false },
		{ "POST", "/issues", FAKE_NONE, 403, -EACCES, false, "GitHub said 403.", false },
		{ "POST", "/issues", FAKE_NONE, 422, -EREMOTEIO, false, "GitHub said 422.", false },
		{ "POST", "/issues", FAKE_NONE, 410, -EREMOTEIO, false,
			"Issues are disabled in \"acme/web\", and branch \"fix/it\" has no open pull request",
			false },
		{ "POST", "/issues", FAKE_NONE, FAKE_NOT_SENT, -EAGAIN, true, "did not answer",
			false },
		{ "POST", "/issues", FAKE_NONE, FAKE_RESET, -ECONNRESET, true, "did not answer",
			true },
		{ "POST", "/issues", FAKE_NONE, 502, -EAGAIN, true, "GitHub said 502.", true },
		{ "POST", "/issues", FAKE_APPLIED, 500, -EAGAIN, true, "GitHub said 500.", true },
		{ "POST", "/issues", FAKE_APPLIED, FAKE_NO_JSON, -EAGAIN, true,
			"it is looked for there", true },
		{ "COMMIT", NULL, FAKE_NONE, FAKE_RIGHT, -EIO, true, "could not be recorded", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		scene_begin();
		fake_fail(rows[i].method, rows[i].path, rows[i].effect, rows[i].answer);
		if (scene_publish(FORGE_REPORT) != rows[i].status) {
			fail_msg("row %zu: %d", i, fake.status);
		}
		assert_int_equal(scene.publish.passing, rows[i].passing);
		HAS(scene.publish.sentence, rows[i].sentence);
		assert_int_equal(fake.n_disk > 0 && fake.disk[0].intent_ms != 0, rows[i].has_intent);
		assert_true(fake.n_disk == 0 || rows[i].has_intent ||
			(fake.disk[0].number == 0 && !fake.disk[0].is_issue));
		/* And all is well afterwards. */
		scene_publish_until_well(FORGE_REPORT);
		assert_int_equal(fake_count("kind=status"), 1);
	}
}

static void needs_a_project_of_github(void **state) {
	scene_begin();
	(void)TEXT_SET(scene.incident.project, "web");
	assert_int_equal(scene_publish(FORGE_REPORT), -EINVAL);
	assert_false(scene.publish.passing);
	HAS(scene.publish.sentence, "Project \"web\" is no \"owner/name\" of GitHub");
}

static void needs_to_know_who_it_is(void **state) {
	scene_begin();
	fake.wait_status = -EACCES;
	(void)scene_publish(FORGE_REPORT);
	assert_int_equal(fake.status, -EACCES);
	assert_int_equal(fake.n_lines, 0);
}

static void posts_no_secret(void **state) {
	scene_begin();
	scene.report.log = strdup("token ghp_"
				  "0123456789abcdefghijABCDEFGHIJ456789\n");
	assert_int_equal(scene_publish(FORGE_REPORT), -EKEYREJECTED);
	assert_false(scene.publish.passing);
	HAS(scene.publish.sentence, "Not posted: its text holds what looks like a secret (");
	assert_int_equal(fake_asked("POST"), 0);
	assert_int_equal(fake.n_commits, 0);
}

/* ---- reading back ---- */

static void waits_until_it_is_settled(void **state) {
	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	fake_fail("POST", "/comments", FAKE_NONE, FAKE_RESET);
	assert_int_equal(scene_publish(FORGE_REPORT), -ECONNRESET);
	fake.now_ms += CLOCK_MINUTE_MS;
	assert_int_equal(scene_publish(FORGE_REPORT), -EAGAIN);
	assert_true(scene.publish.passing);
	assert_int_equal(scene.publish.retry_ms, fake.now_ms + CLOCK_MINUTE_MS);
	HAS(scene.publish.sentence, "it is not posted once more before 2025-09-19T");
	assert_int_equal(fake_asked("POST"), 1);
	fake.now_ms += CLOCK_MINUTE_MS;
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_count("kind=status"), 1);
	/* The first may yet appear. */
	assert_int_equal(scene.publish.look_again_ms, fake.now_ms + 2 * CLOCK_MINUTE_MS);
	assert_int_equal(fake.disk[0].suspect_ms, scene.publish.look_again_ms);
	fake_fail(NULL, "/issues/comments/", FAKE_NONE, 500);
	fake.now_ms += 2 * CLOCK_MINUTE_MS;
	(void)fake_add(0, 17, FAKE_US, fake_find("kind=status")->body);
	assert_int_equal(fake_count("kind=status"), 2);
	/* What cannot be removed now is removed later. */
	assert_int_equal(scene_publish(FORGE_NEWS), -EAGAIN);
	assert_int_equal(scene_publish(FORGE_NEWS), 0);
	assert_int_equal(fake_count("kind=status"), 1);
	assert_int_equal(fake_find("kind=status")->id, fake.disk[0].post_id);
	assert_int_equal(fake.disk[0].suspect_ms, 0);
	assert_int_equal(scene.publish.look_again_ms, 0);
	assert_int_equal(fake_asked("DELETE"), 2);
}

/* The original appears late, and is the older one: it is the one that lives on. */
static void the_oldest_stays(void **state) {
	int64_t first;

	scene_begin();
	fake_fail("POST", "/issues", FAKE_LATE, 504);
	fake.faults[0].late_ms = 3 * CLOCK_MINUTE_MS;
	assert_int_equal(scene_publish(FORGE_REPORT), -EAGAIN);
	first = fake.items[0].number;
	scene_publish_until_well(FORGE_REPORT);
	assert_int_equal(fake.n_items, 2);
	assert_int_equal(fake_count("kind=status"), 1);
	assert_int_equal(fake.disk[0].number, first);
	assert_false(fake.items[0].closed);
	assert_true(fake.items[1].closed);
	assert_string_equal(fake.items[1].reason, "not_planned");
	HAS(fake.items[1].body, "once more: the answer of GitHub was lost");
	/* And is no longer in the way when something is read back again. */
	fake.disk[0].intent_ms = fake.now_ms;
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_asked("PATCH"), 3);
}

/* Others have copied our first line; ours is on the third page. */
static void reads_all_pages_and_only_ours(void **state) {
	char body[256];

	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	fake_fail("POST", "/comments", FAKE_NONE, FAKE_RESET);
	assert_int_equal(scene_publish(FORGE_REPORT), -ECONNRESET);
	for (int i = 0; i < 250; i++) {
		const struct github_marker marker = { .kind = GITHUB_POST_STATUS,
			.incident_id = scene.incident.id };

		(void)fake_add(0, 17, FAKE_OTHER, github_marker_format(&marker, body));
	}
	(void)fake_add(0, 17, FAKE_US, body);
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_asked("/issues/17/comments?per_page=100"), 3);
	assert_int_equal(fake_asked("&page=3"), 1);
	assert_int_equal(fake_asked("POST /repos/acme/web/issues/17/comments"), 1);
	assert_int_equal(fake.disk[0].post_id, fake.items[250].id);
	HAS(fake.items[250].body, "(cycle 1 of 3)"); /* up to date */
}

/* Whether ours is among the rest is not known then: rather none than two. */
static void pages_elsewhere_are_not_the_end(void **state) {
	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	for (int i = 0; i < 110; i++) {
		(void)fake_add(0, 17, FAKE_OTHER, "Chatter.");
	}
	fake_fail("POST", "/comments", FAKE_APPLIED, FAKE_RESET);
	assert_int_equal(scene_publish(FORGE_REPORT), -ECONNRESET);
	fake.pages_elsewhere = true;
	fake.now_ms += CLOCK_HOUR_MS;
	assert_int_equal(scene_publish(FORGE_REPORT), -EREMOTE);
	assert_false(scene.publish.passing);
	HAS(scene.publish.sentence,
		"The next page of the comments of #17 in acme/web is at \"https://elsewhere.example/");
	HAS(scene.publish.sentence, "not below \"api-url\"; correct that.");
	fake.pages_elsewhere = false;
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_count("kind=status"), 1);
	assert_int_equal(fake_asked("POST /repos/acme/web/issues/17/comments"), 1);
}

static void long_pages_are_read_in_pieces(void **state) {
	char body[GITHUB_MARKER_MAX];
	const struct github_marker marker = { .kind = GITHUB_POST_STATUS };

	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	for (int i = 0; i < 15; i++) {
		(void)fake_add(0, 17, FAKE_OTHER, github_marker_format(&marker, body));
	}
	fake_fail("POST", "/comments", FAKE_APPLIED, FAKE_RESET);
	assert_int_equal(scene_publish(FORGE_REPORT), -ECONNRESET);
	fake_fail("GET", "/comments?", FAKE_NONE, FAKE_TOO_LONG);
	fake_fail("GET", "&page=2", FAKE_NONE, FAKE_TOO_LONG);
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_asked("/comments?per_page=100"), 1);
	assert_int_equal(fake_asked("/comments?per_page=10&page=2"), 1);
	assert_int_equal(fake_asked("/comments?per_page=1&page=16"), 1);
	assert_int_equal(fake_count("kind=status"), 1);
}

/* Of issues only the pages since the incident began. */
static void issues_are_read_back_to_its_beginning(void **state) {
	scene_begin();
	fake.now_ms -= 30 * CLOCK_DAY_MS;
	for (int i = 0; i < 250; i++) {
		(void)fake_add(90000 + i, 0, FAKE_US, "An old one.");
	}
	fake.now_ms += 30 * CLOCK_DAY_MS;
	fake_fail("POST", "/issues", FAKE_APPLIED, FAKE_RESET);
	scene_publish_until_well(FORGE_REPORT);
	assert_int_equal(fake_count("kind=status"), 1);
	assert_int_equal(fake_asked("GET /repos/acme/web/issues?state=all&sort=created"), 1);
	assert_int_equal(fake_asked("&creator=codegend-bot"), 1);
}

/* A clock that is set back by a year does not make it wait for one. */
static void a_clock_set_back_is_survived(void **state) {
	scene_begin();
	fake_fail("POST", "/issues", FAKE_NONE, FAKE_RESET);
	assert_int_equal(scene_publish(FORGE_REPORT), -ECONNRESET);
	fake.now_ms -= 365 * CLOCK_DAY_MS;
	assert_int_equal(scene_publish(FORGE_REPORT), -EAGAIN);
	assert_int_equal(scene.publish.retry_ms, fake.now_ms + 2 * CLOCK_MINUTE_MS);
	fake.now_ms = scene.publish.retry_ms;
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(fake_count("kind=status"), 1);
}

/* ---- what is gone ---- */

static void a_deleted_post_is_made_again(void **state) {
	for (int has_pull = 0; has_pull < 2; has_pull++) {
		scene_begin();
		if (has_pull) {
			scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
		}
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		fake_find("kind=status")->deleted = true;
		scene.incident.state = INCIDENT_WAITING;
		assert_int_equal(scene_publish(FORGE_NEWS), 0); /* for news it is not worth it */
		assert_int_equal(fake_count("kind=status"), 0);
		assert_int_equal(scene_publish(FORGE_REPORT), 0);
		assert_int_equal(fake_count("kind=status"), 1);
		assert_int_equal(fake.disk[0].is_issue, !has_pull);
		assert_int_equal(fake_find("kind=status")->id,
			has_pull ? fake.disk[0].post_id : fake.items[1].id);
	}
}

/* Not to be seen for a while, because of a permission: nothing is forgotten, nothing doubled. */
static void what_is_hidden_is_found_again(void **state) {
	scene_begin();
	scene_pull(17, FAKE_PROJECT, "fix/it", "OWNER");
	assert_int_equal(scene_publish(FORGE_REPORT), 0);
	assert_int_equal(scene_publish(FORGE_REPORT), 0); /* not there twice, which is looked for once */
	fake_fail("PATCH", NULL, FAKE_NONE, 404);
	fake_fail("GET", "/comments?", FAKE_NONE, 404);
	assert_int_equal(scene_publish(FORGE_REPORT), -EACCES);
	fake_fail("PATCH", NULL, FAKE_NONE, 403);
	assert_int_equal(scene_publish(FORGE_REPORT), 0); /* read back, adopted */
	fake_fail("PATCH", NULL, FAKE_NONE, 404);
	fake_find("kind=status")->author = FAKE_OTHER; /* another identity by now */
	fake_fail("POST", "/comments", FAKE_NONE, 403);
	assert_int_equal(scene_publish(FORGE_REPORT), -EACCES);
	assert_int_equal(fake.disk[0].post_id, fake.items[0].id);
	assert_int_equal(fake.n_items, 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(comments_on_the_pull_request, tear_down),
		cmocka_unit_test_teardown(opens_an_issue_without_one, tear_down),
		cmocka_unit_test_teardown(nothing_is_posted_of_no_branch, tear_down),
		cmocka_unit_test_teardown(later_cycles_change_it, tear_down),
		cmocka_unit_test_teardown(a_number_of_no_pull_request, tear_down),
		cmocka_unit_test_teardown(stays_on_its_issue, tear_down),
		cmocka_unit_test_teardown(finds_the_right_pull_request, tear_down),
		cmocka_unit_test_teardown(knows_whom_to_trust, tear_down),
		cmocka_unit_test_teardown(an_author_who_is_gone_is_not_trusted, tear_down),
		cmocka_unit_test_teardown(trust_waits_for_an_answer, tear_down),
		cmocka_unit_test_teardown(a_label_keeps_it_away, tear_down),
		cmocka_unit_test_teardown(says_what_failed, tear_down),
		cmocka_unit_test_teardown(needs_a_project_of_github, tear_down),
		cmocka_unit_test_teardown(needs_to_know_who_it_is, tear_down),
		cmocka_unit_test_teardown(posts_no_secret, tear_down),
		cmocka_unit_test_teardown(waits_until_it_is_settled, tear_down),
		cmocka_unit_test_teardown(the_oldest_stays, tear_down),
		cmocka_unit_test_teardown(reads_all_pages_and_only_ours, tear_down),
		cmocka_unit_test_teardown(pages_elsewhere_are_not_the_end, tear_down),
		cmocka_unit_test_teardown(long_pages_are_read_in_pieces, tear_down),
		cmocka_unit_test_teardown(issues_are_read_back_to_its_beginning, tear_down),
		cmocka_unit_test_teardown(a_clock_set_back_is_survived, tear_down),
		cmocka_unit_test_teardown(a_deleted_post_is_made_again, tear_down),
		cmocka_unit_test_teardown(what_is_hidden_is_found_again, tear_down),
	};

	return cmocka_run_group_tests_name("github-publish", tests, NULL, NULL);
}

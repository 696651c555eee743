#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/text.h"
#include "daemon/forge/github_text.h"

#define NOW INT64_C(1758245293693)
#define INCIDENT id_first_in_ms(NOW)
#define TASK (id_first_in_ms(NOW) + 1)
#define LINE                                                                                       \
	"<!-- codegend:v1 kind=status incident=incident-1758245293693 task=delayed-1758245293693-2 -->"
#define HEAD "1111111111111111111111111111111111111111"

/* ---- markers ---- */

static void a_marker_comes_back(void **state) {
	const struct github_marker markers[] = {
		{ GITHUB_POST_STATUS, INCIDENT, TASK },
		{ GITHUB_POST_STATUS, INCIDENT, 0 },
		{ GITHUB_POST_MENTION, INT64_MAX - 1, INT64_MAX - 1 },
		{ GITHUB_POST_ESCALATION, INCIDENT, TASK },
	};
	char line[GITHUB_MARKER_MAX];

	assert_string_equal(github_marker_format(&markers[0], line), LINE);
	for (size_t i = 0; i < ARRAY_SIZE(markers); i++) {
		struct github_marker back = { 0 };

		assert_int_equal(
			github_marker_parse(github_marker_format(&markers[i], line), &back), 0);
		assert_int_equal(back.kind, markers[i].kind);
		assert_int_equal(back.incident_id, markers[i].incident_id);
		assert_int_equal(back.task_id, markers[i].task_id);
	}
}

static void reads_first_lines_only(void **state) {
#define M "<!-- codegend:v1 kind=status incident=incident-1758245293693"
	static const struct {
		const char *body;
		int result;
	} bodies[] = {
		{ LINE, 0 },
		{ LINE "\n# Title\n", 0 },
		{ LINE "\r\n# Title\r\n", 0 },
		{ M " cycle=3 new=thing -->", 0 },
		{ M " -->", 0 },
		{ "", -ENOENT },
		{ "# Title\n" LINE, -ENOENT },
		{ " " LINE, -ENOENT },
		{ "> " LINE, -ENOENT },
		{ "<!-- codegend -->", -ENOENT },
		{ "<!-- codegend:op=delayed-1 -->", -EINVAL },
		{ "<!-- codegend:v2 kind=status incident=incident-1758245293693 -->", -EINVAL },
		{ M, -EINVAL },
		{ M " --> trailing", -EINVAL },
		{ M "\n -->", -EINVAL },
		{ M " kind=mention -->", -EINVAL },
		{ M " incident=incident-1758245293693 -->", -EINVAL },
		{ M " task=incident-1758245293693 -->", -EINVAL },
		{ M " task= -->", -EINVAL },
		{ M " word -->", -EINVAL },
		{ "<!-- codegend:v1 kind=status -->", -EINVAL },
		{ "<!-- codegend:v1 incident=incident-1758245293693 -->", -EINVAL },
		{ "<!-- codegend:v1 kind=other incident=incident-1758245293693 -->", -EINVAL },
		{ "<!-- codegend: -->", -EINVAL },
		{ "<!-- codegend:", -EINVAL },
	};
#undef M

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct github_marker marker = { .task_id = 5 };
		int r = github_marker_parse(bodies[i].body, &marker);

		if (r != bodies[i].result) {
			fail_msg("%s: %d", bodies[i].body, r);
		}
		assert_int_equal(r < 0 ? marker.task_id : 5, 5);
	}
}

#define POST(id, user, app, body)                                                                  \
	"{\"id\":" id ",\"user\":{\"id\":" user "},\"performed_via_github_app\":" app              \
	",\"created_at\":\"2025-09-19T01:28:13Z\",\"html_url\":\"https://example.com/" id          \
	"\",\"body\":\"" body "\"}"

static const struct github_marker wanted = { GITHUB_POST_STATUS, 0, 0 };

static long find(const char *page, const struct github_identity *identity, size_t *n_duplicates) {
	struct github_post *posts = NULL;
	struct github_marker marker = wanted;
	size_t n = 0, n_items = 0, duplicates[8];
	long at, id;

	marker.incident_id = INCIDENT;
	assert_int_equal(github_decode_posts(page, strlen(page), &posts, &n, &n_items), 0);
	at = github_post_find(
		posts, n, identity, &marker, duplicates, ARRAY_SIZE(duplicates), n_duplicates);
	id = at < 0 ? at : (long)posts[at].id;
	free(posts);
	return id;
}

static void finds_our_own_alone(void **state) {
	static const char page[] = "[" POST("1", "66", "null", LINE "\\nforged") "," POST("2", "42",
		"null", "no marker") "," POST("9", "42", "null", LINE "\\nlater") "," POST("5", "42",
		"null", LINE "\\nours") "," POST("6", "42", "null", "> " LINE) ",7,null," POST("0",
		"42", "null", LINE) ",{\"id\":8,\"user\":null,\"body\":\"" LINE "\"}]";
	static const char by_app[] = "[" POST("3", "42", "{\"id\":7}", LINE) "]";
	const struct github_identity we = { .user_id = 42 }, app = { .user_id = 0, .app_id = 7 },
				     nobody = { 0 };
	size_t n = 0;

	assert_int_equal(find(page, &we, &n), 5);
	assert_int_equal(n, 1);
	assert_int_equal(find(page, &nobody, &n), -ENOENT);
	assert_int_equal(find(page, &app, &n), -ENOENT);
	assert_int_equal(find(by_app, &app, &n), 3);
	assert_int_equal(n, 0);
	assert_int_equal(find("[]", &we, &n), -ENOENT);
}

static void a_mention_is_of_its_task(void **state) {
	const struct github_identity we = { .user_id = 42 };
	const struct github_post post = { .id = 1,
		.author_id = 42,
		.marked = true,
		.marker = { GITHUB_POST_MENTION, INCIDENT, TASK } };
	struct github_marker marker = post.marker;

	assert_int_equal(github_post_find(&post, 1, &we, &marker, NULL, 0, NULL), 0);
	marker.task_id++;
	assert_int_equal(github_post_find(&post, 1, &we, &marker, NULL, 0, NULL), -ENOENT);
	marker.kind = GITHUB_POST_STATUS;
	assert_int_equal(github_post_find(&post, 1, &we, &marker, NULL, 0, NULL), -ENOENT);
}

static void reads_posts_page_by_page(void **state) {
	static const char issue[] =
		"{\"id\":77,\"number\":12,\"state\":\"closed\",\"user\":{\"id\":42},\"pull_request\":{},"
		"\"html_url\":\"javascript:alert(1)\",\"body\":null}";
	static const char *const none[] = { "", "{", "7", "\"x\"", "null" };
	struct github_post *posts = NULL;
	size_t n = 0, n_items = 0;

	assert_int_equal(
		github_decode_posts("[" POST("1", "2", "null", "a") ",{}]",
			strlen("[" POST("1", "2", "null", "a") ",{}]"), &posts, &n, &n_items),
		0);
	assert_int_equal(n, 1);
	assert_int_equal(n_items, 2);
	assert_int_equal(posts[0].created_ms, INT64_C(1758245293000));
	assert_string_equal(posts[0].url, "https://example.com/1");
	assert_int_equal(github_decode_posts(issue, strlen(issue), &posts, &n, &n_items), 0);
	assert_int_equal(n, 2);
	assert_int_equal(posts[1].number, 12);
	assert_true(posts[1].closed && posts[1].pull_request && !posts[1].marked);
	assert_string_equal(posts[1].url, "");
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		assert_int_equal(github_decode_posts(none[i], strlen(none[i]), &posts, &n, &n_items),
			-EBADMSG);
	}
	assert_int_equal(n, 2);
	free(posts);
}

/* ---- bodies ---- */

struct fixture {
	struct incident incident;
	struct report report;
	struct policy policy;
	struct github_attempt attempts[30];
	struct github_status_text status;
	struct buffer out;
	const char *secret;
};

static struct fixture f;

static void begin(void) {
	buffer_finish(&f.out);
	free(f.report.log);
	free(f.report.details);
	f = (struct fixture){
		.incident = { .id = INCIDENT, .state = INCIDENT_WAITING, .cycle = 2, .branch = "fix/it" },
		.report = { .at_ms = NOW,
			.project = "acme/web",
			.branch = "fix/it",
			.error_type = ERROR_LINT,
			.exit_code = 1 },
		.policy = { .max_cycles = 3, .n_agents = 1, .agents = { { .name = "fixer" } } },
	};
	f.status = (struct github_status_text){ .incident = &f.incident,
		.report = &f.report,
		.policy = &f.policy,
		.task_id = TASK,
		.attempts = f.attempts,
		.next_check_ms = NOW + CLOCK_HOUR_MS };
	buffer_init(&f.out, 4 * LIMIT_BODY_MAX_BYTES);
}

static const char *write_status(void) {
	f.out.len = 0;
	assert_int_equal(github_status_write(&f.out, &f.status, &f.secret), 0);
	assert_true(f.out.len < 65536);
	assert_true(text_is_utf8(f.out.data, f.out.len));
	return f.out.data;
}

/* Lines that begin a fence and lines that end one: all are closed, and our sections are outside. */
static void expect_fences_closed(const char *body) {
	size_t open = 0;

	for (const char *line = body; line != NULL;
		line = strchr(line, '\n'), line = line != NULL ? line + 1 : NULL) {
		size_t n = strspn(line, "`");

		if (n >= 3 && open == 0) {
			open = n;
		} else if (n >= 3 && n >= open && line[n] == '\n') {
			open = 0;
		}
		if (strncmp(line, "## What happens next", 20) == 0) {
			assert_int_equal(open, 0);
		}
	}
	assert_int_equal(open, 0);
}

#define HAS(body, text)                                                                            \
	do {                                                                                       \
		if (strstr(body, text) == NULL) {                                                  \
			fail_msg("no \"%s\" in:\n%s", text, body);                                 \
		}                                                                                  \
	} while (false)

static void add_attempts(size_t n) {
	for (size_t i = 0; i < n; i++) {
		f.attempts[i] = (struct github_attempt){ .cycle = (int64_t)i + 1,
			.triggered_ms = NOW,
			.agent = "fixer",
			.agent_said = "It exited with 0.",
			.checked_ms = NOW + 1000,
			.verdict = "Not ready: Check lint failed." };
	}
	f.status.n_attempts = n;
}

static void tells_of_attempts_verdict_and_what_comes(void **state) {
	const char *body;

	begin();
	add_attempts(1);
	f.incident.verdict = (struct verdict){
		.outcome = VERDICT_NOT_READY, .checked_at_ms = NOW, .head_sha = HEAD
	};
	verdict_add(&f.incident.verdict, REASON_CHECK_FAILED, "lint", "Check lint failed.");
	body = write_status();
	assert_int_equal(
		strncmp(body, LINE "\n# Lint failure: ", strlen(LINE "\n# Lint failure: ")), 0);
	HAS(body,
		"## Is it ready?\n\n**Not ready**, commit `111111111111`, as of 2025-09-19T01:28:13.693Z.");
	HAS(body, "- `CHECK_FAILED` (repair) Check lint failed.\n");
	HAS(body,
		"- Cycle 1: agent `fixer` was asked at 2025-09-19T01:28:13.693Z. It exited with 0. Looked at "
		"2025-09-19T01:28:14.693Z: Not ready: Check lint failed.\n");
	HAS(body, "codegend looks again at 2025-09-19T02:28:13.693Z. This is cycle 2 of 3;");
}

/* What is posted at the beginning of a cycle is read when it went on. */
static void an_open_one_says_whose_turn_it_is(void **state) {
	begin();
	f.incident.state = INCIDENT_OPEN;
	f.status.hold = HOLD_FORK;
	HAS(write_status(), "No agent is asked: the pull request is of a fork.");
	begin();
	f.incident.state = INCIDENT_OPEN;
	f.policy.n_agents = 0;
	HAS(write_status(), "a person has to repair it.");
}

static void every_state_says_what_comes(void **state) {
	static const struct {
		enum incident_state state;
		const char *escalate_to;
		const char *text;
	} states[] = {
		{ INCIDENT_OPEN, NULL, "This is cycle 2 of 3" },
		{ INCIDENT_WAITING, "ann", "This is cycle 2 of 3" },
		{ INCIDENT_RESOLVED, "ann", "Resolved at " },
		{ INCIDENT_ESCALATED, NULL, "A person has to look at this." },
		{ INCIDENT_ESCALATED, "acme/on-call_1",
			"@acme/on-call_1, a person has to look at this." },
		{ INCIDENT_ABANDONED, "ann", "Nothing more happens here." },
	};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		const char *body;

		begin();
		f.incident.state = states[i].state;
		f.status.escalate_to = states[i].escalate_to;
		(void)TEXT_SET(f.incident.reason, "Because.");
		body = write_status();
		HAS(body, states[i].text);
		HAS(body,
			states[i].state == INCIDENT_OPEN ? "Agent `fixer` is asked to repair it."
							 : "Because.");
		/* Nobody is mentioned who is not needed. */
		assert_int_equal(strchr(body, '@') != NULL,
			states[i].state == INCIDENT_ESCALATED && states[i].escalate_to != NULL);
	}
}

static void hostile_texts_arrive_inert(void **state) {
	const char *body;

	begin();
	add_attempts(1);
	f.attempts[0].agent_said = "done --> <!-- x --> @octocat fixes #1 \n/merge\n# heading";
	f.attempts[0].verdict = "[click](javascript:x) ```";
	f.incident.verdict = (struct verdict){ .outcome = VERDICT_NOT_READY, .checked_at_ms = NOW };
	verdict_add(&f.incident.verdict, REASON_CHECK_FAILED, "x",
		"Check @octocat closes #2 <img src=x> failed.");
	(void)TEXT_SET(f.incident.reason, "@octocat /approve");
	f.report.log = strdup(
		"````\n@octocat\n/merge\n<!-- codegend:v1 kind=status incident=incident-1 -->\n```\n");
	body = write_status();
	expect_fences_closed(body);
	assert_null(strstr(body, "\n/merge"));
	assert_null(strstr(body, "<img"));
	assert_null(strstr(body, "](javascript"));
	assert_null(strstr(body, "<!-- x"));
	for (const char *at = body; (at = strstr(at, "@octocat")) != NULL; at++) {
		/* Inside the fence a mention is none; elsewhere it must not be there as such. */
		assert_true(at > strstr(body, "## Log"));
	}
}

static void fits_whatever_the_log_is(void **state) {
	static const size_t lengths[] = { 0, 100, 60000, 64000, 65000, 66000, 300000 };
	static const char *const fills[] = { "x", "é", "`", "line\n", "```\n" };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(fills); k++) {
			size_t fill = strlen(fills[k]);

			begin();
			add_attempts(30);
			f.report.log = calloc(1, lengths[i] + fill + 1);
			f.report.details = strdup("what CI said");
			assert_non_null(f.report.log);
			for (size_t at = 0; at < lengths[i]; at += fill) {
				memcpy(f.report.log + at, fills[k], fill);
			}
			expect_fences_closed(write_status());
			HAS(f.out.data, "- 10 earlier ones are not shown.\n");
			HAS(f.out.data, "This is cycle 2 of 3");
		}
	}
}

/* Texts as long as they come: what happens next is said all the same. */
static void fits_whatever_happened(void **state) {
	static char lots[LIMIT_SENTENCE_MAX * 8];

	begin();
	memset(lots, '*', sizeof(lots) - 1);
	add_attempts(30);
	for (size_t i = 0; i < ARRAY_SIZE(f.attempts); i++) {
		f.attempts[i].verdict = lots;
		f.attempts[i].agent_said = lots;
	}
	HAS(write_status(), "- Further ones are left out.\n");
	HAS(f.out.data, "This is cycle 2 of 3");
}

static void a_secret_is_not_posted(void **state) {
	begin();
	f.report.log = strdup("token ghp_"
			      "0123456789abcdefghijABCDEFGHIJ456789\n");
	f.out.len = 0;
	assert_int_equal(github_status_write(&f.out, &f.status, &f.secret), -EKEYREJECTED);
	assert_int_equal(f.out.len, 0);
	assert_non_null(f.secret);
}

static void knows_who_can_be_mentioned(void **state) {
	static const char *const good[] = { "octocat", "acme/on-call", "a", "codegen-agent",
		"acme/a_b", "mona_acme" };
	static const char *const bad[] = { "", "@octocat", "octo cat", "a/b/c", "/team", "acme/",
		"-a", "octo\ncat", "é", "0123456789012345678901234567890123456789", "a)b" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(github_is_handle(good[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_false(github_is_handle(bad[i]));
		begin();
		f.status.escalate_to = bad[i];
		assert_int_equal(github_status_write(&f.out, &f.status, &f.secret),
			bad[i][0] == '\0' ? 0 : -EINVAL);
	}
}

static void a_mention_is_short(void **state) {
	struct github_mention_text mention;
	const char *body;

	begin();
	mention = (struct github_mention_text){ .incident = &f.incident,
		.policy = &f.policy,
		.task_id = TASK,
		.handle = "codegen-agent",
		.status_url = "https://github.com/acme/web/pull/17#issuecomment-5" };
	f.incident.verdict = (struct verdict){ .outcome = VERDICT_NOT_READY, .checked_at_ms = NOW };
	for (int i = 0; i < VERDICT_REASONS_MAX; i++) {
		verdict_add(&f.incident.verdict, REASON_CHECK_FAILED, "x", "Check @other failed.");
	}
	assert_int_equal(github_mention_write(&f.out, &mention, &f.secret), 0);
	body = f.out.data;
	assert_true(f.out.len < 1500);
	HAS(body, "kind=mention");
	HAS(body, "\n@codegen-agent Please repair");
	HAS(body, "[this comment](https://github.com/acme/web/pull/17#issuecomment-5)");
	HAS(body, "on branch `fix/it`");
	HAS(body, "cycle 2 of 3");
	assert_null(strstr(body, "@other"));
	f.out.len = 0;
	mention.status_url = "https://x) @other";
	assert_int_equal(github_mention_write(&f.out, &mention, &f.secret), 0);
	assert_null(strstr(f.out.data, "@other"));
	mention.handle = "a @b";
	assert_int_equal(github_mention_write(&f.out, &mention, &f.secret), -EINVAL);
}

static void an_escalation_asks_people(void **state) {
	struct github_escalation_text escalation = {
		.incident = &f.incident,
		.task_id = TASK,
		.escalate_to = "acme/on-call",
		.status_url = "https://github.com/acme/web/pull/17#issuecomment-5",
	};
	const char *body;

	begin();
	(void)TEXT_SET(f.incident.reason, "The budget is spent, @other.");
	for (int i = 0; i < 10; i++) {
		verdict_add(&f.incident.verdict, REASON_CHECK_FAILED, "x", "Check @other failed.");
	}
	assert_int_equal(github_escalation_write(&f.out, &escalation, &f.secret), 0);
	body = f.out.data;
	HAS(body,
		"kind=escalation incident=incident-1758245293693 task=delayed-1758245293693-2 -->\n");
	HAS(body, "\n@acme/on-call A person has to look at this: [this comment](https://github.com/");
	HAS(body, "`codegenctl incident retry incident-1758245293693` gives it a new budget.");
	assert_null(strstr(body, "@other"));
	assert_true(f.out.len < 1500);
	f.out.len = 0;
	escalation.escalate_to = "";
	escalation.status_url = "";
	assert_int_equal(github_escalation_write(&f.out, &escalation, &f.secret), 0);
	HAS(f.out.data, "\nA person has to look at this: the comment of this incident tells");
	assert_null(strstr(f.out.data, "@acme"));
	escalation.escalate_to = "a @b";
	assert_int_equal(github_escalation_write(&f.out, &escalation, &f.secret), -EINVAL);
}

static void a_duplicate_says_of_what(void **state) {
	const struct github_marker marker = { GITHUB_POST_STATUS, INCIDENT, TASK };

	begin();
	assert_int_equal(github_duplicate_write(&f.out, &marker, 12), 0);
	HAS(f.out.data, LINE "\nThis is #12 once more: ");
}

static void an_issue_names_its_pull_request(void **state) {
	begin();
	assert_null(strstr(write_status(), "pull request"));
	f.status.pull_request = 17;
	HAS(write_status(), "Its pull request is #17. ");
}

static void titles_are_our_own_words(void **state) {
	char title[LIMIT_NAME_MAX];

	begin();
	assert_string_equal(github_title(&f.report, title), "Lint failure on branch fix/it");
	(void)TEXT_SET(f.report.branch, "fixes #1 @octocat");
	assert_string_equal(github_title(&f.report, title), "Lint failure");
}

static int end(void **state) {
	begin();
	buffer_finish(&f.out);
	return 0;
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_marker_comes_back),
		cmocka_unit_test(reads_first_lines_only),
		cmocka_unit_test(finds_our_own_alone),
		cmocka_unit_test(a_mention_is_of_its_task),
		cmocka_unit_test(reads_posts_page_by_page),
		cmocka_unit_test(tells_of_attempts_verdict_and_what_comes),
		cmocka_unit_test(an_open_one_says_whose_turn_it_is),
		cmocka_unit_test(every_state_says_what_comes),
		cmocka_unit_test(hostile_texts_arrive_inert),
		cmocka_unit_test(fits_whatever_the_log_is),
		cmocka_unit_test(fits_whatever_happened),
		cmocka_unit_test(a_secret_is_not_posted),
		cmocka_unit_test(knows_who_can_be_mentioned),
		cmocka_unit_test(a_mention_is_short),
		cmocka_unit_test(an_escalation_asks_people),
		cmocka_unit_test(a_duplicate_says_of_what),
		cmocka_unit_test(an_issue_names_its_pull_request),
		cmocka_unit_test(titles_are_our_own_words),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}

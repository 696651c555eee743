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
		.policy = { .max_cycles = 3,
			.wait_recheck_ms = 10 * CLOCK_MINUTE_MS,
			.n_agents = 1,
			.agents = { { .name = "fixer" } } },
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
		if (strncmp(line, "<details>", 9) == 0 || strncmp(line, "</details>", 10) == 0) {
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
			.turn = GITHUB_TURN_EXITED,
			.url = "",
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
#define FIRST                                                                                             \
	"Agent `fixer` ended with exit code 0 (cycle 2 of 3); codegend looks whether it is ready around " \
	"2025-09-19 02:28 UTC, then about every 10m.\n\n# Lint failure: "
	f.attempts[0].cycle = 2;
	body = write_status();
	assert_int_equal(strncmp(body, LINE "\n" FIRST, strlen(LINE "\n" FIRST)), 0);
#undef FIRST
	HAS(body,
		"## Is it ready?\n\n**not ready**, commit `111111111111`, as of 2025-09-19 01:28 UTC.");
	HAS(body, "- `CHECK_FAILED` (repair) Check lint failed.\n");
	HAS(body,
		"- Cycle 2, 2025-09-19 01:28 UTC: agent `fixer` ended with exit code 0. Looked at 2025-09-19 "
		"01:28 UTC: Not ready: Check lint failed.\n");
	assert_true(strstr(body, "## Attempts") < strstr(body, "<details>"));
}

static void expect_first_line(const char *line) {
	const char *body = write_status();
	size_t len = strlen(line);

	body += strlen(LINE "\n");
	if (strncmp(body, line, len) != 0 || body[len] != '\n') {
		fail_msg("not \"%s\" but: %.300s", line, body);
	}
}

/* Posted when the cycle begins, and read until it is changed: nothing is promised that is forbidden. */
static void an_open_one_says_whose_turn_it_is(void **state) {
	static const struct {
		enum incident_hold hold;
		const char *line, *hint;
	} holds[] = {
		{ HOLD_NONE, "It is the turn of agent `fixer` (cycle 2 of 3).", "" },
		{ HOLD_RELEASED, "It is the turn of agent `fixer` (cycle 2 of 3).", "" },
		{ HOLD_FORK, "**No agent is asked**: the pull request is of a fork (cycle 2 of 3).",
			"An operator of codegend can allow it with `codegenctl incident release "
			"incident-1758245293693`.\n" },
		{ HOLD_NO_WRITE,
			"**No agent is asked**: the author of the pull request may not write to this "
			"repository (cycle 2 of 3).",
			"incident release" },
		{ HOLD_AGENT_ASKS, "**The agent waits for a person** (cycle 2 of 3).",
			"Answer it in its run; or an operator" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(holds); i++) {
		begin();
		f.incident.state = INCIDENT_OPEN;
		f.status.hold = holds[i].hold;
		f.status.next_check_ms = 0;
		expect_first_line(holds[i].line);
		HAS(f.out.data, holds[i].hint);
		assert_int_equal(strstr(f.out.data, "codegenctl") != NULL, holds[i].hint[0] != '\0');
		/* Whether anybody is asked at its end is not known here. */
		assert_null(strstr(f.out.data, "after the last"));
	}
	begin();
	f.incident.state = INCIDENT_OPEN;
	f.policy.n_agents = 0;
	f.status.hold = HOLD_FORK;
	expect_first_line(
		"**A person has to repair it**: the project has no agent (cycle 2 of 3); codegend "
		"looks whether it is ready around 2025-09-19 02:28 UTC, then about every 10m.");
	assert_null(strstr(f.out.data, "codegenctl"));
}

/* What came of an agent's turn, without what the recorded sentences have for operators. */
static void a_turn_is_told_by_what_is_known(void **state) {
	static const struct {
		struct github_attempt attempt;
		const char *line;
	} turns[] = {
		{ { .turn = GITHUB_TURN_WORKS, .url = "" }, "Agent `fixer` works on it" },
		{ { .turn = GITHUB_TURN_ASKED,
			  .url = "https://github.com/acme/web/pull/1#issuecomment-6" },
			"Agent `fixer` was asked in [a "
			"comment](https://github.com/acme/web/pull/1#issuecomment-6)" },
		{ { .turn = GITHUB_TURN_RAN, .url = "https://codegen.com/agent/trace/5" },
			"Agent `fixer` had its turn in [a run of its own](https://codegen.com/agent/trace/5)" },
		{ { .turn = GITHUB_TURN_RAN, .url = "https://x) @octocat" },
			"Agent `fixer` had its turn in a run of its own" },
		{ { .turn = GITHUB_TURN_RAN, .url = "javascript:x" },
			"Agent `fixer` had its turn in a run of its own" },
		{ { .turn = GITHUB_TURN_EXITED, .number = 3, .url = "" },
			"Agent `fixer` ended with exit code 3" },
		{ { .turn = GITHUB_TURN_KILLED, .number = 9, .url = "" },
			"Agent `fixer` was ended by signal 9" },
		{ { .turn = GITHUB_TURN_NOT_STARTED, .url = "" },
			"Agent `fixer` could not be started" },
		{ { .turn = GITHUB_TURN_STOPPED, .url = "" }, "Agent `fixer` was stopped" },
		{ { .turn = GITHUB_TURN_UNKNOWN, .url = "" },
			"Agent `fixer` left no run that is known here" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(turns); i++) {
		char line[LIMIT_SENTENCE_MAX];

		begin();
		f.status.next_check_ms = 0;
		f.attempts[0] = turns[i].attempt;
		f.attempts[0].cycle = 2;
		f.attempts[0].triggered_ms = NOW;
		f.attempts[0].agent = "fixer";
		f.status.n_attempts = 1;
		(void)text_format(line, sizeof(line), "%s (cycle 2 of 3).", turns[i].line);
		expect_first_line(line);
		/* Where the next one of a chain is to begin, the last one's turn is over. */
		f.incident.state = INCIDENT_OPEN;
		expect_first_line(turns[i].attempt.turn == GITHUB_TURN_WORKS
				? line
				: "It is the turn of agent `fixer` (cycle 2 of 3).");
		f.incident.state = INCIDENT_WAITING;
		f.incident.cycle = 3;
		expect_first_line("No agent is at work (cycle 3 of 3).");
	}
}

/* The time of a look that has passed is no promise. */
static void says_when_it_looks_again(void **state) {
	begin();
	f.status.next_check_ms = NOW;
	f.incident.follow_up_ms = NOW + CLOCK_HOUR_MS;
	HAS(write_status(),
		"looks whether it is ready around 2025-09-19 02:28 UTC, then about every 10m.");
	f.policy.wait_recheck_ms = 15 * CLOCK_MINUTE_MS;
	f.incident.verdict.checked_at_ms = NOW + CLOCK_HOUR_MS;
	HAS(write_status(), "looks again about every 15m.");
	verdict_add(&f.incident.verdict, REASON_REVIEW_MISSING, "", "A review is missing.");
	HAS(write_status(), "\n**It waits for a person**, as told below (cycle 2 of 3); codegend");
	verdict_add(&f.incident.verdict, REASON_CHECK_PENDING, "x", "Check x runs.");
	HAS(write_status(), "\nNo agent is at work (cycle 2 of 3); codegend");
}

static void every_state_says_what_comes(void **state) {
	static const struct {
		enum incident_state state;
		enum verdict_outcome outcome;
		const char *line;
	} states[] = {
		{ INCIDENT_RESOLVED, VERDICT_READY,
			"**Resolved** 2025-09-19 01:28 UTC: commit `111111111111` is proven ready." },
		{ INCIDENT_RESOLVED, VERDICT_MERGED,
			"**Resolved** 2025-09-19 01:28 UTC: it was merged." },
		{ INCIDENT_ESCALATED, VERDICT_NOT_READY,
			"**A person has to look at this**: no agent is left to ask." },
		{ INCIDENT_ABANDONED, VERDICT_CLOSED,
			"**Nothing more happens here**: the pull request was closed without merging." },
		{ INCIDENT_ABANDONED, VERDICT_GONE,
			"**Nothing more happens here**: the tag is at another commit than the one that failed." },
		{ INCIDENT_ABANDONED, VERDICT_NOT_READY,
			"**Nothing more happens here**: an operator of codegend closed it." },
	};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		begin();
		f.incident.state = states[i].state;
		f.incident.resolved_ms = NOW;
		f.incident.verdict = (struct verdict){
			.outcome = states[i].outcome, .checked_at_ms = NOW, .head_sha = HEAD
		};
		(void)TEXT_SET(f.incident.reason, "Of this host: /srv/agent, http://127.0.0.1:81.");
		expect_first_line(states[i].line);
		assert_null(strstr(f.out.data, "/srv"));
		assert_int_equal(strstr(f.out.data, "\n# Resolved. Lint failure: acme/web") != NULL,
			states[i].state == INCIDENT_RESOLVED);
		/* Nobody is mentioned: who is asked has a comment of his own. */
		assert_null(strchr(f.out.data, '@'));
	}
	begin();
	f.incident.state = INCIDENT_ABANDONED;
	f.incident.verdict = (struct verdict){ .outcome = VERDICT_GONE, .checked_at_ms = NOW };
	expect_first_line("**Nothing more happens here**: the branch, tag or pull request is gone.");
}

/* What failed at our end is told as such, and no more. */
static void our_own_failures_are_not_told_in_detail(void **state) {
	begin();
	f.incident.verdict = (struct verdict){ .outcome = VERDICT_UNKNOWN, .checked_at_ms = NOW };
	verdict_add(
		&f.incident.verdict, REASON_UNREACHABLE, "", "Connecting to 127.0.0.1:81 failed.");
	verdict_add(&f.incident.verdict, REASON_CHECKS_UNREADABLE, "",
		"No token in /etc/codegend/token.");
	verdict_add(&f.incident.verdict, REASON_CHECKS_UNREADABLE, "deploy", "Check deploy is odd.");
	(void)write_status();
	HAS(f.out.data, "- `UNREACHABLE` (wait) codegend did not get an answer from GitHub.\n");
	HAS(f.out.data,
		"- `CHECKS_UNREADABLE` (human) codegend could not read what GitHub knows of it.\n");
	HAS(f.out.data, "- `CHECKS_UNREADABLE` (human) Check deploy is odd.\n");
	assert_null(strstr(f.out.data, "127.0.0.1"));
	assert_null(strstr(f.out.data, "/etc"));
}

static void why_people_are_asked(void **state) {
	static const struct {
		enum incident_hold hold;
		int64_t cycle;
		enum reason_code code;
		const char *text;
	} rows[] = {
		{ HOLD_NONE, 3, REASON_CHECK_FAILED, "it is not ready after cycle 3 of 3." },
		{ HOLD_NONE, 2, REASON_CHECK_FAILED, "no agent is left to ask." },
		{ HOLD_NONE, 2, REASON_DRAFT, "only a person can do what is left." },
		{ HOLD_FORK, 1, REASON_CHECK_FAILED, "no agent may be asked, and nobody allowed it." },
		{ HOLD_AGENT_ASKS, 1, REASON_CHECK_FAILED,
			"the agent waited too long for an answer." },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin();
		f.incident.state = INCIDENT_ESCALATED;
		f.incident.cycle = rows[i].cycle;
		f.incident.hold = rows[i].hold;
		f.incident.verdict.checked_at_ms = NOW;
		verdict_add(&f.incident.verdict, rows[i].code, "x", "Because.");
		HAS(write_status(), rows[i].text);
	}
}

static void hostile_texts_arrive_inert(void **state) {
	const char *body;

	begin();
	add_attempts(1);
	f.attempts[0].agent = "done --> <!-- x --> @octocat fixes #1 \n/merge\n# heading `";
	f.attempts[0].url = "https://evil.example/)@octocat";
	f.attempts[0].turn = GITHUB_TURN_RAN;
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
	assert_null(strstr(body, "evil.example"));
	for (const char *at = body; (at = strstr(at, "@octocat")) != NULL; at++) {
		/* Inside a fence, or a code span, a mention is none; elsewhere it must not be there as such. */
		assert_true((at > strstr(body, "## Log") && at < strstr(body, "\n## Is it")) ||
			strncmp(at, "@octocat fixes #1 /merge # heading ` ``", 39) == 0);
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
			HAS(f.out.data, "(cycle 2 of 3)");
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
	}
	HAS(write_status(), "- Further ones are left out.\n");
	HAS(f.out.data, "(cycle 2 of 3)");
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
	HAS(body, "on branch `fix/it`, and push to that branch. This");
	HAS(body, "cycle 2 of 3");
	assert_null(strstr(body, "@other"));
	f.out.len = 0;
	mention.is_issue = true;
	(void)TEXT_SET(f.incident.head_repository, "ann/web");
	assert_int_equal(github_mention_write(&f.out, &mention, &f.secret), 0);
	HAS(f.out.data, "[the description of this issue](https://github.com/acme/web/pull/17#issue");
	HAS(f.out.data, "on branch `fix/it` of `ann/web`");
	HAS(f.out.data,
		"and push to that branch (of a tag: to the branch that it was made from). This");
	f.out.len = 0;
	mention.is_issue = false;
	mention.status_url = "https://x) @other";
	assert_int_equal(github_mention_write(&f.out, &mention, &f.secret), 0);
	assert_null(strstr(f.out.data, "@other"));
	mention.handle = "a @b";
	assert_int_equal(github_mention_write(&f.out, &mention, &f.secret), -EINVAL);
}

static void an_escalation_asks_people(void **state) {
	struct github_escalation_text escalation = {
		.incident = &f.incident,
		.policy = &f.policy,
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
	HAS(body,
		"\n@acme/on-call A person has to look at this: no agent is left to ask. What was tried is told "
		"in [this comment](https://github.com/");
	HAS(body,
		"\nAn operator of codegend can give it new cycles with `codegenctl incident retry "
		"incident-1758245293693`. When it turns green, that is said here; the pull request stays as it "
		"is.\n");
	/* Each command is named once. */
	assert_null(strstr(strstr(body, "codegenctl") + 1, "codegenctl"));
	assert_null(strstr(body, "The budget is spent"));
	assert_null(strstr(body, "@other"));
	assert_true(f.out.len < 1500);
	f.out.len = 0;
	f.incident.hold = HOLD_FORK;
	assert_int_equal(github_escalation_write(&f.out, &escalation, &f.secret), 0);
	HAS(f.out.data, "can let an agent be asked with `codegenctl incident release incident-1758");
	f.incident.hold = HOLD_NONE;
	f.out.len = 0;
	escalation.escalate_to = "";
	escalation.status_url = "";
	escalation.is_issue = true;
	assert_int_equal(github_escalation_write(&f.out, &escalation, &f.secret), 0);
	HAS(f.out.data, "\nA person has to look at this: ");
	HAS(f.out.data, "What was tried is told in the description of this issue.\n");
	HAS(f.out.data, "This issue is closed when it turns green.\n");
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
	HAS(write_status(), " Its pull request is #17.\n");
}

static void others_of_its_branch_are_named(void **state) {
	const int64_t others[] = { INCIDENT + 1, INCIDENT + 2 };
	char expected[256], first[ID_TEXT_MAX], second[ID_TEXT_MAX];

	begin();
	assert_null(strstr(write_status(), "Another failure"));
	f.status.others = others;
	f.status.n_others = 2;
	(void)text_format(expected, sizeof(expected),
		" Another failure of its branch is told as `%s`, `%s`.\n",
		id_format(ID_INCIDENT, others[0], first), id_format(ID_INCIDENT, others[1], second));
	HAS(write_status(), expected);
}

static void merged_without_a_check_is_not_red(void **state) {
	static const struct {
		enum reason_code code;
		const char *said;
		bool listed;
	} rows[] = {
		{ REASON_CHECK_FAILED, ": it was merged while red, and is not proven green.", true },
		{ REASON_NO_CHECKS_ON_HEAD, ": it was merged before it was proven green.", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin();
		f.incident.state = INCIDENT_RESOLVED;
		f.incident.verdict.outcome = VERDICT_MERGED;
		f.incident.verdict.checked_at_ms = NOW;
		verdict_add(&f.incident.verdict, rows[i].code, "x", "It is so.");
		HAS(write_status(), rows[i].said);
		assert_true((strstr(f.out.data, "It is so") != NULL) == rows[i].listed);
	}
}

static void titles_are_our_own_words(void **state) {
	char title[LIMIT_NAME_MAX];

	begin();
	assert_string_equal(github_title(&f.report, title), "Lint failure on branch fix/it");
	(void)TEXT_SET(f.report.branch, "fixes #1 @octocat");
	assert_string_equal(
		github_title(&f.report, title), "Lint failure on branch fixes _1 @octocat");
	(void)TEXT_SET(f.report.branch, "a+b(c)=d!/#x,acme/web#12\nhttps://github.com");
	assert_string_equal(github_title(&f.report, title),
		"Lint failure on branch a+b(c)=d!/#x,acme/web_12_https_//github.com");
	(void)TEXT_SET(f.report.branch, "ünï\U0001F4A5/\u202e`x`<!--");
	assert_string_equal(
		github_title(&f.report, title), "Lint failure on branch ünï\U0001F4A5/`x`<!--");
	memset(f.report.branch, 'b', sizeof(f.report.branch) - 1);
	assert_int_equal(
		strlen(github_title(&f.report, title)), strlen("Lint failure on branch ") + 79);
}

static int end(void **state) {
	begin();
	buffer_finish(&f.out);
	return 0;
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_of_attempts_verdict_and_what_comes),
		cmocka_unit_test(an_open_one_says_whose_turn_it_is),
		cmocka_unit_test(a_turn_is_told_by_what_is_known),
		cmocka_unit_test(says_when_it_looks_again),
		cmocka_unit_test(every_state_says_what_comes),
		cmocka_unit_test(our_own_failures_are_not_told_in_detail),
		cmocka_unit_test(why_people_are_asked),
		cmocka_unit_test(hostile_texts_arrive_inert),
		cmocka_unit_test(fits_whatever_the_log_is),
		cmocka_unit_test(fits_whatever_happened),
		cmocka_unit_test(a_secret_is_not_posted),
		cmocka_unit_test(a_mention_is_short),
		cmocka_unit_test(an_escalation_asks_people),
		cmocka_unit_test(a_duplicate_says_of_what),
		cmocka_unit_test(an_issue_names_its_pull_request),
		cmocka_unit_test(others_of_its_branch_are_named),
		cmocka_unit_test(merged_without_a_check_is_not_red),
		cmocka_unit_test(titles_are_our_own_words),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}

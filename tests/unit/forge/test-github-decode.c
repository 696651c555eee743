#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/forge/github_decode.h"
#include "daemon/forge/github_judge.h"

#define NOW INT64_C(1758245293693)
#define HEAD "1111111111111111111111111111111111111111"
#define OTHER "2222222222222222222222222222222222222222"

/* ---- answers ---- */

#define SUITE_FACTS                                                                                 \
	"\"databaseId\":5,\"app\":{\"slug\":\"github-actions\"},\"workflowRun\":{\"databaseId\":6," \
	"\"event\":\"push\",\"workflow\":{\"name\":\"CI\"}}"
#define CHECK(name, conclusion)                                                                    \
	"{\"__typename\":\"CheckRun\",\"databaseId\":7,\"name\":\"" name                           \
	"\",\"status\":\"COMPLETED\",\"conclusion\":\"" conclusion                                 \
	"\",\"startedAt\":\"2025-09-19T01:00:00Z\",\"completedAt\":\"2025-09-19T01:10:00Z\","      \
	"\"isRequired\":true,\"checkSuite\":{" SUITE_FACTS "}}"
#define CONTEXT(name, state)                                                                       \
	"{\"__typename\":\"StatusContext\",\"context\":\"" name "\",\"state\":\"" state            \
	"\",\"createdAt\":\"2025-09-19T01:10:00Z\",\"isRequired\":true}"
#define PAGE "\"pageInfo\":{\"hasNextPage\":false,\"endCursor\":\"Y3\"}"
#define CONTEXTS(total, nodes) "{\"totalCount\":" total "," PAGE ",\"nodes\":[" nodes "]}"
#define COMMIT_OF(sha, rollup)                                                                       \
	"{\"oid\":\"" sha                                                                            \
	"\",\"committedDate\":\"2025-09-19T00:50:00Z\",\"statusCheckRollup\":" rollup                \
	",\"checkSuites\":{\"totalCount\":1," PAGE                                                   \
	",\"nodes\":[{\"status\":\"COMPLETED\",\"conclusion\":\"SUCCESS\","                          \
	"\"createdAt\":\"2025-09-19T00:55:00Z\",\"updatedAt\":\"2025-09-19T01:10:00Z\"," SUITE_FACTS \
	"}]}}"
#define ROLLUP(nodes) "{\"state\":\"SUCCESS\",\"contexts\":" CONTEXTS("2", nodes) "}"
#define COMMIT COMMIT_OF(HEAD, ROLLUP(CHECK("lint", "SUCCESS") "," CONTEXT("ci/build", "SUCCESS")))
#define PULL_OF(number, commit)                                                                      \
	"{\"number\":" number                                                                        \
	",\"state\":\"OPEN\",\"isDraft\":false,\"merged\":false,\"mergeable\":\"MERGEABLE\","        \
	"\"mergeStateStatus\":\"CLEAN\",\"reviewDecision\":\"APPROVED\",\"headRefOid\":\"" HEAD      \
	"\",\"headRefName\":\"fix/it\",\"baseRefName\":\"main\",\"isCrossRepository\":false,"        \
	"\"baseRef\":{\"refUpdateRule\":{\"requiredStatusCheckContexts\":[\"lint\",null]}},"         \
	"\"headRepository\":{\"nameWithOwner\":\"acme/web\"},"                                       \
	"\"isInMergeQueue\":false,\"mergeQueueEntry\":null,"                                         \
	"\"reviewThreads\":{\"totalCount\":1,\"nodes\":[{\"isResolved\":true}]},"                    \
	"\"latestOpinionatedReviews\":{\"totalCount\":1,\"nodes\":[{\"author\":{\"login\":\"ann\"}," \
	"\"state\":\"APPROVED\",\"commit\":{\"oid\":\"" HEAD "\"}}]},"                               \
	"\"commits\":{\"nodes\":[{\"commit\":" commit "}]}}"
#define PULL PULL_OF("17", COMMIT)
#define NO_PULLS "{\"totalCount\":0,\"nodes\":[]}"
#define FOUND(number, state, owner, cross)                                                         \
	"{\"totalCount\":1,\"nodes\":[{\"number\":" number ",\"state\":\"" state                   \
	"\",\"headRefName\":\"fix/it\",\"headRefOid\":\"" HEAD "\",\"isCrossRepository\":" cross   \
	",\"headRepositoryOwner\":{\"login\":\"" owner "\"}}]}"
#define BRANCH(open, ended, ref) "{\"open\":" open ",\"ended\":" ended ",\"ref\":" ref "}"
#define REF "{\"target\":" COMMIT "}"
#define RATE                                                                                       \
	"\"rateLimit\":{\"cost\":1,\"limit\":5000,\"remaining\":4998,\"resetAt\":\"2025-09-19T02:00:00Z\"}"
#define DATA(members) "{\"data\":{" members "," RATE "}}"
#define DATA_AND(members, errors) "{\"data\":{" members "," RATE "},\"errors\":[" errors "]}"
#define ERROR(type, path, message)                                                                 \
	"{\"type\":\"" type "\",\"path\":[" path "],\"message\":\"" message "\"}"

static const struct github_target by_number = { .owner = "acme", .name = "web", .pull_request = 17 };
static const struct github_target by_branch = {
	.owner = "acme", .name = "web", .branch = "fix/it", .head_owner = "", .head_name = ""
};
static const struct github_target by_fork = {
	.owner = "acme", .name = "web", .branch = "fix/it", .head_owner = "Bob", .head_name = "web"
};

/* ---- decoding and judging ---- */

struct judged {
	struct github_batch batch;
	struct github_snapshot snapshots[3];
	struct verdict verdicts[3];
};

static void judge_bytes(const char *body, size_t len, const struct github_target *targets, size_t n,
	struct judged *ret) {
	static const struct github_policy policy;

	memset(ret->snapshots, 0, sizeof(ret->snapshots));
	assert_int_equal(
		github_decode_batch(body, len, targets, n, 0, ret->snapshots, &ret->batch), 0);
	for (size_t i = 0; i < n; i++) {
		github_judge(&ret->snapshots[i], &policy, NOW, &ret->verdicts[i]);
	}
}

static void finish(struct judged *judged) {
	for (size_t i = 0; i < ARRAY_SIZE(judged->snapshots); i++) {
		github_snapshot_finish(&judged->snapshots[i]);
	}
}

struct row {
	const char *what;
	const struct github_target *target;
	const char *body;
	enum verdict_outcome outcome;
	enum reason_code code; /* of the first reason, when there is one */
	enum github_trouble trouble;
	const char *message; /* a part of the first reason's; NULL: any */
};

#define READY(what, target, body)                                                                  \
	{ what, target, body, VERDICT_READY, REASON_CODE_COUNT, GITHUB_TROUBLE_NONE, NULL }
#define OVER(what, target, body, outcome)                                                          \
	{ what, target, body, VERDICT_##outcome, REASON_CODE_COUNT, GITHUB_TROUBLE_NONE, NULL }
#define BAD(what, target, body, outcome, code, trouble, message)                                   \
	{ what, target, body, VERDICT_##outcome, REASON_##code, GITHUB_TROUBLE_##trouble, message }
#define WITH(rollup) DATA("\"t0\":{\"pullRequest\":" PULL_OF("17", COMMIT_OF(HEAD, rollup)) "}")

/* clang-format off */
static const struct row rows[] = {
	READY("a pull request", &by_number, DATA("\"t0\":{\"pullRequest\":" PULL "}")),
	READY("a branch", &by_branch, DATA("\"t0\":" BRANCH(NO_PULLS, NO_PULLS, REF))),
	READY("a tag with a message", &by_branch, DATA("\"t0\":" BRANCH(NO_PULLS, NO_PULLS, "{\"target\":" REF "}"))),
	READY("a branch of a fork", &by_fork, DATA("\"t0\":{\"open\":" NO_PULLS ",\"ended\":" NO_PULLS "},\"f0\":{\"ref\":" REF "}")),
	READY("an error about our rate alone", &by_number, DATA_AND("\"t0\":{\"pullRequest\":" PULL "}", ERROR("X", "\"rateLimit\"", "m"))),
	READY("a workflow that may not be read", &by_number, DATA_AND("\"t0\":{\"pullRequest\":" PULL "}",
		ERROR("FORBIDDEN", "\"t0\",\"pullRequest\",\"commits\",\"nodes\",0,\"commit\",\"checkSuites\",\"nodes\",0,\"workflowRun\"", "m"))),

	/* gone, and not gone */
	OVER("no such pull request", &by_number, DATA_AND("\"t0\":{\"pullRequest\":null}",
		ERROR("NOT_FOUND", "\"t0\",\"pullRequest\"", "Could not resolve to a PullRequest")), GONE),
	BAD("no such project", &by_number, DATA_AND("\"t0\":null", ERROR("NOT_FOUND", "\"t0\"", "Could not resolve to a Repository")),
		UNKNOWN, CHECKS_UNREADABLE, NONE, "Could not resolve to a Repository"),
	BAD("null, nobody knows why", &by_number, DATA("\"t0\":{\"pullRequest\":null}"), UNKNOWN, CHECKS_UNREADABLE, NONE, NULL),
	BAD("null because of an error", &by_number, DATA_AND("\"t0\":{\"pullRequest\":null}", ERROR("OOPS", "\"t0\",\"pullRequest\",\"mergeStateStatus\"", "Something broke")),
		UNKNOWN, UNREACHABLE, NONE, NULL),
	BAD("the alias is not there", &by_number, DATA("\"t1\":{}"), UNKNOWN, CHECKS_UNREADABLE, NONE, NULL),
	BAD("another number", &by_number, DATA("\"t0\":{\"pullRequest\":" PULL_OF("18", COMMIT) "}"), UNKNOWN, CHECKS_UNREADABLE, NONE, NULL),
	OVER("no such branch", &by_branch, DATA("\"t0\":" BRANCH(NO_PULLS, NO_PULLS, "null")), GONE),
	OVER("a branch that was closed", &by_branch, DATA("\"t0\":" BRANCH(NO_PULLS, FOUND("9", "CLOSED", "acme", "false"), "null")), CLOSED),
	BAD("a branch that was merged", &by_branch, DATA("\"t0\":" BRANCH(NO_PULLS, FOUND("9", "MERGED", "ACME", "false"), "null")), MERGED, CHECKS_UNREADABLE, NONE, NULL),
	OVER("a namesake of a fork was merged", &by_branch, DATA("\"t0\":" BRANCH(NO_PULLS, FOUND("9", "MERGED", "bob", "true"), "null")), GONE),
	READY("the branch lives on after a merge", &by_branch, DATA("\"t0\":" BRANCH(NO_PULLS, FOUND("9", "MERGED", "acme", "false"), REF))),
	BAD("the fork is gone", &by_fork, DATA_AND("\"t0\":{\"open\":" NO_PULLS ",\"ended\":" NO_PULLS "},\"f0\":null", ERROR("NOT_FOUND", "\"f0\"", "m")),
		UNKNOWN, CHECKS_UNREADABLE, NONE, "gone, or not for us"),
	OVER("the fork is gone after its pull request was closed", &by_fork,
		DATA_AND("\"t0\":{\"open\":" NO_PULLS ",\"ended\":" FOUND("9", "CLOSED", "bob", "true") "},\"f0\":null", ERROR("NOT_FOUND", "\"f0\"", "m")), CLOSED),

	/* a pull request by its branch */
	BAD("found", &by_branch, DATA("\"t0\":" BRANCH(FOUND("9", "OPEN", "acme", "false"), NO_PULLS, REF)), UNKNOWN, UNREACHABLE, NONE, "has yet to be asked"),
	BAD("found under the owner that has it now", &by_branch, DATA("\"t0\":" BRANCH(FOUND("9", "OPEN", "newco", "false"), NO_PULLS, REF)), UNKNOWN, UNREACHABLE, NONE, "has yet to be asked"),
	READY("a namesake of a fork", &by_branch, DATA("\"t0\":" BRANCH("{\"totalCount\":1,\"nodes\":[{\"number\":9,\"headRefName\":\"fix/it\",\"isCrossRepository\":true,"
		"\"headRepositoryOwner\":{\"login\":\"bob\"}}]}", NO_PULLS, REF))),
	BAD("too many namesakes", &by_branch, DATA("\"t0\":" BRANCH("{\"totalCount\":40,\"nodes\":[]}", NO_PULLS, REF)), UNKNOWN, CHECKS_UNREADABLE, NONE, "too many"),
	BAD("namesakes that are no list", &by_branch, DATA("\"t0\":" BRANCH("{\"totalCount\":{\"text\":\"1\"},\"nodes\":[]}", NO_PULLS, REF)), UNKNOWN, CHECKS_UNREADABLE, NONE, "documentation"),
	BAD("pull requests unread", &by_branch, DATA("\"t0\":" BRANCH("null", NO_PULLS, REF)), UNKNOWN, CHECKS_UNREADABLE, NONE, NULL),

	/* parts */
	BAD("checks may not be read", &by_number, DATA_AND("\"t0\":{\"pullRequest\":" PULL_OF("17", COMMIT_OF(HEAD, "{\"state\":\"SUCCESS\",\"contexts\":" CONTEXTS("1", "null") "}")) "}",
		ERROR("FORBIDDEN", "\"t0\",\"pullRequest\",\"commits\",\"nodes\",0,\"commit\",\"statusCheckRollup\",\"contexts\",\"nodes\",0", "Resource not accessible by personal access token")),
		UNKNOWN, CHECKS_UNREADABLE, NONE, "Resource not accessible by personal access token"),
	BAD("reviews may not be read", &by_number, DATA_AND("\"t0\":{\"pullRequest\":" PULL "}", ERROR("FORBIDDEN", "\"t0\",\"pullRequest\",\"latestOpinionatedReviews\"", "m")),
		NOT_READY, BLOCKED_UNKNOWN, NONE, NULL),
	BAD("merging broke", &by_number, DATA_AND("\"t0\":{\"pullRequest\":" PULL "}", ERROR("X", "\"t0\",\"pullRequest\",\"mergeQueueEntry\"", "m")),
		NOT_READY, BLOCKED_UNKNOWN, NONE, NULL),
	BAD("no checks at all", &by_number, WITH("null"), PENDING, NO_CHECKS_ON_HEAD, NONE, NULL),
	BAD("a null among the checks", &by_number, WITH(ROLLUP(CHECK("lint", "SUCCESS") ",null")), UNKNOWN, CHECKS_UNREADABLE, NONE, NULL),
	BAD("a third kind of check", &by_number, WITH(ROLLUP(CHECK("lint", "SUCCESS") ",{\"__typename\":\"Deployment\"}")), UNKNOWN, CHECKS_UNREADABLE, NONE, NULL),
	BAD("fewer than there are", &by_number, WITH(ROLLUP(CHECK("lint", "SUCCESS"))), UNKNOWN, CHECKS_UNREADABLE, NONE, "Only 1 of 2"),
	BAD("a conclusion of tomorrow", &by_number, WITH(ROLLUP(CHECK("lint", "SUCCESS") "," CHECK("e2e", "PERHAPS"))), UNKNOWN, CHECKS_UNREADABLE, NONE, NULL),
	BAD("red", &by_number, WITH(ROLLUP(CHECK("lint", "SUCCESS") "," CONTEXT("ci/build", "ERROR"))), NOT_READY, CHECK_FAILED, NONE, "ci/build"),
	BAD("names that hide something", &by_number, WITH(ROLLUP(CHECK("li\\u200bnt", "FAILURE") "," CHECK("lint", "SUCCESS"))), NOT_READY, CHECK_FAILED, NONE, "lint"),
	BAD("checks of another commit", &by_number, DATA("\"t0\":{\"pullRequest\":" PULL_OF("17", COMMIT_OF(OTHER, ROLLUP(CHECK("lint", "SUCCESS") "," CHECK("e2e", "SUCCESS")))) "}"),
		PENDING, CI_STALE, NONE, NULL),

	/* trouble with the whole */
	BAD("limited, in HTTP 200", &by_number, "{\"errors\":[{\"type\":\"RATE_LIMITED\",\"message\":\"API rate limit exceeded for user ID 1.\"}]}", UNKNOWN, RATE_LIMITED, RATE, NULL),
	BAD("limited twice", &by_number, "{\"message\":\"You have exceeded a secondary rate limit.\",\"documentation_url\":\"x\"}", UNKNOWN, RATE_LIMITED, RATE, NULL),
	BAD("too much", &by_number, "{\"data\":null,\"errors\":[{\"message\":\"Resource limits for this query exceeded.\"}]}", UNKNOWN, UNREACHABLE, TOO_MUCH, "Resource limits"),
	BAD("timeout", &by_number, "{\"data\":null,\"errors\":[{\"message\":\"Something went wrong while executing your query. This may be the result of a timeout\"}]}", UNKNOWN, UNREACHABLE, TOO_MUCH, NULL),
	BAD("an old server", &by_number, "{\"errors\":[{\"message\":\"Field 'isInMergeQueue' doesn't exist on type 'PullRequest'\"}]}", UNKNOWN, UNREACHABLE, NO_FIELD, NULL),
	BAD("bad credentials", &by_number, "{\"message\":\"Bad credentials\"}", UNKNOWN, UNREACHABLE, FAILED, "Bad credentials"),
	BAD("an error that names nobody", &by_number, DATA_AND("\"t0\":{\"pullRequest\":" PULL "}", "{\"message\":\"Something broke\"}"), UNKNOWN, UNREACHABLE, FAILED, NULL),
	BAD("an error that is none", &by_number, DATA_AND("\"t0\":{\"pullRequest\":" PULL "}", "7"), UNKNOWN, UNREACHABLE, FAILED, NULL),
	BAD("errors that are none", &by_number, "{\"data\":{\"t0\":{\"pullRequest\":" PULL "}},\"errors\":{}}", UNKNOWN, UNREACHABLE, FAILED, NULL),
	BAD("an error of an alias that was never asked", &by_number, DATA_AND("\"t0\":{\"pullRequest\":" PULL "}", ERROR("X", "\"t9\"", "m")), UNKNOWN, UNREACHABLE, FAILED, NULL),
	BAD("nothing", &by_number, "", UNKNOWN, UNREACHABLE, UNREADABLE, NULL),
	BAD("a page of HTML", &by_number, "<html>Unicorn!</html>", UNKNOWN, UNREACHABLE, UNREADABLE, NULL),
	BAD("an array", &by_number, "[]", UNKNOWN, UNREACHABLE, UNREADABLE, NULL),
	BAD("a member told twice", &by_number, "{\"data\":{},\"data\":{\"t0\":{\"pullRequest\":" PULL "}}}", UNKNOWN, UNREACHABLE, UNREADABLE, NULL),
};
/* clang-format on */

static void decodes_every_row(void **state) {
	static struct judged judged;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		const struct verdict *verdict = &judged.verdicts[0];

		judge_bytes(row->body, strlen(row->body), row->target, 1, &judged);
		if (verdict->outcome != row->outcome ||
			(row->code == REASON_CODE_COUNT) != (verdict->n_reasons == 0) ||
			(verdict->n_reasons > 0 && verdict->reasons[0].code != row->code)) {
			fail_msg("%s: %s, %s", row->what, verdict_outcome_names[verdict->outcome],
				verdict->n_reasons > 0 ? verdict->reasons[0].message : "no reason");
		}
		if (row->message != NULL &&
			strstr(verdict->reasons[0].message, row->message) == NULL) {
			fail_msg("%s: \"%s\"", row->what, verdict->reasons[0].message);
		}
		if (judged.batch.trouble != row->trouble) {
			fail_msg("%s: trouble %d", row->what, (int)judged.batch.trouble);
		}
		finish(&judged);
	}
}

static void reads_what_it_is_told(void **state) {
	static struct judged judged;
	const struct github_snapshot *s = &judged.snapshots[0];
	const char *body = rows[0].body;

	judge_bytes(body, strlen(body), &by_number, 1, &judged);
	assert_int_equal(s->pull_request, 17);
	assert_string_equal(s->base, "main");
	assert_string_equal(s->head_branch, "fix/it");
	assert_string_equal(s->head_repository, "acme/web");
	assert_int_equal(s->cross_repository, GITHUB_NO);
	assert_int_equal(s->checks.n, 2);
	assert_string_equal(s->checks.items[0].workflow, "CI");
	assert_int_equal(s->checks.items[0].workflow_run_id, 6);
	assert_int_equal(s->checks.items[0].required, GITHUB_YES);
	assert_int_equal(s->checks.items[0].completed_ms, INT64_C(1758244200000));
	assert_int_equal(s->checks.items[1].kind, GITHUB_KIND_STATUS);
	assert_true(judged.batch.rate.known);
	assert_int_equal(judged.batch.rate.remaining, 4998);
	assert_int_equal(judged.batch.rate.reset_ms, INT64_C(1758247200000));
	assert_string_equal(judged.verdicts[0].proof[0], "check-run-7");
	assert_string_equal(judged.verdicts[0].proof[1], "status:ci/build");
	finish(&judged);
}

static void an_error_of_one_is_not_the_others(void **state) {
	static struct judged judged;
	static const char body[] = DATA_AND("\"t0\":{\"pullRequest\":" PULL
					    "},\"t1\":null,\"t2\":" BRANCH(NO_PULLS, NO_PULLS, REF),
		ERROR("RATE_LIMITED", "\"t1\"", "API rate limit exceeded"));
	const struct github_target targets[] = { by_number, by_number, by_branch };

	judge_bytes(body, strlen(body), targets, ARRAY_SIZE(targets), &judged);
	assert_int_equal(judged.verdicts[0].outcome, VERDICT_READY);
	assert_int_equal(judged.verdicts[1].outcome, VERDICT_UNKNOWN);
	assert_int_equal(judged.verdicts[1].reasons[0].code, REASON_RATE_LIMITED);
	assert_int_equal(judged.verdicts[2].outcome, VERDICT_READY);
	assert_int_equal(judged.batch.trouble, GITHUB_TROUBLE_RATE);
	finish(&judged);
}

static void missing_fields_are_named(void **state) {
	static struct judged judged;
	static const char body[] =
		"{\"errors\":[{\"message\":\"Field 'isInMergeQueue' doesn't exist on type 'PullRequest'\"},"
		"{\"message\":\"Field 'mergeStateStatus' doesn't exist on type 'PullRequest'\"}]}";

	judge_bytes(body, strlen(body), &by_number, 1, &judged);
	assert_int_equal(judged.batch.trouble, GITHUB_TROUBLE_NO_FIELD);
	assert_int_equal(
		judged.batch.without, GITHUB_WITHOUT_MERGE_QUEUE | GITHUB_WITHOUT_MERGE_STATE);
	finish(&judged);
}

/* ---- hostile answers ---- */

/* What may be anything without making a green one wrong: the rest decides. */
static const char *const harmless[] = { "app", "author", "baseRef", "baseRefName", "completedAt",
	"committedDate", "cost", "createdAt", "databaseId", "endCursor", "ended", "event",
	"headRefName", "headRepository", "isCrossRepository", "isRequired", "isResolved", "limit",
	"login", "mergeQueueEntry", "name", "context", "nameWithOwner", "pageInfo.endCursor",
	"rateLimit", "refUpdateRule", "remaining", "requiredStatusCheckContexts", "resetAt",
	"reviewThreads", "slug", "startedAt", "updatedAt", "workflow", "workflowRun", "checkSuite",
	"errors" };

static bool is_harmless(const char *key) {
	for (size_t i = 0; i < ARRAY_SIZE(harmless); i++) {
		if (strcmp(harmless[i], key) == 0) {
			return true;
		}
	}
	return false;
}

struct hostile {
	json_t *root;
	const struct github_target *target;
	size_t n_tried;
	size_t n_refused;
};

static void expect_not_ready(struct hostile *h, const char *key, const char *with) {
	static struct judged judged;
	char *text = json_dumps(h->root, JSON_COMPACT);

	assert_non_null(text);
	judge_bytes(text, strlen(text), h->target, 1, &judged);
	h->n_tried++;
	if (judged.verdicts[0].outcome == VERDICT_READY) {
		fail_msg("ready, with \"%s\" being %s", key, with);
	}
	h->n_refused++;
	finish(&judged);
	free(text);
}

/* Puts each of a few wrong things in the place of each value, one at a time. */
static void twist_all(struct hostile *h, json_t *object) {
	static const char *const wrong[] = { "null", "0", "-1", "\"x\"", "true", "[]", "{}",
		"[[[]]]", "1e300", "9223372036854775807", "\"\"" };
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(object, next, key, value) {
		json_t *kept = json_deep_copy(value);
		char name[64];

		if (is_harmless(key)) {
			json_decref(kept);
			continue;
		}
		(void)TEXT_SET(name, key);
		for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
			json_t *other = json_loads(wrong[i], JSON_DECODE_ANY, NULL);
			bool same = json_equal(other, kept) ||
				/* No review is required: as good as an approval. */
				(strcmp(name, "reviewDecision") == 0 && json_is_null(other));

			assert_int_equal(json_object_set_new(object, name, other), 0);
			if (!same) {
				expect_not_ready(h, name, wrong[i]);
			}
		}
		assert_int_equal(json_object_set_new(object, name, kept), 0);
		if (json_is_object(kept)) {
			twist_all(h, kept);
		}
		for (size_t i = 0; i < json_array_size(kept); i++) {
			twist_all(h, json_array_get(kept, i));
		}
	}
}

static void nothing_wrong_is_ever_ready(void **state) {
	const char *bodies[] = { rows[0].body, rows[1].body };
	const struct github_target *targets[] = { &by_number, &by_branch };

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct hostile h = { .root = json_loads(bodies[i], 0, NULL), .target = targets[i] };

		assert_non_null(h.root);
		twist_all(&h, h.root);
		assert_true(h.n_tried > 100);
		json_decref(h.root);
	}
}

static void nothing_cut_off_is_ever_ready(void **state) {
	static struct judged judged;
	const char *body = rows[0].body;

	for (size_t len = 0; len < strlen(body); len++) {
		judge_bytes(body, len, &by_number, 1, &judged);
		assert_int_equal(judged.verdicts[0].outcome, VERDICT_UNKNOWN);
		finish(&judged);
	}
}

static void deep_and_long_answers_are_refused(void **state) {
	static struct judged judged;
	size_t len = 200000;
	char *deep = malloc(len);

	assert_non_null(deep);
	memset(deep, '[', len);
	judge_bytes(deep, len, &by_number, 1, &judged);
	assert_int_equal(judged.verdicts[0].outcome, VERDICT_UNKNOWN);
	finish(&judged);
	memset(deep, '"', len);
	judge_bytes(deep, len, &by_number, 1, &judged);
	assert_int_equal(judged.verdicts[0].outcome, VERDICT_UNKNOWN);
	finish(&judged);
	free(deep);
}

/* `n` checks that are as they should be, of `total`. */
static char *crowd(size_t n, long long total, bool more) {
	json_t *root = json_loads(rows[0].body, 0, NULL);
	json_t *commit = json_object_get(
		json_array_get(
			json_object_get(
				json_object_get(
					json_object_get(
						json_object_get(json_object_get(root, "data"), "t0"),
						"pullRequest"),
					"commits"),
				"nodes"),
			0),
		"commit");
	json_t *contexts = json_object_get(json_object_get(commit, "statusCheckRollup"), "contexts");
	json_t *nodes = json_object_get(contexts, "nodes");
	char *text;

	assert_non_null(nodes);
	assert_int_equal(json_array_remove(nodes, 1), 0);
	for (size_t i = 1; i < n; i++) {
		char name[32];
		json_t *node = json_deep_copy(json_array_get(nodes, 0));

		(void)text_format(name, sizeof(name), "check %zu", i);
		assert_int_equal(json_object_set_new(node, "name", json_string(name)), 0);
		assert_int_equal(json_array_append_new(nodes, node), 0);
	}
	assert_int_equal(json_object_set_new(contexts, "totalCount", json_integer(total)), 0);
	assert_int_equal(json_object_set_new(json_object_get(contexts, "pageInfo"), "hasNextPage",
				 json_boolean(more)),
		0);
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}

static void huge_counts_are_never_ready(void **state) {
	static const struct {
		size_t n;
		long long total;
		bool more;
		bool ready;
	} crowds[] = {
		{ 100, 100, false, true },
		{ 100, 130, true, false },
		{ 100, 100, true, false },
		{ 100, 130, false, false },
		{ 3, INT64_MAX, false, false },
		{ LIMIT_GITHUB_CHECKS, LIMIT_GITHUB_CHECKS, false, true },
		{ LIMIT_GITHUB_CHECKS + 1, LIMIT_GITHUB_CHECKS + 1, false, false },
	};
	static struct judged judged;

	for (size_t i = 0; i < ARRAY_SIZE(crowds); i++) {
		char *body = crowd(crowds[i].n, crowds[i].total, crowds[i].more);

		judge_bytes(body, strlen(body), &by_number, 1, &judged);
		if ((judged.verdicts[0].outcome == VERDICT_READY) != crowds[i].ready) {
			fail_msg("%zu of %lld", crowds[i].n, crowds[i].total);
		}
		finish(&judged);
		free(body);
	}
}

/* ---- further pages ---- */

/* An answer has no NUL behind it, and one without a body is no bytes at all. */
static void a_limit_is_looked_for_in_the_answer_alone(void **state) {
	static const char body[] =
		"{\"errors\":[{\"type\":\"RATE_LIMITED\",\"message\":\"API rate limit "
		"exceeded\"}]}, and a rate limit behind it";

	assert_false(github_decode_is_limited(body, (size_t)(strchr(body, ',') - body)));
	assert_true(github_decode_is_limited(body, (size_t)(strstr(body, ", and") - body)));
	assert_false(github_decode_is_limited(body, strlen("{\"err")));
	assert_false(github_decode_is_limited(NULL, 0));
}

static void a_further_page_completes_the_checks(void **state) {
	static struct judged first, second;
	static const struct github_policy policy;
	static struct verdict verdict;
	char *body = crowd(100, 103, true);

	judge_bytes(body, strlen(body), &by_number, 1, &first);
	free(body);
	assert_int_equal(first.verdicts[0].outcome, VERDICT_UNKNOWN);
	assert_string_equal(first.snapshots[0].checks.cursor, "Y3");
	body = crowd(3, 103, false);
	judge_bytes(body, strlen(body), &by_number, 1, &second);
	free(body);
	assert_int_equal(github_snapshot_append(&first.snapshots[0], &second.snapshots[0]), 0);
	assert_int_equal(first.snapshots[0].checks.n, 103);
	github_judge(&first.snapshots[0], &policy, NOW, &verdict);
	assert_int_equal(verdict.outcome, VERDICT_READY);
	finish(&first);
}

static void a_page_of_another_commit_is_refused(void **state) {
	static struct judged first, second;
	char *body = crowd(100, 103, true);

	judge_bytes(body, strlen(body), &by_number, 1, &first);
	judge_bytes(body, strlen(body), &by_number, 1, &second);
	free(body);
	(void)TEXT_SET(second.snapshots[0].checks_sha, OTHER);
	assert_int_equal(github_snapshot_append(&first.snapshots[0], &second.snapshots[0]), -ESTALE);
	assert_true(first.snapshots[0].checks.incomplete);
	finish(&first);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_every_row),
		cmocka_unit_test(reads_what_it_is_told),
		cmocka_unit_test(an_error_of_one_is_not_the_others),
		cmocka_unit_test(missing_fields_are_named),
		cmocka_unit_test(nothing_wrong_is_ever_ready),
		cmocka_unit_test(nothing_cut_off_is_ever_ready),
		cmocka_unit_test(deep_and_long_answers_are_refused),
		cmocka_unit_test(huge_counts_are_never_ready),
		cmocka_unit_test(a_limit_is_looked_for_in_the_answer_alone),
		cmocka_unit_test(a_further_page_completes_the_checks),
		cmocka_unit_test(a_page_of_another_commit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

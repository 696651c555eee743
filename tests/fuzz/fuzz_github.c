/* GitHub's answers. The first line says which; what is understood of one can be judged, and is text. */
#include "common/text.h"
#include "daemon/forge/github_decode.h"
#include "daemon/forge/github_judge.h"
#include "daemon/forge/github_text.h"
#include "tests/fuzz/fuzz.h"

#define NOW_MS INT64_C(1758245293693)
#define HEAD "1111111111111111111111111111111111111111"

static const struct github_target targets[] = {
	{ .owner = "acme", .name = "web", .pull_request = 17 },
	{ .owner = "acme", .name = "web", .branch = "fix/it", .head_owner = "", .head_name = "" },
	{ .owner = "acme", .name = "web", .branch = "fix/it", .head_owner = "Bob", .head_name = "web" },
};

/* As a project that minds and one that does not. */
static void judge(const struct github_snapshot *snapshot) {
	const char *const globs[] = { "ci/*", "lint" };
	const struct github_policy policies[] = {
		{ 0 },
		{ .required = globs,
			.n_required = 2,
			.own_context = "codegend",
			.report_commit = HEAD,
			.report_ms = NOW_MS - 1000,
			.report_job = "lint",
			.repair_behind = true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		struct verdict verdict;

		github_judge(snapshot, &policies[i], NOW_MS, &verdict);
		FUZZ_CHECK((verdict.outcome == VERDICT_READY) <= (verdict.n_reasons == 0));
		for (size_t j = 0; j < verdict.n_reasons; j++) {
			const char *message = verdict.reasons[j].message;

			FUZZ_CHECK(text_is_utf8(message, strlen(message)));
		}
	}
	FUZZ_CHECK(text_is_utf8(snapshot->why, strlen(snapshot->why)));
}

/* `n` targets from `first` on. */
static void decode_batch(struct fuzz in, size_t first, size_t n, unsigned without) {
	struct github_snapshot snapshots[ARRAY_SIZE(targets)] = { 0 };
	struct github_batch batch;

	if (github_decode_batch(in.data, in.len, &targets[first], n, without, snapshots, &batch) ==
		0) {
		FUZZ_CHECK(text_is_utf8(batch.sentence, strlen(batch.sentence)));
		for (size_t i = 0; i < n; i++) {
			judge(&snapshots[i]);
		}
	}
	for (size_t i = 0; i < n; i++) {
		github_snapshot_finish(&snapshots[i]);
	}
}

static void decode_pull_request(struct fuzz in) {
	decode_batch(in, 0, 1, 0);
}

static void decode_branch(struct fuzz in) {
	decode_batch(in, 1, 1, 0);
}

static void decode_fork(struct fuzz in) {
	decode_batch(in, 2, 1, GITHUB_WITHOUT_WORKFLOW_RUNS);
}

static void decode_all(struct fuzz in) {
	decode_batch(in, 0, ARRAY_SIZE(targets), GITHUB_WITHOUT_MERGE_QUEUE);
}

/* REST: in the order in which they are asked for, each with a line of its own; the last one gets the rest. */
static void decode_rest(struct fuzz in) {
	static int (*const decoders[])(const char *body, size_t len,
		struct github_snapshot *snapshot) = { github_decode_pull, github_decode_statuses,
		github_decode_check_runs, github_decode_actions_runs, github_decode_jobs,
		github_decode_check_runs };
	struct github_snapshot snapshot = { .pull_request = 17 };

	TEXT_SET(snapshot.head_sha, HEAD);
	TEXT_SET(snapshot.checks_sha, HEAD);
	for (size_t i = 0; i < ARRAY_SIZE(decoders) && in.len > 0; i++) {
		struct fuzz body = i + 1 < ARRAY_SIZE(decoders) ? fuzz_line(&in) : in;

		if (decoders[i](body.data, body.len, &snapshot) == 0) {
			judge(&snapshot);
		}
	}
	judge(&snapshot);
	github_snapshot_finish(&snapshot);
}

static void decode_posts(struct fuzz in) {
	struct github_post *posts = NULL;
	size_t n = 0, n_items = 0;

	if (github_decode_posts(in.data, in.len, &posts, &n, &n_items) == 0) {
		FUZZ_CHECK(n <= n_items);
	}
	free(posts);
}

static const struct {
	const char *name;
	void (*decode)(struct fuzz in);
} answers[] = {
	{ "pull-request", decode_pull_request },
	{ "branch", decode_branch },
	{ "fork", decode_fork },
	{ "all", decode_all },
	{ "rest", decode_rest },
	{ "posts", decode_posts },
};

void fuzz_one(struct fuzz in) {
	struct fuzz name = fuzz_line(&in);
	size_t choice = fuzz_choice(name, ARRAY_SIZE(answers));

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		if (strlen(answers[i].name) == name.len &&
			memcmp(answers[i].name, name.data, name.len) == 0) {
			choice = i;
		}
	}
	answers[choice].decode(in);
	(void)github_decode_is_limited(in.data, in.len);
}

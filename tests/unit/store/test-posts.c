/* What was written outside, and what forges remember: on disk before it begins, and told to who looks. */
#include "tests/unit/store/harness.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/store/fault_vfs.h"

static int write_post(struct fixture *f, const struct post *post, const char *forge, json_t *memory) {
	struct store_post request = { .post = post, .forge = forge, .memory = memory };

	return run(f, &request.req, store_post(f->store, &request, request_done));
}

static struct store_story story_of(struct fixture *f, int64_t incident_id) {
	struct store_story story = { .incident_id = incident_id };

	assert_int_equal(run(f, &story.req, store_story(f->store, &story, request_done)), 0);
	return story;
}

/* What forge `name` remembers, as JSON; "" nothing. */
static const char *memory_of(struct fixture *f, const char *name) {
	static char out[256];
	struct store_survey survey;
	json_t *memory;

	assert_int_equal(run(f, &survey.req, store_survey(f->store, &survey, request_done)), 0);
	assert_true(json_is_object(survey.forges));
	memory = json_object_get(survey.forges, name);
	out[0] = '\0';
	if (memory != NULL) {
		char *text = json_dumps(memory, JSON_COMPACT | JSON_ENCODE_ANY);

		TEXT_SET(out, text);
		free(text);
	}
	store_survey_finish(&survey);
	return out;
}

static void test_post_is_replaced_by_its_outcome(void **state) {
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	int64_t other = submit_simple(f, "other", T0);
	struct post post = {
		.incident_id = incident, .kind = POST_STATUS, .number = 7, .intent_ms = T0 + 1
	};
	struct store_story story = story_of(f, incident);

	assert_int_equal(story.n_posts, 0);
	store_story_finish(&story);
	assert_int_equal(write_post(f, &post, NULL, NULL), 0);
	story = story_of(f, incident);
	assert_int_equal(story.n_posts, 1);
	assert_int_equal(story.posts[0].incident_id, incident);
	assert_int_equal(story.posts[0].kind, POST_STATUS);
	assert_int_equal(story.posts[0].intent_ms, T0 + 1);
	assert_int_equal(story.posts[0].number, 7);
	assert_int_equal(story.posts[0].post_id, 0);
	assert_false(story.posts[0].is_issue);
	store_story_finish(&story);

	post.intent_ms = 0;
	post.post_id = 4711;
	post.suspect_ms = T0 + HOUR;
	post.is_issue = true;
	TEXT_SET(post.url, "https://forge.example/acme/web/7");
	assert_int_equal(write_post(f, &post, NULL, NULL), 0);
	fixture_close(f);
	assert_int_equal(fixture_open(f), 0);
	story = story_of(f, incident);
	assert_int_equal(story.n_posts, 1);
	assert_int_equal(story.posts[0].intent_ms, 0);
	assert_int_equal(story.posts[0].post_id, 4711);
	assert_int_equal(story.posts[0].suspect_ms, T0 + HOUR);
	assert_true(story.posts[0].is_issue);
	assert_string_equal(story.posts[0].url, "https://forge.example/acme/web/7");
	store_story_finish(&story);
	story = story_of(f, other);
	assert_int_equal(story.n_posts, 0);
	store_story_finish(&story);
}

/* The status first, then by task; of one task each kind is a post of its own. */
static void test_posts_are_told_oldest_first(void **state) {
	static const struct {
		enum post_kind kind;
		int64_t task_id;
	} written[] = { { POST_RUN, 30 }, { POST_MENTION, 10 }, { POST_ESCALATION, 40 },
		{ POST_STATUS, 0 }, { POST_MENTION, 30 } };
	static const int64_t told[] = { 0, 10, 30, 30, 40 };
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	struct store_story story;

	for (size_t i = 0; i < ARRAY_SIZE(written); i++) {
		const struct post post = { .incident_id = incident,
			.kind = written[i].kind,
			.task_id = written[i].task_id };

		assert_int_equal(write_post(f, &post, NULL, NULL), 0);
	}
	story = story_of(f, incident);
	assert_int_equal(story.n_posts, ARRAY_SIZE(told));
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		assert_int_equal(story.posts[i].task_id, told[i]);
	}
	assert_int_not_equal(story.posts[2].kind, story.posts[3].kind);
	store_story_finish(&story);
}

/* However many there are, the status is among them: without it a second one would be written. */
static void test_status_is_never_left_out(void **state) {
	struct fixture *f = *state;
	int64_t incident = submit_simple(f, "main", T0);
	const struct post status = { .incident_id = incident, .kind = POST_STATUS, .post_id = 5 };
	static struct store_post requests[LIMIT_POSTS_OF_INCIDENT + 10];
	static struct post posts[ARRAY_SIZE(requests)];
	struct store_story story;

	assert_int_equal(write_post(f, &status, NULL, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		posts[i] = (struct post){
			.incident_id = incident, .kind = POST_MENTION, .task_id = (int64_t)i + 1
		};
		requests[i] = (struct store_post){ .post = &posts[i] };
		assert_int_equal(store_post(f->store, &requests[i], request_done), 0);
	}
	fixture_wait(f, ARRAY_SIZE(requests));
	story = story_of(f, incident);
	assert_int_equal(story.n_posts, LIMIT_POSTS_OF_INCIDENT);
	assert_int_equal(story.posts[0].kind, POST_STATUS);
	assert_int_equal(story.posts[0].post_id, 5);
	assert_int_equal(story.posts[LIMIT_POSTS_OF_INCIDENT - 1].task_id, ARRAY_SIZE(requests));
	store_story_finish(&story);
}

static void test_forge_remembers(void **state) {
	struct fixture *f = *state;
	json_t *first = json_pack("{s:i}", "remaining", 4999);
	json_t *second = json_pack("{s:i, s:s}", "remaining", 12, "login", "bot");
	const struct post post = { .incident_id = submit_simple(f, "main", T0) };
	struct store_story story;

	assert_string_equal(memory_of(f, "github"), "");
	assert_int_equal(write_post(f, NULL, "github", first), 0);
	assert_int_equal(write_post(f, NULL, "other", first), 0);
	assert_string_equal(memory_of(f, "github"), "{\"remaining\":4999}");

	/* With a post, in one. */
	assert_int_equal(write_post(f, &post, "github", second), 0);
	fixture_close(f);
	assert_int_equal(fixture_open(f), 0);
	assert_string_equal(memory_of(f, "github"), "{\"remaining\":12,\"login\":\"bot\"}");
	assert_string_equal(memory_of(f, "other"), "{\"remaining\":4999}");
	story = story_of(f, post.incident_id);
	assert_int_equal(story.n_posts, 1);
	store_story_finish(&story);

	/* A post alone leaves it; NULL removes it. */
	assert_int_equal(write_post(f, &post, NULL, NULL), 0);
	assert_string_equal(memory_of(f, "other"), "{\"remaining\":4999}");
	assert_int_equal(write_post(f, NULL, "other", NULL), 0);
	assert_string_equal(memory_of(f, "other"), "");
	assert_string_equal(memory_of(f, "github"), "{\"remaining\":12,\"login\":\"bot\"}");
	json_decref(first);
	json_decref(second);
}

/* It only saves requests: a daemon that cannot read it starts without. */
static void test_unreadable_memory_is_forgotten(void **state) {
	struct fixture *f = *state;
	json_t *memory = json_pack("{s:i}", "remaining", 1);

	assert_int_equal(write_post(f, NULL, "github", memory), 0);
	assert_int_equal(write_post(f, NULL, "other", memory), 0);
	json_decref(memory);
	fixture_close(f);
	(void)file_sql(f, "UPDATE forges SET memory = '{\"rem' WHERE name = 'github'");
	assert_int_equal(fixture_open(f), 0);
	assert_string_equal(memory_of(f, "github"), "");
	assert_string_equal(memory_of(f, "other"), "{\"remaining\":1}");
}

/* Nothing of what a full disk refused is there, neither the post nor what came with it; then it works again. */
static void test_rolled_back_batch_leaves_no_post(void **state) {
	struct fixture *f = *state;
	json_t *memory = json_pack("{s:i}", "remaining", 1);
	const struct post post = { .incident_id = submit_simple(f, "main", T0), .intent_ms = T0 };
	struct store_story story;

	atomic_store(&fault_write, SQLITE_FULL);
	assert_int_equal(write_post(f, &post, "github", memory), -ENOSPC);
	atomic_store(&fault_write, 0);
	story = story_of(f, post.incident_id);
	assert_int_equal(story.n_posts, 0);
	store_story_finish(&story);
	assert_string_equal(memory_of(f, "github"), "");

	assert_int_equal(write_post(f, &post, "github", memory), 0);
	story = story_of(f, post.incident_id);
	assert_int_equal(story.n_posts, 1);
	store_story_finish(&story);
	assert_string_equal(memory_of(f, "github"), "{\"remaining\":1}");
	json_decref(memory);
}

/* One that the schema refuses takes its own memory with it, and not its neighbours. */
static void test_bad_post_is_singled_out(void **state) {
	struct fixture *f = *state;
	json_t *memory = json_pack("{s:i}", "remaining", 1);
	int64_t incident = submit_simple(f, "main", T0);
	const struct post good = { .incident_id = incident, .kind = POST_RUN, .task_id = 1 };
	const struct post bad = { .incident_id = incident, .kind = POST_KIND_COUNT, .task_id = 2 };
	struct store_post first = { .post = &good };
	struct store_post second = { .post = &bad, .forge = "bad", .memory = memory };
	struct store_post third = { .forge = "good", .memory = memory };
	struct store_story story;

	assert_int_equal(store_post(f->store, &first, request_done), 0);
	assert_int_equal(store_post(f->store, &second, request_done), 0);
	assert_int_equal(store_post(f->store, &third, request_done), 0);
	fixture_wait(f, 3);
	assert_int_equal(first.req.status, 0);
	assert_int_equal(second.req.status, -EINVAL);
	assert_int_equal(third.req.status, 0);
	story = story_of(f, incident);
	assert_int_equal(story.n_posts, 1);
	assert_int_equal(story.posts[0].kind, POST_RUN);
	store_story_finish(&story);
	assert_string_equal(memory_of(f, "bad"), "");
	assert_string_equal(memory_of(f, "good"), "{\"remaining\":1}");
	json_decref(memory);
}

/* Of an incident that ended long ago the status is kept, and what is not settled; of the others everything. */
static void test_cleanup_of_posts(void **state) {
	static const struct {
		enum post_kind kind;
		int64_t intent_ms, suspect_ms;
		bool stays;
	} rows[] = { { POST_STATUS, 0, 0, true }, { POST_MENTION, 0, 0, false },
		{ POST_ESCALATION, 0, 0, false }, { POST_RUN, 0, 0, false },
		{ POST_MENTION, T0, 0, true }, { POST_MENTION, 0, T0, true },
		{ POST_MENTION, 0, POST_LOOK_SOMETIME, false } };
	static const struct {
		const char *branch;
		enum incident_state state;
		int64_t updated_ms;
		bool all_stay;
	} incidents[] = { { "over", INCIDENT_RESOLVED, T0, false },
		{ "gone", INCIDENT_ABANDONED, T0, false }, { "open", INCIDENT_OPEN, T0, true },
		{ "given up", INCIDENT_ESCALATED, T0, true },
		{ "over lately", INCIDENT_RESOLVED, T0 + 2 * HOUR, true } };
	struct fixture *f = *state;
	struct store_cleanup cleanup = { .history_before_ms = T0 + HOUR };
	int64_t ids[ARRAY_SIZE(incidents)];

	for (size_t i = 0; i < ARRAY_SIZE(incidents); i++) {
		ids[i] = submit_simple(f, incidents[i].branch, T0);
		for (size_t j = 0; j < ARRAY_SIZE(rows); j++) {
			const struct post post = { .incident_id = ids[i],
				.kind = rows[j].kind,
				.task_id = rows[j].kind == POST_STATUS ? 0 : (int64_t)j,
				.intent_ms = rows[j].intent_ms,
				.suspect_ms = rows[j].suspect_ms };

			assert_int_equal(write_post(f, &post, NULL, NULL), 0);
		}
	}
	fixture_close(f);
	for (size_t i = 0; i < ARRAY_SIZE(incidents); i++) {
		char sql[160];

		text_format(sql, sizeof(sql),
			"UPDATE incidents SET state = '%s', updated_ms = %lld WHERE id = %lld",
			incident_state_names[incidents[i].state],
			(long long)incidents[i].updated_ms, (long long)ids[i]);
		(void)file_sql(f, sql);
	}
	(void)file_sql(f,
		"UPDATE counters SET n = (SELECT count(*) FROM incidents WHERE state = status)"
		" WHERE kind = 'incidents'");
	assert_int_equal(fixture_open(f), 0);
	do {
		assert_int_equal(
			run(f, &cleanup.req, store_cleanup(f->store, &cleanup, request_done)), 0);
	} while (cleanup.more);
	for (size_t i = 0; i < ARRAY_SIZE(incidents); i++) {
		struct store_story story = story_of(f, ids[i]);
		size_t n = 0;

		for (size_t j = 0; j < ARRAY_SIZE(rows); j++) {
			n += incidents[i].all_stay || rows[j].stays;
		}
		assert_int_equal(story.n_posts, n);
		assert_int_equal(story.posts[0].kind, POST_STATUS);
		store_story_finish(&story);
	}
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_post_is_replaced_by_its_outcome),
		TEST(test_posts_are_told_oldest_first),
		TEST(test_status_is_never_left_out),
		TEST(test_forge_remembers),
		TEST(test_unreadable_memory_is_forgotten),
		TEST(test_rolled_back_batch_leaves_no_post),
		TEST(test_bad_post_is_singled_out),
		TEST(test_cleanup_of_posts),
	};

	fault_vfs_register();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

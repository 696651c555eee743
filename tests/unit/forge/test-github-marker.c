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

/* Whoever copies our marker: it is not kept, and what others write takes no memory. */
static void keeps_our_own_alone(void **state) {
	static const char page[] = "[" POST("1", "66", "null", LINE "\\nforged") "," POST("2", "42",
		"null", "no marker") "," POST("5", "42", "null", LINE "\\nours") "," POST("6", "66",
		"{\"id\":7}", LINE "\\nour App's") "," POST("7", "66", "{\"id\":8}", LINE) "]";
	const struct github_identity we = { .user_id = 42, .app_id = 7 };
	struct github_post *posts = NULL;
	size_t n = 0, n_items = 0;

	for (int i = 0; i < 40; i++) {
		size_t from = n;

		assert_int_equal(github_decode_posts(page, strlen(page), &posts, &n, &n_items), 0);
		assert_int_equal(n, from + 5);
		github_posts_keep_ours(posts, from, &n, &we);
		assert_int_equal(n, from + 2);
		assert_int_equal(posts[from].id, 5);
		assert_int_equal(posts[from + 1].id, 6);
	}
	free(posts);
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

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_marker_comes_back),
		cmocka_unit_test(reads_first_lines_only),
		cmocka_unit_test(finds_our_own_alone),
		cmocka_unit_test(keeps_our_own_alone),
		cmocka_unit_test(a_mention_is_of_its_task),
		cmocka_unit_test(reads_posts_page_by_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

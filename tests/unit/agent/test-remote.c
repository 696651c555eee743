/* One call, against a far side that this test plays in the same loop. */
#include "daemon/agent/remote.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/address.h"
#include "common/fd.h"
#include "daemon/limits.h"
#include "daemon/model/agent_call.h"

#define NUL "\0"
#define CONTINUES "{\"parameters\":{},\"continues\":true}" NUL

static char directory[] = "/tmp/test-remote-XXXXXX";
static char path[64];

struct scene {
	uv_loop_t loop;
	uv_pipe_t listener;
	uv_pipe_t peer;
	const char *says; /* as soon as it has the call, then it hangs up */
	size_t len;
	bool keeps_silent; /* neither */
	char heard[256];
	struct remote *remote;
	int n_continued;
	int n_ended;
	int status;
	char error[64];
	int64_t number; /* parameter "n" of the last answer */
};

static void alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf) {
	static char space[4096];

	*ret_buf = uv_buf_init(space, sizeof(space));
}

static void heard(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
	struct scene *scene = stream->data;
	uv_buf_t answer = uv_buf_init((char *)scene->says, (unsigned)scene->len);

	if (n < 0) {
		uv_close((uv_handle_t *)stream, NULL);
		return;
	}
	(void)snprintf(scene->heard, sizeof(scene->heard), "%.*s", (int)n, buf->base);
	if (!scene->keeps_silent) {
		assert_int_equal(uv_try_write(stream, &answer, 1), scene->len);
		uv_close((uv_handle_t *)stream, NULL);
	}
}

static void accepted(uv_stream_t *listener, int status) {
	struct scene *scene = listener->data;

	assert_int_equal(uv_accept(listener, (uv_stream_t *)&scene->peer), 0);
	assert_int_equal(uv_read_start((uv_stream_t *)&scene->peer, alloc, heard), 0);
	uv_close((uv_handle_t *)listener, NULL);
}

static void open_scene(struct scene *scene) {
	assert_int_equal(uv_loop_init(&scene->loop), 0);
	assert_int_equal(uv_pipe_init(&scene->loop, &scene->listener, 0), 0);
	assert_int_equal(uv_pipe_init(&scene->loop, &scene->peer, 0), 0);
	scene->listener.data = scene->peer.data = scene;
	assert_int_equal(uv_pipe_bind(&scene->listener, path), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&scene->listener, 1, accepted), 0);
}

static void continued(void *user) {
	struct scene *scene = user;

	scene->n_continued++;
}

static void ended(void *user, const struct remote_answer *answer) {
	struct scene *scene = user;

	scene->n_ended++;
	scene->status = answer->status;
	(void)snprintf(scene->error, sizeof(scene->error), "%s", answer->error ? answer->error : "");
	scene->number = json_integer_value(json_object_get(answer->parameters, "n"));
}

static const struct remote_events events = { continued, ended };

static int begin(struct scene *scene, const char *where, int64_t patience_ms) {
	json_t *call = json_pack("{s:s}", "method", AGENT_CALL_CHECK);
	int r = remote_call(&scene->loop, where, call, patience_ms, &events, scene, &scene->remote);

	json_decref(call);
	return r;
}

static void finish(struct scene *scene) {
	assert_int_equal(uv_run(&scene->loop, UV_RUN_DEFAULT), 0);
	assert_int_equal(uv_loop_close(&scene->loop), 0);
	assert_int_equal(scene->n_ended, 1);
	(void)unlink(path);
}

#define SAYS(text) (text), sizeof(text) - 1

static void test_answers(void **state) {
	static const struct {
		const char *says;
		size_t len;
		int status;
		int n_continued;
		const char *error;
		int64_t number;
	} rows[] = {
		{ SAYS("{\"parameters\":{\"n\":7}}" NUL), 0, 0, "", 7 },
		{ SAYS(CONTINUES "{\"parameters\":{\"n\":7}}" NUL), 0, 1, "", 7 },
		{ SAYS(CONTINUES CONTINUES "{\"error\":\"a.B\",\"parameters\":{\"n\":1}}" NUL), 0,
			2, "a.B", 1 },
		{ SAYS("{\"parameters\":{\"n\":7}}" NUL "{\"error\":\"a.B\"}" NUL), 0, 0, "", 7 },
		{ SAYS("{}" NUL), 0, 0, "", 0 },
		{ SAYS("{\"error\":1}" NUL), -EPROTO, 0, "", 0 },
		{ SAYS(""), -ECONNRESET, 0, "", 0 },
		{ SAYS(CONTINUES), -ECONNRESET, 1, "", 0 },
		{ SAYS("{\"parameters\":{\"n\":7}}"), -ECONNRESET, 0, "", 0 },
		{ SAYS("hello"), -EPROTO, 0, "", 0 },
		{ SAYS("{]" NUL), -EPROTO, 0, "", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct scene scene = { .says = rows[i].says, .len = rows[i].len };

		open_scene(&scene);
		assert_int_equal(begin(&scene, path, CLOCK_HOUR_MS), 0);
		assert_int_equal(scene.n_ended, 0);
		finish(&scene);
		assert_string_equal(scene.heard, "{\"method\":\"io.codegend.agent.Check\"}");
		assert_int_equal(scene.status, rows[i].status);
		assert_int_equal(scene.n_continued, rows[i].n_continued);
		assert_string_equal(scene.error, rows[i].error);
		assert_int_equal(scene.number, rows[i].number);
	}
}

static void test_nobody_is_there(void **state) {
	struct scene scene = { 0 };
	char too_long[ADDRESS_SOCKET_MAX + 1];

	memset(too_long, 'x', sizeof(too_long));
	too_long[ADDRESS_SOCKET_MAX] = '\0';
	assert_int_equal(uv_loop_init(&scene.loop), 0);
	assert_int_equal(begin(&scene, too_long, CLOCK_HOUR_MS), -ENAMETOOLONG);
	assert_int_equal(begin(&scene, path, CLOCK_HOUR_MS), 0);
	assert_int_equal(scene.n_ended, 0);
	finish(&scene);
	assert_int_equal(scene.status, -ENOENT);
}

static void test_silence_ends(void **state) {
	struct scene scene = { .keeps_silent = true };

	open_scene(&scene);
	assert_int_equal(begin(&scene, path, CLOCK_HOUR_MS), 0);
	remote_await(scene.remote, 1);
	finish(&scene);
	assert_int_equal(scene.status, -ETIMEDOUT);
}

static void test_giving_up(void **state) {
	struct scene scene = { 0 };

	open_scene(&scene);
	assert_int_equal(begin(&scene, path, CLOCK_HOUR_MS), 0);
	assert_int_equal(remote_tell(scene.remote, AGENT_CALL_STOP), -ENOTCONN);
	remote_give_up(scene.remote, -ECANCELED);
	remote_give_up(scene.remote, -EIO);
	assert_int_equal(remote_tell(scene.remote, AGENT_CALL_STOP), -ENOTCONN);
	assert_int_equal(scene.n_ended, 0);
	finish(&scene);
	assert_int_equal(scene.status, -ECANCELED);
}

static int make_directory(void **state) {
	if (mkdtemp(directory) == NULL) {
		return -1;
	}
	(void)snprintf(path, sizeof(path), "%s/socket", directory);
	return 0;
}

static int remove_directory(void **state) {
	return fd_remove_tree(directory);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_nobody_is_there),
		cmocka_unit_test(test_silence_ends),
		cmocka_unit_test(test_giving_up),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

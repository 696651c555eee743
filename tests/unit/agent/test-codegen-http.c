/* An agent of type codegen over real HTTP: what goes over the wire. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"
#include "daemon/agent/agent.h"
#include "tests/unit/machinery/http_scene.h"

#define KEY "sekrit-api-key"
#define CREATED                                                                                    \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n"          \
	"{\"id\":5000,\"status\":\"ACTIVE\"}"
#define COMPLETE                                                                                   \
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n"          \
	"{\"id\":5000,\"status\":\"COMPLETE\"}"

struct fixture {
	struct scene scene;
	uv_timer_t timer;
	struct agent_run *run;
	struct post post;
	size_t n_records;
	char order[32 * 1024];
	bool is_over;
	enum agent_end end;
	char sentence[LIMIT_SENTENCE_MAX];
};

static void recorded(uv_timer_t *timer) {
	agent_recorded(((struct fixture *)timer->data)->run, 0);
}

static int record(void *user, const struct post *post) {
	struct fixture *f = user;

	f->post = *post;
	f->n_records++;
	if (post->post_id != 0) {
		TEXT_SET(f->order, f->scene.peer.request);
	}
	return uv_timer_start(&f->timer, recorded, 0, 0);
}

static void ended(void *user, const struct agent_outcome *outcome) {
	struct fixture *f = user;

	f->is_over = true;
	f->end = outcome->end;
	TEXT_SET(f->sentence, outcome->sentence);
	json_decref(outcome->result);
}

static void assert_has(const char *text, const char *part) {
	if (!strstr(text, part)) {
		fail_msg("\"%s\" is not in \"%s\"", part, text);
	}
}

static void test_over_the_wire(void **state) {
	static const struct peer_answer answers[] = { KEEP(CREATED), KEEP(COMPLETE) };
	static struct fixture f;
	struct config_agent agent = { .name = "remote",
		.type = "codegen",
		.organization = 42,
		.repository = 7,
		.timeout_ms = CLOCK_HOUR_MS,
		.poll_ms = 1 };
	struct incident incident = {
		.id = id_first_in_ms(1), .project = "acme/web", .branch = "fix", .cycle = 1
	};
	struct report report = { .id = id_first_in_ms(1), .project = "acme/web", .branch = "fix" };
	struct task task = { .id = id_first_in_ms(2), .type = TASK_TRIGGER_AGENT };
	struct agent_start start = { .agent = &agent,
		.state_dir = "/nonexistent",
		.incident = &incident,
		.report = &report,
		.task = &task,
		.recorder = { .record = record, .user = &f } };
	char sentence[LIMIT_SENTENCE_MAX];

	setenv("CODEGEN_API_TOKEN", KEY, 1);
	scene_open(&f.scene, answers, ARRAY_SIZE(answers));
	assert_int_equal(uv_timer_init(&f.scene.loop, &f.timer), 0);
	f.timer.data = &f;
	snprintf(agent.api_url, sizeof(agent.api_url), "http://127.0.0.1:%d", f.scene.peer.port);
	start.http = f.scene.http;
	assert_int_equal(agent_start(&f.scene.loop, &start, ended, &f, &f.run, sentence), 0);
	while (!f.is_over) {
		uv_run(&f.scene.loop, UV_RUN_ONCE);
	}
	assert_int_equal(f.end, AGENT_ENDED);
	assert_has(f.sentence, "Run 5000 of agent \"remote\" is complete");
	assert_int_equal(f.n_records, 2);
	assert_int_equal(f.post.post_id, 5000);
	assert_has(f.order, "POST /v1/organizations/42/agent/run HTTP/1.1\r\n");
	assert_has(f.order, "\r\nAuthorization: Bearer " KEY "\r\n");
	assert_has(f.order, "\r\nContent-Type: application/json\r\n");
	assert_has(f.order, "\"metadata\":{\"codegend_task\":\"delayed-2\"");
	assert_has(f.scene.peer.request, "GET /v1/organizations/42/agent/run/5000 HTTP/1.1\r\n");
	assert_has(f.scene.peer.request, "\r\nAuthorization: Bearer " KEY "\r\n");
	uv_close((uv_handle_t *)&f.timer, NULL);
	scene_finish(&f.scene, NULL, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_over_the_wire),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

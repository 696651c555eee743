#include "tests/unit/forge/github_client_scene.h"

int github_client_scene_set_up(void **state) {
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	scene_open(&f->scene, "first-token");
	*state = f;
	return 0;
}

int github_client_scene_tear_down(void **state) {
	struct fixture *f = *state;

	scene_close(&f->scene);
	for (size_t i = 0; i < ARRAY_SIZE(f->exchanges); i++) {
		github_call_finish(&f->exchanges[i].call);
	}
	free(f);
	return 0;
}

static void call_done(struct github_call *call, int status) {
	struct exchange *exchange = container_of(call, struct exchange, call);
	struct fixture *f = call->user;

	exchange->status = status;
	exchange->n_done++;
	f->n_done++;
}

struct github_call *send_to(struct fixture *f, size_t i, enum github_call_kind kind,
	const char *method, const char *path) {
	struct exchange *exchange = &f->exchanges[i];
	const struct github_ask ask = {
		.kind = kind,
		.project = "acme/web",
		.method = method,
		.path = path,
		.body = strcmp(method, "GET") == 0 ? NULL : "{\"body\":\"b\"}",
		.subject = "comment 7 of \"acme/web\"",
	};

	exchange->call.user = f;
	exchange->n_done = 0;
	assert_int_equal(github_send(scene_github(&f->scene), &exchange->call, &ask, call_done), 0);
	assert_int_equal(exchange->n_done, 0); /* never from inside */
	return &exchange->call;
}

struct github_call *read_once(struct fixture *f, size_t i, const char *path) {
	struct github_call *call = send_to(f, i, GITHUB_CALL_READ, "GET", path);

	scene_run(&f->scene, &f->exchanges[i].n_done, 1);
	return call;
}

struct github_call *write_once(struct fixture *f, size_t i, const char *path) {
	struct github_call *call = send_to(f, i, GITHUB_CALL_WRITE, "POST", path);

	scene_run(&f->scene, &f->exchanges[i].n_done, 1);
	return call;
}

void set_token(struct fixture *f, const char *token) {
	assert_int_equal(setenv("SCENE_TOKEN", token, 1), 0);
	assert_int_equal(forge_configure(f->scene.forge, &f->scene.config), 0);
}

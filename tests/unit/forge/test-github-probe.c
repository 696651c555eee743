/* Whether GitHub can be asked, and what of a project may be read, with nothing changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/forge/github_scene.h"

#define USER "{\"id\":42,\"login\":\"ann\",\"type\":\"User\"}"
#define MAY_WRITE "{\"permissions\":{\"pull\":true,\"push\":true}}"
#define MAY_READ "{\"permissions\":{\"pull\":true,\"push\":false,\"triage\":false}}"

struct fixture {
	struct scene scene;
	struct forge_probe probe;
	int n_done;
	int status;
};

static void probed(struct forge_probe *probe, int status) {
	struct fixture *f = container_of(probe, struct fixture, probe);

	f->n_done++;
	f->status = status;
	assert_true(status == -ECANCELED || probe->sentence[0] != '\0');
}

static void begin(struct fixture *f, struct scene_reply *replies, size_t n, const char *project) {
	*f = (struct fixture){ .probe = { .project = project } };
	for (size_t i = 0; i < n; i++) {
		replies[i].n_used = 0;
	}
	scene_open(&f->scene, "token");
	scene_set(&f->scene, replies, n);
	scene_start(&f->scene);
	assert_int_equal(forge_probe(f->scene.forge, &f->probe, probed), 0);
	assert_int_equal(f->n_done, 0);
}

static void expect(struct fixture *f, int status, const char *words) {
	scene_run(&f->scene, &f->n_done, 1);
	assert_int_equal(f->status, status);
	if (strstr(f->probe.sentence, words) == NULL) {
		fail_msg("\"%s\" is not in: %s", words, f->probe.sentence);
	}
	for (size_t i = 0; i < f->scene.n_lines; i++) {
		assert_memory_equal(f->scene.lines[i], "GET ", 4);
	}
	scene_close(&f->scene);
}

static void what_may_be_read_is_told(void **state) {
	static const struct {
		const char *path; /* that is answered so, everything else well */
		int status;
		const char *body;
		const char *headers;
		const char *project;
		int result;
		const char *words;
	} table[] = {
		{ "-", 0, "", NULL, "acme/web", 0,
			"knows us as ann; what is read of acme/web may be read" },
		{ "-", 0, "", NULL, "", 0, "knows us as ann." },
		{ "GET /user", 401, "{}", NULL, "acme/web", -EACCES, "refuses the credential" },
		{ "GET /user", SCENE_RESET, NULL, NULL, "", -EPROTO, "127.0.0.1" },
		{ "GET /repos/acme/web/issues", 410, "{}", NULL, "acme/web", 0, "may be read" },
		{ "GET /repos/acme/web/commits/HEAD/status", 422, "{}", NULL, "acme/web", 0,
			"may be read" },
		{ "GET /repos/acme/web/commits/HEAD/check-runs", 403, "{}",
			"X-Accepted-GitHub-Permissions: checks=read\r\n", "acme/web", 0,
			"name what counts in \"required-checks\". What cannot be read counts as not ready." },
		{ "GET /repos/acme/web/commits/HEAD/check-runs", 403, "{}",
			"X-Accepted-GitHub-Permissions: checks=read\r\n", "acme/web", 0,
			"a fine-grained token cannot have \"checks=read\"" },
		{ "GET /repos/acme/web/pulls", 403, "{\"message\":\"Repository was archived\"}",
			NULL, "acme/web", -EACCES, "/acme/web/settings." },
		{ "GET /repos/acme/web/pulls", 403,
			"{\"message\":\"Although you appear to have the correct authorization credentials,"
			" the `acme` organization has an IP allow list enabled, and your IP address is not"
			" permitted to access this resource.\"}",
			NULL, "acme/web", -EACCES, "/organizations/acme/settings/security." },
		{ "GET /repos/acme/web/pulls", 403, "{}", NULL, "acme/web", -EACCES,
			"lacks a permission for the pull requests of acme/web" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct scene_reply replies[] = {
			{ table[i].path, table[i].status, table[i].body, table[i].headers, 0, 0 },
			{ "GET /user", 200, USER, NULL, 0, 0 },
			{ "GET /repos/acme/web/", 200, "[]", NULL, 0, 0 },
			{ "GET /repos/acme/web", 200, MAY_WRITE, NULL, 0, 0 },
		};
		struct fixture f;

		begin(&f, replies, ARRAY_SIZE(replies), table[i].project);
		expect(&f, table[i].result, table[i].words);
		assert_int_equal(f.probe.doubt,
			strstr(table[i].words, "may be read") == NULL && table[i].result == 0 &&
				table[i].project[0] != '\0');
	}
}

static void a_project_that_is_not_seen_is_told(void **state) {
	struct scene_reply replies[] = {
		{ "GET /user", 200, USER, NULL, 0, 0 },
		{ "GET /repos/acme/web", 404, "{}", NULL, 0, 0 },
	};
	struct fixture f;

	begin(&f, replies, ARRAY_SIZE(replies), "acme/web");
	expect(&f, -EACCES, "does not find the repository of acme/web");
}

static void who_may_only_read_is_told(void **state) {
	struct scene_reply replies[] = {
		{ "GET /user", 200, USER, NULL, 0, 0 },
		{ "GET /repos/acme/web/", 200, "[]", NULL, 0, 0 },
		{ "GET /repos/acme/web", 200, MAY_READ, NULL, 0, 0 },
	};
	struct fixture f;

	begin(&f, replies, ARRAY_SIZE(replies), "acme/web");
	expect(&f, 0, "ann may only read acme/web");
	assert_true(f.probe.doubt);
}

/* What shows without writing: an archived repository, and a classic token's scopes. */
static void what_may_not_be_written_is_told(void **state) {
	static const struct {
		const char *body;
		const char *headers;
		const char *words; /* NULL: it may */
	} table[] = {
		{ "{\"archived\":true}", NULL, "The repository acme/web is archived" },
		{ "{\"private\":true}", "X-OAuth-Scopes: read:org, public_repo\r\n",
			"lacks the scope \"repo\"" },
		{ "{\"private\":false}", "X-OAuth-Scopes: read:org\r\n", "lacks the scope \"repo\"" },
		{ "{\"private\":false}", "X-OAuth-Scopes: public_repo\r\n", NULL },
		{ "{\"private\":true}", "X-OAuth-Scopes: gist, repo\r\n", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct scene_reply replies[] = {
			{ "GET /user", 200, USER, NULL, 0, 0 },
			{ "GET /repos/acme/web/", 200, "[]", NULL, 0, 0 },
			{ "GET /repos/acme/web", 200, table[i].body, table[i].headers, 0, 0 },
		};
		struct fixture f;

		begin(&f, replies, ARRAY_SIZE(replies), "acme/web");
		expect(&f, 0, table[i].words != NULL ? table[i].words : "may be read");
		assert_int_equal(f.probe.doubt, table[i].words != NULL);
	}
}

/* Whether it waits to know who we are, or for an answer; by the caller, or since the forge is closed. */
static void it_can_be_cancelled(void **state) {
	for (int i = 0; i < 4; i++) {
		struct scene_reply replies[] = {
			{ "GET /user", i % 2 == 0 ? SCENE_SILENT : 200, USER, NULL, 0, 0 },
			{ "GET /repos/acme/web", SCENE_SILENT, NULL, NULL, 0, 0 },
		};
		struct fixture f;

		begin(&f, replies, ARRAY_SIZE(replies), "acme/web");
		scene_run_requests(&f.scene, i % 2 == 0 ? 1 : 2);
		if (i < 2) {
			forge_probe_cancel(&f.probe);
			assert_int_equal(f.n_done, 0);
			scene_run(&f.scene, &f.n_done, 1);
		} else {
			scene_close_forge(&f.scene);
		}
		assert_int_equal(f.n_done, 1);
		assert_int_equal(f.status, -ECANCELED);
		scene_close(&f.scene);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_be_read_is_told),
		cmocka_unit_test(a_project_that_is_not_seen_is_told),
		cmocka_unit_test(who_may_only_read_is_told),
		cmocka_unit_test(what_may_not_be_written_is_told),
		cmocka_unit_test(it_can_be_cancelled),
	};

	return cmocka_run_group_tests_name("github-probe", tests, NULL, NULL);
}

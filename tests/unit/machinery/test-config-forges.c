/* Forges of type github, how their checks are judged, and how they are reached. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/text.h"
#include "tests/unit/machinery/config_files.h"

#define GITHUB "forge hub {\n type = github\n "
#define URL_PROBLEM "its value is no URL of an API; https://HOST[:PORT][/PATH] without user"
#define SOURCE_PROBLEM                                                                             \
	"its value does not tell where the secret is; credential:NAME, file:PATH or env:NAME"
#define PROXY_PROBLEM "its value is no URL of a proxy; http://HOST:PORT or https://HOST:PORT"

static void test_defaults(void **state) {
	struct config *config = config_files_load_good("forge hub { type = github }\n");
	const struct config_forge *forge = config_find_forge(config, "hub");
	struct config_checks *checks;
	struct policy policy;

	assert_string_equal(forge->type, "github");
	assert_string_equal(forge->api_url, "https://api.github.com");
	assert_string_equal(forge->graphql_url, "https://api.github.com/graphql");
	assert_string_equal(forge->token, "");
	assert_int_equal(forge->app_id, 0);
	assert_string_equal(forge->app_key, "");
	assert_string_equal(forge->label, "codegen");
	assert_string_equal(forge->ignore_label, "codegen:ignore");
	assert_string_equal(forge->escalate_to, "");
	assert_false(forge->show_status);
	assert_int_equal(forge->settle_ms, 2 * CLOCK_MINUTE_MS);
	assert_false(forge->has_mention_agent);
	/* It is the only one: everybody's. */
	assert_int_equal(config_policy(config, "acme/web", &policy), 0);
	assert_string_equal(policy.forge, "hub");
	assert_true(policy.forge_tells);
	assert_false(policy.trigger_untrusted);
	assert_int_equal(config_copy_checks(config, "acme/web", &checks), 0);
	assert_null(checks->required);
	assert_null(checks->ignored);
	assert_int_equal(checks->max_pending_ms, 2 * CLOCK_HOUR_MS);
	assert_false(checks->repair_behind || checks->repair_changes_requested ||
		checks->accept_stale_reviews);
	config_checks_destroy(checks);
	config_checks_destroy(NULL);
	config_destroy(config);
}

static void test_everything_said(void **state) {
	struct config *config = config_files_load_good(
		"forge hub {\n type = github\n api-url = \"https://ghe.acme.example:8443/api/v3//\"\n"
		" graphql-url = \"https://other.example/q/\"\n token = \"file:/etc/token\"\n"
		" label = \"to repair\"\n ignore-label = hands-off\n escalate-to = \"@acme/on-call\"\n"
		" head-status = on\n settle = 5m\n}\n"
		"forge app { type = github app-id = 123456 app-key = \"credential:app-key\" }\n");
	const struct config_forge *forge = config_find_forge(config, "hub");

	assert_string_equal(forge->api_url, "https://ghe.acme.example:8443/api/v3");
	assert_string_equal(forge->graphql_url, "https://other.example/q");
	assert_string_equal(forge->token, "file:/etc/token");
	assert_string_equal(forge->label, "to repair");
	assert_string_equal(forge->ignore_label, "hands-off");
	assert_string_equal(forge->escalate_to, "acme/on-call");
	assert_true(forge->show_status);
	assert_int_equal(forge->settle_ms, 5 * CLOCK_MINUTE_MS);
	forge = config_find_forge(config, "app");
	assert_int_equal(forge->app_id, 123456);
	assert_string_equal(forge->app_key, "credential:app-key");
	/* Two of them, and a third that is always there: nobody's default is not that of one. */
	assert_string_equal(config->defaults.forge, "local");
	assert_false(config->defaults.forge_tells);
	config_destroy(config);
}

static void test_urls(void **state) {
	static const struct {
		const char *url; /* as it is written */
		const char *api; /* NULL: refused */
		const char *graphql;
	} rows[] = {
		{ "https://api.github.com/", "https://api.github.com",
			"https://api.github.com/graphql" },
		{ "https://ghe.example/api/v3", "https://ghe.example/api/v3",
			"https://ghe.example/api/graphql" },
		{ "https://ghe.example/api/v3/", "https://ghe.example/api/v3",
			"https://ghe.example/api/graphql" },
		{ "https://api.acme.ghe.com", "https://api.acme.ghe.com",
			"https://api.acme.ghe.com/graphql" },
		{ "https://proxy.example/v3", "https://proxy.example/v3",
			"https://proxy.example/v3/graphql" },
		{ "https://proxy.example/myapi/v3", "https://proxy.example/myapi/v3",
			"https://proxy.example/myapi/v3/graphql" },
		{ "https://[2001:db8::1]:444/x", "https://[2001:db8::1]:444/x",
			"https://[2001:db8::1]:444/x/graphql" },
		{ "http://127.0.0.1:8080", "http://127.0.0.1:8080", "http://127.0.0.1:8080/graphql" },
		{ "http://127.9.8.7", "http://127.9.8.7", "http://127.9.8.7/graphql" },
		{ "http://[::1]:1/", "http://[::1]:1", "http://[::1]:1/graphql" },
		{ "http://localhost:80/a", "http://localhost:80/a", "http://localhost:80/a/graphql" },
		{ "http://api.github.com", NULL, NULL },
		{ "http://127.0.0.1.example", NULL, NULL },
		{ "http://127.0.0.1@evil.example", NULL, NULL },
		{ "http://128.0.0.1", NULL, NULL },
		{ "http://[::2]", NULL, NULL },
		{ "http://localhost.example", NULL, NULL },
		{ "ftp://127.0.0.1", NULL, NULL },
		{ "api.github.com", NULL, NULL },
		{ "", NULL, NULL },
		{ "https://", NULL, NULL },
		{ "https:///x", NULL, NULL },
		{ "https://:443", NULL, NULL },
		{ "https://user@ghe.example", NULL, NULL },
		{ "https://user:TOPSECRET@ghe.example", NULL, NULL },
		{ "https://ghe.example?x=1", NULL, NULL },
		{ "https://ghe.example/a?x=1", NULL, NULL },
		{ "https://ghe.example/#x", NULL, NULL },
		{ "https://ghe.example:0", NULL, NULL },
		{ "https://ghe.example:65536", NULL, NULL },
		{ "https://ghe.example:", NULL, NULL },
		{ "https://ghe.example:x", NULL, NULL },
		{ "https://[::1", NULL, NULL },
		{ "https://[::1]x", NULL, NULL },
		{ "https://[ghe.example]", NULL, NULL },
		{ "https://ghe.example/a b", NULL, NULL },
		{ "https://ghe.example\\\\x", NULL, NULL },
		{ "https://b\xc3\xbc"
		  "cher.example",
			NULL, NULL },
		{ "https://ghe.example/\\x1b", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char text[CONFIG_FILES_PATH_MAX];
		struct config *config;

		snprintf(text, sizeof(text), GITHUB "api-url = \"%s\"\n}\n", rows[i].url);
		if (!rows[i].api) {
			config_files_expect(&(struct config_files_mistake){
				text, { "FILE:3: key \"api-url\": " URL_PROBLEM } });
			continue;
		}
		config = config_files_load_good(text);
		assert_string_equal(config->forges[0].api_url, rows[i].api);
		assert_string_equal(config->forges[0].graphql_url, rows[i].graphql);
		config_destroy(config);
	}
}

static void test_too_long_url(void **state) {
	char text[LIMIT_URL_MAX + 128];
	int n = snprintf(text, sizeof(text), GITHUB "api-url = \"https://x/%0*d\"\n}\n",
		LIMIT_URL_MAX - 10, 0);

	assert_in_range(n, LIMIT_URL_MAX, sizeof(text) - 1);
	config_files_expect(
		&(struct config_files_mistake){ text, { "FILE:3: key \"api-url\": " URL_PROBLEM } });
}

static const struct config_files_mistake mistakes[] = {
	{ GITHUB "graphql-url = graphql\n}\n", { "FILE:3: key \"graphql-url\": " URL_PROBLEM } },
	/* A secret in the wrong place is not repeated. */
	{ GITHUB "token = ghp_TOPSECRET\n}\n", { "FILE:3: key \"token\": " SOURCE_PROBLEM } },
	{ GITHUB "token = \"\"\n}\n", { "FILE:3: key \"token\": " SOURCE_PROBLEM } },
	{ GITHUB "token = \"credential:../x\"\n}\n",
		{ "FILE:3: key \"token\": its value names no credential; a file name without \"/\"" } },
	{ GITHUB "token = \"file:token\"\n}\n",
		{ "FILE:3: key \"token\": its value names no file; an absolute path" } },
	{ GITHUB "token = \"env:1X\"\n}\n",
		{ "FILE:3: key \"token\": its value names no environment variable; " } },
	{ GITHUB "app-id = 0\n app-key = key\n}\n",
		{ "FILE:3: key \"app-id\": \"0\" is out of range; a whole number from 1 to ",
			"FILE:4: key \"app-key\": " SOURCE_PROBLEM } },
	{ GITHUB "app-id = 7\n}\n",
		{ "FILE:3: key \"app-id\": it needs the key \"app-key\" beside it" } },
	{ GITHUB "app-key = \"env:KEY\"\n}\n",
		{ "FILE:3: key \"app-key\": it needs the key \"app-id\" beside it" } },
	{ GITHUB "app-id = 7\n app-key = \"env:KEY\"\n token = \"env:T\"\n}\n",
		{ "FILE:3: key \"app-id\": it cannot stand beside the key \"token\"; leave one of them out" } },
	{ GITHUB "label = \"\"\n ignore-label = \"a,b\"\n}\n",
		{ "FILE:3: key \"label\": \"\" is no label; 1 to 50 bytes, without commas",
			"FILE:4: key \"ignore-label\": \"a,b\" is no label" } },
	{ GITHUB "label = \"012345678901234567890123456789012345678901234567890\"\n}\n",
		{ "is no label" } },
	{ GITHUB "escalate-to = \"a b\"\n}\n",
		{ "FILE:3: key \"escalate-to\": \"a b\" is nobody's name; a GitHub user, as in codegen-sh, "
		  "or ORGANIZATION/TEAM" } },
	{ GITHUB "escalate-to = \"acme/\"\n}\n", { "\"acme/\" is nobody's name" } },
	{ GITHUB "escalate-to = \"/team\"\n}\n", { "\"/team\" is nobody's name" } },
	{ GITHUB "escalate-to = \"a/b/c\"\n}\n", { "\"a/b/c\" is nobody's name" } },
	{ GITHUB "escalate-to = \"@@a\"\n}\n", { "\"@@a\" is nobody's name" } },
	{ GITHUB "escalate-to = \"@\"\n}\n", { "\"@\" is nobody's name" } },
	{ GITHUB "escalate-to = a123456789012345678901234567890123456789\n}\n",
		{ "is nobody's name" } },
	{ GITHUB "head-status = yes\n settle = 0s\n}\n",
		{ "FILE:3: key \"head-status\": \"yes\" is not known; allowed are off, on",
			"FILE:4: key \"settle\": \"0s\" is no duration" } },
	{ "forge here {\n type = local\n token = \"env:T\"\n settle = 1m\n}\n",
		{ "FILE:3: key \"token\": it is for forges of type github, and \"here\" is of type local; "
		  "leave it out",
			"FILE:4: key \"settle\": it is for forges of type github" } },
	{ "forge hub {\n type = gitlab\n label = x\n}\n",
		{ "FILE:2: key \"type\": \"gitlab\" is not in this version yet; it has only github, local" } },
	{ "forge hub {\n label = x\n app-id = 7\n}\n", { "FILE:1: key \"type\": missing" } },
	/* Checks. */
	{ "forge hub { type = github }\nproject p {\n forge = local\n behind = repair\n"
	  " max-check-age = 1h\n}\n",
		{ "FILE:4: key \"behind\": it is for forges of type github, and \"local\" is of type local",
			"FILE:5: key \"max-check-age\": it is for forges of type github" } },
	{ GITHUB "}\nproject p {\n required-checks = { build, \"\" }\n ignore-checks = \"a\\nb\"\n}\n",
		{ "FILE:5: key \"required-checks\": \"\" is no name or glob; 1 to 255 bytes",
			"FILE:6: key \"ignore-checks\": \"a b\" is no name or glob" } },
	{ "behind = agent\nchanges-requested = repairs\nstale-reviews = no\nmax-check-age = x\n",
		{ "FILE:1: key \"behind\": \"agent\" is not known; allowed are human, repair",
			"FILE:2: key \"changes-requested\": \"repairs\" is not known; allowed are human, repair",
			"FILE:3: key \"stale-reviews\": \"no\" is not known; allowed are refuse, accept",
			"FILE:4: key \"max-check-age\": \"x\" is no duration" } },
	{ "untrusted = yes\n",
		{ "FILE:1: key \"untrusted\": \"yes\" is not known; allowed are hold, trigger" } },
	/* How they are reached. */
	{ "ca-file = ca.pem\nno-proxy = \"\"\nproxy = \"proxy:3128\"\n",
		{ "FILE:1: key \"ca-file\": \"ca.pem\" is not absolute",
			"FILE:2: key \"no-proxy\": \"\" is no such text",
			"FILE:3: key \"proxy\": " PROXY_PROBLEM } },
	{ "proxy = \"http://proxy\"\n", { "FILE:1: key \"proxy\": " PROXY_PROBLEM } },
	{ "proxy = \"socks5://proxy:1080\"\n", { "FILE:1: key \"proxy\": " PROXY_PROBLEM } },
	{ "proxy = \"http://proxy:3128/x\"\n", { "FILE:1: key \"proxy\": " PROXY_PROBLEM } },
	{ "proxy = \"http://me:TOP/SECRET@proxy:3128\"\n",
		{ "FILE:1: key \"proxy\": " PROXY_PROBLEM } },
	{ "proxy = \"http://me:TOPSECRET@proxy\"\n", { "FILE:1: key \"proxy\": " PROXY_PROBLEM } },
	{ "forge hub { type = github ca-file = /x }\n",
		{ "FILE:1: key \"ca-file\": not known here" } },
};

static void test_mistakes(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		config_files_expect(&mistakes[i]);
	}
}

/* Nothing that may be a secret is in a sentence, wherever it was put. */
static void test_secrets_are_not_said(void **state) {
	static const char *const texts[] = {
		GITHUB "token = TOPSECRET\n}\n",
		GITHUB "token = \"env:TOPSECRET-1\"\n}\n",
		GITHUB "app-id = 1 app-key = TOPSECRET\n}\n",
		GITHUB "api-url = \"https://x:TOPSECRET@ghe.example\"\n}\n",
		GITHUB "graphql-url = \"https://ghe.example/?token=TOPSECRET\"\n}\n",
		"proxy = \"socks5://me:TOPSECRET@proxy:1\"\n",
		"agent a { type = codegen organization = 1 token = TOPSECRET }\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct config *config = NULL;
		struct config_errors errors;

		assert_int_equal(config_files_load(texts[i], &config, &errors), -EINVAL);
		for (size_t k = 0; k < errors.n_lines; k++) {
			assert_null(strstr(errors.lines[k], "TOPSECRET"));
		}
		config_errors_finish(&errors);
	}
}

static void test_checks_of_projects(void **state) {
	struct config *config = config_files_load_good(
		"behind = repair\nmax-check-age = 3h\nuntrusted = trigger\nforge hub { type = github }\n"
		"project \"acme/*\" { changes-requested = repair }\n"
		"project \"acme/web\" { required-checks = { build, \"test (*)\" } behind = human\n"
		" ignore-checks = { \"codecov/*\" } max-check-age = 20m stale-reviews = accept\n"
		" untrusted = hold }\n");
	struct config_checks *checks;
	struct policy policy;

	assert_int_equal(config_copy_checks(config, "acme/web", &checks), 0);
	assert_string_equal(checks->required[0], "build");
	assert_string_equal(checks->required[1], "test (*)");
	assert_null(checks->required[2]);
	assert_string_equal(checks->ignored[0], "codecov/*");
	assert_null(checks->ignored[1]);
	assert_int_equal(checks->max_pending_ms, 20 * CLOCK_MINUTE_MS);
	assert_true(checks->accept_stale_reviews);
	assert_false(checks->repair_behind || checks->repair_changes_requested);
	assert_int_equal(config_policy(config, "acme/web", &policy), 0);
	assert_false(policy.trigger_untrusted);
	assert_int_equal(config_policy(config, "acme/api", &policy), 0);
	assert_true(policy.trigger_untrusted);
	/* A copy: the configuration may go. */
	config_destroy(config);
	assert_string_equal(checks->required[0], "build");
	config_checks_destroy(checks);

	config = config_files_load_good("behind = repair\nforge hub { type = github }\n"
					"project \"acme/*\" { changes-requested = repair }\n");
	assert_int_equal(config_copy_checks(config, "acme/api", &checks), 0);
	assert_null(checks->required);
	assert_true(checks->repair_behind && checks->repair_changes_requested);
	config_checks_destroy(checks);
	assert_int_equal(config_copy_checks(config, "other/x", &checks), 0);
	assert_true(checks->repair_behind && !checks->repair_changes_requested);
	config_checks_destroy(checks);
	config_destroy(config);
}

static void test_too_many_checks(void **state) {
	char *text = malloc(64 * 1024);
	size_t len;
	int i = 0;

	assert_non_null(text);
	len = (size_t)snprintf(
		text, 64 * 1024, "forge h { type = github }\nproject p { ignore-checks = { c");
	for (; i < LIMIT_CONFIG_GLOBS; i++) {
		len += (size_t)snprintf(text + len, 64 * 1024 - len, ", c%d", i);
	}
	snprintf(text + len, 64 * 1024 - len, "} }\n");
	config_files_expect(&(struct config_files_mistake){ text,
		{ "FILE:2: key \"ignore-checks\": \"c255\" is one too many; at most 256 of them" } });
	free(text);
}

static void test_proxy(void **state) {
	struct config *config = config_files_load_good(
		"ca-file = /etc/ca.pem\nno-proxy = \".acme.example,10.0.0.1\"\n"
		"proxy = \"http://me:TOP@SECRET@proxy:3128/\"\n");
	json_t *json;
	char *text;

	assert_string_equal(config->ca_file, "/etc/ca.pem");
	assert_string_equal(config->no_proxy, ".acme.example,10.0.0.1");
	assert_string_equal(config->proxy, "http://me:TOP@SECRET@proxy:3128/");
	json = config_to_json(config);
	text = json_dumps(json, 0);
	assert_null(strstr(text, "SECRET"));
	assert_string_equal(
		json_string_value(json_object_get(json, "proxy")), "http://***@proxy:3128/");
	free(text);
	json_decref(json);
	config_destroy(config);

	/* The last file counts. */
	config_files_write(config_files_part("10-a.conf"), "proxy = \"http://[::1]:1\"\n", 25);
	config = config_files_load_good("proxy = \"http://a:1\"\n");
	assert_string_equal(config->proxy, "http://[::1]:1");
	config_destroy(config);
	unlink(config_files_part("10-a.conf"));
}

static const char *text_of(const json_t *object, const char *key) {
	return json_string_value(json_object_get(object, key));
}

static void test_json(void **state) {
	struct config *config = config_files_load_good(
		"behind = repair\nforge hub { type = github token = \"env:T\" }\nforge here { type = local }\n"
		"project p { forge = hub ignore-checks = { a, b } }\n");
	json_t *json = config_to_json(config);
	json_t *hub = json_array_get(json_object_get(json, "forges"), 0);
	json_t *here = json_array_get(json_object_get(json, "forges"), 1);
	json_t *project = json_array_get(json_object_get(json, "projects"), 0);

	assert_string_equal(text_of(json, "behind"), "repair");
	assert_string_equal(text_of(json, "stale-reviews"), "refuse");
	assert_string_equal(text_of(json, "max-check-age"), "2h");
	assert_string_equal(text_of(json, "untrusted"), "hold");
	assert_true(json_is_null(json_object_get(json, "proxy")));
	assert_string_equal(text_of(hub, "token"), "env:T");
	assert_string_equal(text_of(hub, "graphql-url"), "https://api.github.com/graphql");
	assert_string_equal(text_of(hub, "head-status"), "off");
	assert_string_equal(text_of(hub, "settle"), "2m");
	assert_true(json_is_null(json_object_get(hub, "app-id")));
	assert_true(json_is_null(json_object_get(hub, "escalate-to")));
	/* A forge has the keys of its type. */
	assert_int_equal(json_object_size(here), 2);
	assert_int_equal(json_array_size(json_object_get(project, "ignore-checks")), 2);
	assert_int_equal(json_array_size(json_object_get(project, "required-checks")), 0);
	json_decref(json);
	config_destroy(config);
}

/* GitHub's names ignore case, and nobody gets around a section by that; other forges' do not. */
static void test_spelling(void **state) {
	static const struct {
		const char *given, *spelled;
		int cycles;
	} table[] = {
		{ "ACME/Web", "acme/web", 2 },
		{ "Acme/web", "acme/web", 2 },
		{ "ACME/Api", "acme/api", 3 },
		{ "Other/API", "other/api", 5 },
		{ "Here/API", "Here/API", 4 },
		{ "HERE/API", "here/api", 5 }, /* no section of another forge's name */
		{ "*", "*", 5 },
		{ "", "", 5 },
	};
	struct config *config = config_files_load_good(
		"max-cycles = 5\nforge hub { type = github }\n"
		"project \"Acme/web\" { max-cycles = 2 }\nproject \"acme/*\" { max-cycles = 3 }\n"
		"project \"Here/*\" { forge = local max-cycles = 4 }\n");
	struct policy policy;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char project[LIMIT_NAME_MAX];

		(void)text_copy(project, sizeof(project), table[i].given);
		config_spell_project(config, project);
		assert_string_equal(project, table[i].spelled);
		assert_int_equal(config_policy(config, project, &policy), 0);
		assert_int_equal(policy.max_cycles, table[i].cycles);
	}
	config_destroy(config);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_everything_said),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_too_long_url),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_secrets_are_not_said),
		cmocka_unit_test(test_spelling),
		cmocka_unit_test(test_checks_of_projects),
		cmocka_unit_test(test_too_many_checks),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, config_files_setup, config_files_teardown);
}

/* Where each value in force comes from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "tests/unit/machinery/config_files.h"

static const char text[] = "max-cycles = 5\n"
			   "mode = act\n"
			   "forge hub {\n"
			   "    type = github\n"
			   "    token = \"env:TOP_SECRET\"\n"
			   "}\n"
			   "agent fixer {\n"
			   "    command = {\n"
			   "        \"/bin/fix\",\n"
			   "        \"--secret-argument\"\n"
			   "    }\n"
			   "}\n"
			   "project \"acme/web\" {\n"
			   "    agents = { fixer }\n"
			   "    mode = observe\n"
			   "}\n"
			   "project \"acme/*\" {\n"
			   "}\n";
static const char part[] = "\nmode = observe\nproxy = \"http://me:hunter2@proxy.example:3128\"\n";

struct row {
	const char *list; /* NULL: at the top */
	size_t at;
	const char *key;
	const char *file; /* "main" or "part"; NULL: a default */
	int line;
};

static const struct row rows[] = {
	{ NULL, 0, "max-cycles", "main", 1 },
	{ NULL, 0, "mode", "part", 2 }, /* the last file counts */
	{ NULL, 0, "proxy", "part", 3 },
	{ NULL, 0, "retention", NULL, 0 },
	{ "forges", 0, "type", "main", 4 },
	{ "forges", 0, "token", "main", 5 },
	{ "forges", 0, "graphql-url", NULL, 0 },
	{ "forges", 1, "type", NULL, 0 }, /* "local", which nobody says */
	{ "agents", 0, "command", "main", 9 },
	{ "agents", 0, "timeout", NULL, 0 },
	{ "projects", 0, "agents", "main", 14 },
	{ "projects", 0, "mode", "main", 15 },
	{ "projects", 0, "max-cycles", "main", 1 }, /* as the top level has it */
	{ "projects", 0, "follow-up-delay", NULL, 0 },
	{ "projects", 1, "mode", "part", 2 },
	{ "projects", 1, "agents", NULL, 0 },
};

static void expect(const json_t *origins, const struct row *row) {
	const json_t *where = row->list == NULL
		? origins
		: json_array_get(json_object_get(origins, row->list), row->at);
	const char *origin = json_string_value(json_object_get(where, row->key));
	char expected[CONFIG_FILES_PATH_MAX + 16];

	(void)text_format(expected, sizeof(expected), "%s:%d",
		row->file == NULL			 ? ""
			: strcmp(row->file, "part") == 0 ? config_files_part("10.conf")
							 : config_files_main(),
		row->line);
	assert_non_null(origin);
	assert_string_equal(origin, row->file == NULL ? "default" : expected);
}

/* The same members in the same order, with a text in place of each value. */
static void expect_same_shape(const json_t *config, const json_t *origins) {
	void *a = json_object_iter((json_t *)config), *b = json_object_iter((json_t *)origins);

	assert_int_equal(json_object_size(config), json_object_size(origins));
	while (a != NULL) {
		const json_t *value = json_object_iter_value(a);
		const json_t *origin = json_object_iter_value(b);

		assert_string_equal(json_object_iter_key(a), json_object_iter_key(b));
		if (json_is_object(json_array_get(value, 0))) {
			assert_int_equal(json_array_size(value), json_array_size(origin));
			for (size_t i = 0; i < json_array_size(value); i++) {
				expect_same_shape(
					json_array_get(value, i), json_array_get(origin, i));
			}
		} else if (!json_is_array(origin)) {
			assert_true(json_is_string(origin));
		}
		a = json_object_iter_next((json_t *)config, a);
		b = json_object_iter_next((json_t *)origins, b);
	}
}

static void test_origins(void **state) {
	struct config *config;
	json_t *origins, *values;
	char *dump;

	config_files_write(config_files_part("10.conf"), part, strlen(part));
	config = config_files_load_good(text);
	origins = config_origins_to_json(config);
	values = config_to_json(config);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		expect(origins, &rows[i]);
	}
	expect_same_shape(values, origins);
	dump = json_dumps(origins, 0);
	assert_null(strstr(dump, "secret"));
	assert_null(strstr(dump, "hunter2"));
	free(dump);
	json_decref(origins);
	json_decref(values);
	config_destroy(config);
}

static void test_nothing_said(void **state) {
	struct config *config = config_files_load_good("");
	json_t *origins = config_origins_to_json(config), *values = config_to_json(config);

	expect_same_shape(values, origins);
	assert_string_equal(json_string_value(json_object_get(origins, "max-cycles")), "default");
	json_decref(origins);
	json_decref(values);
	config_destroy(config);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_said), /* while there is no second file */
		cmocka_unit_test(test_origins),
	};

	return cmocka_run_group_tests(tests, config_files_setup, config_files_teardown);
}

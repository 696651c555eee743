#include "common/address.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static int forget_environment(void **state) {
	static const char *const names[] = { "CODEGEN_SOCKET", "CONFIGURATION_DIRECTORY",
		"RUNTIME_DIRECTORY", "STATE_DIRECTORY", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR",
		"XDG_STATE_HOME", "HOME" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		unsetenv(names[i]);
	}
	return 0;
}

static void set(const char *name, const char *value) {
	assert_int_equal(setenv(name, value, 1), 0);
}

static void expect_socket(
	enum address_kind kind, const char *option, bool user, const char *expected) {
	char out[ADDRESS_SOCKET_MAX];

	assert_int_equal(address_socket(kind, option, user, out, sizeof(out)), 0);
	assert_string_equal(out, expected);
}

static void socket_is_the_systems_by_default(void **state) {
	set("RUNTIME_DIRECTORY", "/run/other");
	set("XDG_RUNTIME_DIR", "/run/user/7");
	expect_socket(ADDRESS_KIND_CONTROL, NULL, false, "/run/codegend/control.sock");
	expect_socket(ADDRESS_KIND_SUBMIT, NULL, false, "/run/codegend/submit/submit.sock");
}

static void socket_of_a_user(void **state) {
	char out[ADDRESS_SOCKET_MAX] = "before";

	assert_int_equal(address_socket(ADDRESS_KIND_CONTROL, NULL, true, out, sizeof(out)), -ENOENT);
	assert_string_equal(out, "before");
	set("XDG_RUNTIME_DIR", "/run/user/7/");
	expect_socket(ADDRESS_KIND_CONTROL, NULL, true, "/run/user/7/codegend/control.sock");
	expect_socket(ADDRESS_KIND_SUBMIT, NULL, true, "/run/user/7/codegend/submit/submit.sock");
}

static void option_wins_over_environment(void **state) {
	set("CODEGEN_SOCKET", "/env.sock");
	expect_socket(ADDRESS_KIND_SUBMIT, NULL, true, "/env.sock");
	expect_socket(ADDRESS_KIND_SUBMIT, "/option.sock", true, "/option.sock");
	set("CODEGEN_SOCKET", "");
	expect_socket(ADDRESS_KIND_SUBMIT, NULL, false, "/run/codegend/submit/submit.sock");
}

static void socket_path_must_fit_the_kernels_bound(void **state) {
	char path[ADDRESS_SOCKET_MAX + 1];
	char out[ADDRESS_PATH_MAX] = "before";

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[ADDRESS_SOCKET_MAX] = '\0';
	assert_int_equal(
		address_socket(ADDRESS_KIND_CONTROL, path, false, out, sizeof(out)), -ENAMETOOLONG);
	assert_string_equal(out, "before");
	path[ADDRESS_SOCKET_MAX - 1] = '\0';
	expect_socket(ADDRESS_KIND_CONTROL, path, false, path);
}

struct dir_case {
	int (*find)(const char *option, bool user, char *out, size_t size);
	const char *env_name, *env_value;
	const char *option;
	bool user;
	const char *expected; /* NULL: there is none */
};

static const struct dir_case dir_cases[] = {
	{ address_state_dir, NULL, NULL, NULL, false, "/var/lib/codegend" },
	{ address_state_dir, "STATE_DIRECTORY", "/var/lib/a:/var/lib/b", NULL, false, "/var/lib/a" },
	{ address_state_dir, "STATE_DIRECTORY", "/var/lib/a", "rel/s", false, "rel/s" },
	{ address_state_dir, "XDG_STATE_HOME", "/h/state", NULL, true, "/h/state/codegend" },
	{ address_state_dir, "XDG_STATE_HOME", "/h/state", NULL, false, "/var/lib/codegend" },
	{ address_state_dir, "HOME", "/h", NULL, true, "/h/.local/state/codegend" },
	{ address_state_dir, NULL, NULL, NULL, true, NULL },
	{ address_runtime_dir, NULL, NULL, NULL, false, "/run/codegend" },
	{ address_runtime_dir, "RUNTIME_DIRECTORY", "/run/c", NULL, false, "/run/c" },
	{ address_runtime_dir, "RUNTIME_DIRECTORY", "/run/user/7/c", NULL, true, "/run/user/7/c" },
	{ address_runtime_dir, "XDG_RUNTIME_DIR", "/run/user/7", NULL, true, "/run/user/7/codegend" },
	{ address_runtime_dir, "XDG_RUNTIME_DIR", "relative", NULL, true, NULL },
	{ address_runtime_dir, "HOME", "/h", NULL, true, NULL },
	{ address_config_file, NULL, NULL, NULL, false, ADDRESS_SYSTEM_CONFIG },
	{ address_config_file, NULL, NULL, "/x.conf", true, "/x.conf" },
	{ address_config_file, "CONFIGURATION_DIRECTORY", "/etc/c", NULL, false,
		"/etc/c/codegend.conf" },
	{ address_config_file, "XDG_CONFIG_HOME", "/h/c", NULL, true, "/h/c/codegend/codegend.conf" },
	{ address_config_file, "HOME", "/h", NULL, true, "/h/.config/codegend/codegend.conf" },
};

static void directories(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(dir_cases); i++) {
		const struct dir_case *c = &dir_cases[i];
		char out[ADDRESS_PATH_MAX] = "before";
		int status;

		forget_environment(NULL);
		if (c->env_name != NULL) {
			set(c->env_name, c->env_value);
		}
		status = c->find(c->option, c->user, out, sizeof(out));
		assert_int_equal(status, c->expected != NULL ? 0 : -ENOENT);
		assert_string_equal(out, c->expected != NULL ? c->expected : "before");
	}
}

static void joining(void **state) {
	char out[8] = "before";

	assert_int_equal(address_join(out, sizeof(out), "/abc", "def"), -ENAMETOOLONG);
	assert_string_equal(out, "before");
	assert_int_equal(address_join(out, sizeof(out), "/abc", "de"), 0);
	assert_string_equal(out, "/abc/de");
	assert_int_equal(address_join(out, sizeof(out), "/", "x"), 0);
	assert_string_equal(out, "/x");
}

static void joining_may_write_over_its_directory(void **state) {
	char out[16] = "/abc";

	assert_int_equal(address_join(out, sizeof(out), out, "x"), 0);
	assert_string_equal(out, "/abc/x");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(socket_is_the_systems_by_default, forget_environment),
		cmocka_unit_test_setup(socket_of_a_user, forget_environment),
		cmocka_unit_test_setup(option_wins_over_environment, forget_environment),
		cmocka_unit_test_setup(socket_path_must_fit_the_kernels_bound, forget_environment),
		cmocka_unit_test_setup(directories, forget_environment),
		cmocka_unit_test(joining),
		cmocka_unit_test(joining_may_write_over_its_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/unit/machinery/config_files.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/fd.h"

static char directory[] = "/tmp/test-config-XXXXXX";
static char main_file[CONFIG_FILES_PATH_MAX];

const char *config_files_directory(void) {
	return directory;
}

const char *config_files_main(void) {
	return main_file;
}

const char *config_files_part(const char *name) {
	static char path[CONFIG_FILES_PATH_MAX];

	snprintf(path, sizeof(path), "%s/codegend.conf.d/%s", directory, name);
	return path;
}

void config_files_write(const char *path, const char *text, size_t len) {
	assert_int_equal(fd_write_file_atomic(path, text, len, 0600), 0);
}

int config_files_load(const char *text, struct config **ret_config, struct config_errors *ret_errors) {
	config_files_write(main_file, text, strlen(text));
	return config_load(main_file, true, ret_config, ret_errors);
}

struct config *config_files_load_good(const char *text) {
	struct config *config = NULL;
	struct config_errors errors;
	int r = config_files_load(text, &config, &errors);

	if (r != 0) {
		fail_msg("%s: %d: %s", text, r, errors.n_lines ? errors.lines[0] : "no sentence");
	}
	assert_int_equal(errors.n_lines, 0);
	config_errors_finish(&errors);
	return config;
}

int config_files_setup(void **state) {
	char parts[CONFIG_FILES_PATH_MAX];

	assert_non_null(mkdtemp(directory));
	snprintf(main_file, sizeof(main_file), "%s/codegend.conf", directory);
	snprintf(parts, sizeof(parts), "%s/codegend.conf.d", directory);
	assert_int_equal(mkdir(parts, 0700), 0);
	return 0;
}

int config_files_teardown(void **state) {
	return fd_remove_tree(directory);
}

static void expect_line(const struct config_files_mistake *mistake, const char *line,
	const struct config_errors *errors) {
	bool placed = strncmp(line, "FILE", 4) == 0;
	char expected[CONFIG_FILES_PATH_MAX];
	size_t found = 0;

	snprintf(expected, sizeof(expected), "%s%s", placed ? main_file : "",
		line + (placed ? 4 : 0));
	while (found < errors->n_lines && !strstr(errors->lines[found], expected)) {
		found++;
	}
	if (found == errors->n_lines) {
		fail_msg("%s: expected \"%s\", got \"%s\"", mistake->text, expected,
			errors->lines[0]);
	}
}

void config_files_expect(const struct config_files_mistake *mistake) {
	struct config *config = NULL;
	struct config_errors errors;
	size_t n = 0;

	if (config_files_load(mistake->text, &config, &errors) != -EINVAL) {
		fail_msg("%s: nothing wrong was found", mistake->text);
	}
	assert_null(config);
	for (; n < CONFIG_FILES_LINES && mistake->lines[n]; n++) {
		expect_line(mistake, mistake->lines[n], &errors);
	}
	if (errors.n_lines != n) {
		fail_msg("%s: %zu are said, such as \"%s\"", mistake->text, errors.n_lines,
			errors.lines[errors.n_lines - 1]);
	}
	config_errors_finish(&errors);
	/* The next load is not disturbed, whatever state the last one was left in. */
	config_destroy(config_files_load_good("mode = act\n"));
}

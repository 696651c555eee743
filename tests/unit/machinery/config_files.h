/*
 * config_files - real files in a directory of their own, for the tests of the configuration: DIR/codegend.conf, and
 * parts DIR/codegend.conf.d/NAME.
 */
#pragma once

#include <stddef.h>

#include "daemon/config.h"

#define CONFIG_FILES_PATH_MAX 512
#define CONFIG_FILES_LINES 10

/* A wrong configuration, and what is said of it: all of it, in any order. "FILE" in front stands for the file. */
struct config_files_mistake {
	const char *text;
	const char *lines[CONFIG_FILES_LINES];
};

int config_files_setup(void **state);
int config_files_teardown(void **state);
const char *config_files_directory(void);
const char *config_files_main(void);
/* Valid until the next call. */
const char *config_files_part(const char *name);
void config_files_write(const char *path, const char *text, size_t len);

must_check int config_files_load(
	const char *text, struct config **ret_config, struct config_errors *ret_errors);
/* Fails the test when anything is wrong; config_destroy(). */
struct config *config_files_load_good(const char *text);
/* Fails the test when something else, or something more, is said of it. */
void config_files_expect(const struct config_files_mistake *mistake);

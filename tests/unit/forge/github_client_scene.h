/*
 * github_client_scene - calls of the forge github against a scripted server. One fixture for two files of tests.
 */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "common/text.h"
#include "tests/unit/forge/github_scene.h"

#define S CLOCK_SECOND_MS
#define RESET_IN_300_S "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1758245593\r\n"
#define RESET_IN_30_S "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1758245323\r\n"

/* One call, and how it ended. */
struct exchange {
	struct github_call call;
	struct scene *scene;
	int status;
	int n_done;
};

struct fixture {
	struct scene scene;
	struct exchange exchanges[100];
	int n_done;
};

int github_client_scene_set_up(void **state);
int github_client_scene_tear_down(void **state);
struct github_call *send_to(struct fixture *f, size_t i, enum github_call_kind kind,
	const char *method, const char *path);
struct github_call *read_once(struct fixture *f, size_t i, const char *path);
struct github_call *write_once(struct fixture *f, size_t i, const char *path);
void set_token(struct fixture *f, const char *token);

#define WORDS(message) "{\"message\":\"" message "\"}"
#define TEST(name)                                                                                 \
	cmocka_unit_test_setup_teardown(                                                           \
		name, github_client_scene_set_up, github_client_scene_tear_down)

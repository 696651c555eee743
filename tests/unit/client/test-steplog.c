#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/limits.h"
#include "client/steplog.h"
#include "common/fd.h"

#define KEY_LINE "MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfnZygWyF0d8aTqQeYjYyWm8Kq1Lx7vB2cNh\n"
#define SIZE ((size_t)1024 * 1024)

/* There is no time for more than the end of a file, and that begins inside of a private key or of a token. */
static void test_an_end_shows_no_half_of_a_secret(void **state) {
	static const char begin[] = "-----BEGIN "
				    "RSA PRIVATE KEY-----\n";
	static const char *const secrets[] = { KEY_LINE,
		"DB_PASSWORD=k2j3h4g5f6d7s8a9q1w2e3r4t5y6\n" };

	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		_cleanup_(steplog_destroyp) struct steplog *log = NULL;
		_cleanup_(freep) char *data = malloc(SIZE);
		_cleanup_(freep) char *text = NULL;
		char path[] = "/tmp/steplog-XXXXXX";
		size_t n = strlen(secrets[i]), at = SIZE - CLIENT_LOG_TAIL_BYTES - 3000;
		int fd = mkstemp(path);

		assert_true(fd >= 0);
		for (size_t k = 0; k < SIZE; k++) {
			data[k] = k % 50 == 49 ? '\n' : '.';
		}
		data[at - 1] = '\n';
		memcpy(data + at, begin, strlen(begin));
		at += strlen(begin);
		for (; at < SIZE - CLIENT_LOG_TAIL_BYTES + 1000; at += n) {
			memcpy(data + at, secrets[i], n);
		}
		assert_int_equal(write(fd, data, SIZE), (ssize_t)SIZE);
		assert_int_equal(close(fd), 0);
		assert_int_equal(steplog_create(&log), 0);
		assert_int_equal(steplog_read(log, path, 1), 0);
		assert_int_equal(steplog_end(log, 1, &text, NULL), 0);
		assert_true(strlen(text) > CLIENT_LOG_TAIL_BYTES / 2);
		assert_null(strstr(text, "VS5JJcds3xf"));
		assert_null(strstr(text, "q1w2e3r4t5y6"));
		assert_int_equal(unlink(path), 0);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_end_shows_no_half_of_a_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/socket_group.h"
#include "common/fd.h"

static void test_group_names(void **state) {
	static const char file[] = "root:x:0:\n"
				   "codegen-admin:x:998:ann,bob\n"
				   "broken\n"
				   "::7:\n"
				   "odd:x:seven:\n"
				   "#comment:x\n"
				   "last:x:1234";
	static const struct {
		unsigned gid;
		const char *name;
	} table[] = { { 0, "root" }, { 998, "codegen-admin" }, { 1234, "last" }, { 7, NULL },
		{ 99, NULL }, { 12, NULL } };
	char path[] = "/tmp/test-socket-group-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, file, strlen(file)), 0);
	fd_close(fd);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char *name = socket_group_name(path, table[i].gid);

		if (table[i].name == NULL) {
			assert_null(name);
		} else {
			assert_non_null(name);
			assert_string_equal(name, table[i].name);
		}
		free(name);
	}
	assert_null(socket_group_name("/nonexistent", 0));
	assert_int_equal(unlink(path), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_group_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

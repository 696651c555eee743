#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "client/failure.h"
#include "common/protocol.h"
#include "tests/unit/client/capture.h"

static void test_exit_codes(void **state) {
	static const struct row {
		const char *error;
		const char *code;
		int exit;
	} table[] = {
		{ "io.codegend.NotFound", "not_found", 4 },
		{ "io.codegend.Refused", "refused", 1 },
		{ "io.codegend.Busy", "busy", 1 },
		{ "io.codegend.StoreFull", "store_full", 1 },
		{ "io.codegend.StoreFailed", "store_failed", 1 },
		{ "io.codegend.ShuttingDown", "shutting_down", 1 },
		{ "io.codegend.InvalidConfiguration", "invalid_configuration", 7 },
		{ "io.codegend.InvalidArgument", "invalid_argument", 2 },
		{ "org.varlink.service.InvalidParameter", "invalid_argument", 2 },
		{ "org.varlink.service.PermissionDenied", "permission", 5 },
		{ "org.varlink.service.MethodNotFound", "not_supported", 1 },
		{ "org.varlink.service.InterfaceNotFound", "not_supported", 1 },
		{ "com.example.Unheard", "refused", 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		enum failure failure = failure_from_error(table[i].error);

		assert_string_equal(failure_code(failure), table[i].code);
		assert_int_equal(failure_exit(failure), table[i].exit);
	}
	assert_int_equal(failure_exit(FAILURE_NOT_REACHABLE), 3);
	assert_int_equal(failure_exit(FAILURE_TIMED_OUT), 8);
	assert_int_equal(failure_exit(FAILURE_USAGE), 2);
}

/* An error that the contract has and our table lacks would silently become "refused". */
static void test_every_error_of_the_contract_is_known(void **state) {
	size_t n_errors = 0;

	for (const char *at = protocol_varlink; (at = strstr(at, "\nerror ")) != NULL;) {
		char name[128] = PROTOCOL_INTERFACE ".";
		size_t len;

		at += strlen("\nerror ");
		len = strcspn(at, " (");
		assert_true(len < 64);
		strncat(name, at, len);
		if (strcmp(name, PROTOCOL_INTERFACE ".Refused") != 0) {
			assert_int_not_equal(failure_from_error(name), FAILURE_REFUSED);
		}
		n_errors++;
	}
	assert_true(n_errors > 0);
}

static void test_sentence(void **state) {
	struct capture capture;
	char text[1024];
	int r;

	capture_start(&capture, stderr);
	r = failure_report(FAILURE_NOT_FOUND, "look again", "there is no \"%s\".", "a\nb\033[31mc");
	capture_stop(&capture, text, sizeof(text));
	assert_int_equal(r, 4);
	assert_string_equal(text, "codegenctl: there is no \"a bc\"; look again\n");
}

static void test_json(void **state) {
	struct capture capture;
	char text[1024];

	failure_set_json(true);
	capture_start(&capture, stderr);
	assert_int_equal(failure_report(FAILURE_REFUSED, NULL, "no \"way\""), 1);
	capture_stop(&capture, text, sizeof(text));
	failure_set_json(false);
	assert_string_equal(text,
		"{\"error\":{\"code\":\"refused\",\"message\":\"no \\\"way\\\"\",\"hint\":null}}\n");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_every_error_of_the_contract_is_known),
		cmocka_unit_test(test_sentence),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

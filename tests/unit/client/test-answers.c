/* Whatever a daemon of another version, or something that is none, answers: no command crashes or obeys it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client/failure.h"
#include "common/macro.h"
#include "common/protocol.h"
#include "tests/unit/client/deeds.h"
#include "tests/unit/client/peer.h"

static void attempt(const struct deed *deed) {
	for (int json = 0; json < 2; json++) {
		struct deed_end end = deed_run(deed, json, NULL, NULL, NULL);

		deed_check(deed, json, &end);
	}
}

/* As it is, everything is understood. */
static void test_usual_answers(void **state) {
	for (size_t i = 0; i < n_deeds; i++) {
		struct deed_end end = deed_run(&deeds[i], false, NULL, NULL, NULL);
		int expected = strcmp(deeds[i].words[0], "doctor") == 0 ? EXIT_REFUSED : EXIT_DONE;

		deed_check(&deeds[i], false, &end);
		if (end.code != expected) {
			fail_msg("%s: %d: %s", deed_name(&deeds[i]), end.code, end.err);
		}
	}
}

static const char *const substitutes[] = { "null", "true", "-1", "9007199254740993", "1e300",
	"\"\"", "\"\\u001b[31m\\u0007<&\\n\\t\\u202e\"", "\"delayed-1\"", "[]", "[7]", "{}",
	"{\"a\":{\"b\":[1]}}" };

static void vary(const struct deed *deed, json_t *answer, json_t *within);

/* Instead of one value, of each kind. `set` puts it there. */
static void vary_value(const struct deed *deed, json_t *answer, json_t *value,
	void (*set)(json_t *within, const void *at, json_t *value), json_t *within, const void *at) {
	json_incref(value);
	for (size_t i = 0; i < ARRAY_SIZE(substitutes); i++) {
		json_t *other = json_loads(substitutes[i], JSON_DECODE_ANY, NULL);

		set(within, at, other);
		peer_answers(deed->method, answer);
		attempt(deed);
	}
	set(within, at, value);
	vary(deed, answer, value);
}

static void set_member(json_t *within, const void *at, json_t *value) {
	(void)json_object_set_new(within, at, value);
}

static void set_element(json_t *within, const void *at, json_t *value) {
	(void)json_array_set_new(within, *(const size_t *)at, value);
}

static void vary(const struct deed *deed, json_t *answer, json_t *within) {
	const char *name;
	json_t *value;
	void *next;

	json_object_foreach_safe(within, next, name, value) {
		vary_value(deed, answer, value, set_member, within, name);
	}
	for (size_t i = 0; i < json_array_size(within); i++) {
		vary_value(deed, answer, json_array_get(within, i), set_element, within, &i);
	}
}

/* Each value of an answer, in turn, is something else. */
static void test_other_values(void **state) {
	for (size_t i = 0; i < n_deeds; i++) {
		if (deeds[i].method != NULL) {
			json_t *answer = json_deep_copy(peer_answer(deeds[i].method));

			vary(&deeds[i], answer, answer);
			json_decref(answer);
		}
	}
	peer_is_itself();
}

#define SAID(text)                                                                                 \
	{ text, sizeof(text) }
#define HALF(text)                                                                                 \
	{ text, sizeof(text) - 1 }

/* What no answer is, or one that says no. */
static void test_other_messages(void **state) {
	static const struct {
		const char *bytes;
		size_t len;
	} said[] = {
		HALF(""),
		HALF("HTTP/1.1 400 Bad Request\r\n\r\n"),
		HALF("{\"parameters\":{"),
		SAID("{\"parameters\":{}"),
		SAID("{\"parameters\":7}"),
		SAID("{\"parameters\":{}}"),
		HALF("{\"parameters\":{},\"continues\":true}\0{"),
		SAID("{\"error\":7}"),
		SAID("{\"error\":\"com.example.Odd\"}"),
		SAID("{\"error\":\"com.example.Odd\",\"parameters\":{\"message\":7,\"hint\":[]}}"),
		SAID("{\"error\":\"com.example.Odd\",\"parameters\":{\"message\":\"\\u001b[31m\"}}"),
		SAID("{\"error\":\"" PROTOCOL_INVALID_PARAMETER
		     "\",\"parameters\":{\"parameter\":\"id\"}}"),
		SAID("{\"error\":\"" PROTOCOL_METHOD_NOT_FOUND
		     "\",\"parameters\":{\"method\":\"a.b\"}}"),
		SAID("{\"error\":\"" PROTOCOL_PERMISSION_DENIED "\"}"),
		SAID("{\"error\":\"" PROTOCOL_PERMISSION_DENIED
		     "\",\"parameters\":{\"message\":\"no\"}}"),
		SAID("{\"error\":\"io.codegend.NotFound\",\"parameters\":{\"message\":\"no such\"}}"),
		SAID("{\"error\":\"io.codegend.Refused\",\"parameters\":{\"message\":\"no\",\"hint\":\"wait\"}}"),
		SAID("{\"error\":\"io.codegend.Busy\",\"parameters\":{\"message\":\"b\",\"retryAfterMs\":3600000}}"),
		SAID("{\"error\":\"io.codegend.StoreFull\"}"),
		SAID("{\"error\":\"io.codegend.ShuttingDown\",\"parameters\":{\"message\":\"going\"}}"),
		SAID("{\"error\":\"io.codegend.InvalidConfiguration\","
		     "\"parameters\":{\"message\":\"m\",\"errors\":[\"a:1: x\",7]}}"),
		SAID("{\"error\":\"io.codegend.InvalidArgument\",\"parameters\":{\"parameter\":\"log\"}}"),
	};

	for (size_t i = 0; i < n_deeds; i++) {
		for (size_t k = 0; deeds[i].method != NULL && k < ARRAY_SIZE(said); k++) {
			peer_says(deeds[i].method, said[k].bytes, said[k].len);
			attempt(&deeds[i]);
		}
	}
	peer_is_itself();
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usual_answers),
		cmocka_unit_test(test_other_values),
		cmocka_unit_test(test_other_messages),
	};

	return cmocka_run_group_tests(tests, deeds_set_up, deeds_tear_down);
}

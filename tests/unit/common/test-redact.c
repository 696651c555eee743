#include "common/redact/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines of keys and values of variables; nothing that opens a door anywhere. */
#define KEY_LINE "MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfnZygWyF0d8aTqQeYjYyWm8Kq1Lx7vB2cNh"
#define KEY_LAST "Qm9ndXMga2V5"
#define KEY_BEGIN                                                                                  \
	"-----BEGIN "                                                                              \
	"RSA PRIVATE KEY-----"
#define KEY_END                                                                                    \
	"-----END "                                                                                \
	"RSA PRIVATE KEY-----"

static struct redactor *make(void) {
	struct redactor *redactor;

	assert_int_equal(redactor_create(&redactor), 0);
	return redactor;
}

static char *finish(struct redactor *redactor, const char *text, size_t len) {
	struct buffer out;
	char *result;

	buffer_init(&out, SIZE_MAX / 4);
	assert_int_equal(redactor_feed(redactor, text, len, &out), 0);
	assert_int_equal(redactor_end(redactor, &out), 0);
	result = buffer_steal(&out);
	assert_non_null(result);
	return result;
}

static char *redacted(const char *text) {
	_cleanup_(redactor_destroyp) struct redactor *redactor = make();

	return finish(redactor, text, strlen(text));
}

static char *without_value(const char *value, const char *text) {
	_cleanup_(redactor_destroyp) struct redactor *redactor = make();

	assert_int_equal(redactor_add_value(redactor, value), 0);
	return finish(redactor, text, strlen(text));
}

/* Ordinary logs: what looks like a secret and is none, and what names one without its value. */
static void ordinary_lines_stay(void **state) {
	FILE *file = fopen(REDACT_DATA "/ordinary.log", "re");
	char line[4096];
	size_t n = 0;

	assert_non_null(file);
	for (; fgets(line, sizeof(line), file) != NULL; n++) {
		_cleanup_(freep) char *result = redacted(line);

		assert_string_equal(result, line);
	}
	(void)fclose(file);
	assert_true(n > 50);
}

struct key_case {
	const char *text;
	const char *left;
};

static void private_keys_go_with_all_their_lines(void **state) {
	static const struct key_case cases[] = {
		{ "a\n" KEY_BEGIN "\n" KEY_LINE "\n" KEY_LINE "\n" KEY_LAST "\n" KEY_END "\nb\n",
			"a\n[REDACTED:private-key]\nb\n" },
		{ KEY_BEGIN "\r\n" KEY_LINE "\r\n" KEY_LAST "\r\n" KEY_END "\r\nb\r\n",
			"[REDACTED:private-key]\r\nb\r\n" },
		{ KEY_BEGIN "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n" KEY_LINE
			    "\n" KEY_END "\nb\n",
			"[REDACTED:private-key]\nb\n" },
		{ "10:00:01 " KEY_BEGIN "\n10:00:01 " KEY_LINE "\n10:00:02 " KEY_LAST
		  "\n10:00:02 " KEY_END "\n10:00:03 done\n",
			"10:00:01 [REDACTED:private-key]\n10:00:03 done\n" },
		{ KEY_BEGIN "\n" KEY_LINE "\n" KEY_LINE
			    "\n# it was cut here\nmake: *** [all] Error 1\n",
			"[REDACTED:private-key]\n# it was cut here\nmake: *** [all] Error 1\n" },
		{ KEY_BEGIN "\n" KEY_LINE "\nother: a line of its own\n" KEY_LINE "\n" KEY_END "\nb\n",
			"[REDACTED:private-key]\nother: a line of its own\nb\n" },
		{ "\x1B[33m" KEY_BEGIN "\x1B[0m\n\x1B[33m" KEY_LINE "\x1B[0m\n" KEY_END "\nb\n",
			"\x1B[33m[REDACTED:private-key]\x1B[0m\nb\n" },
		{ "{\"key\":\"" KEY_BEGIN "\\n" KEY_LINE "\\n" KEY_LAST "\\n" KEY_END
		  "\\n\",\"x\":1}\n",
			"{\"key\":\"[REDACTED:private-key]\\n\",\"x\":1}\n" },
		{ "{\"key\":\"" KEY_BEGIN "\\n" KEY_LINE "\\n" KEY_LAST "\nb\n",
			"{\"key\":\"[REDACTED:private-key]\nb\n" },
		{ "-----BEGIN "
		  "CERTIFICATE-----\n" KEY_LINE "\n-----END CERTIFICATE-----\n",
			"-----BEGIN CERTIFICATE-----\n" KEY_LINE "\n-----END CERTIFICATE-----\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = strlen(cases[i].text);

		for (size_t split = 0; split <= len; split++) {
			_cleanup_(redactor_destroyp) struct redactor *redactor = make();
			_cleanup_(buffer_finish) struct buffer out;

			buffer_init(&out, SIZE_MAX / 4);
			assert_int_equal(redactor_feed(redactor, cases[i].text, split, &out), 0);
			assert_int_equal(
				redactor_feed(redactor, cases[i].text + split, len - split, &out), 0);
			assert_int_equal(redactor_end(redactor, &out), 0);
			assert_string_equal(out.data, cases[i].left);
		}
	}
}

/* Each is a way in which CI systems and tools print the value  p"a s$5&<w>'/+x9ZQ  */
static void known_values_go_in_every_encoding(void **state) {
	static const char value[] = "p\"a s$5&<w>'/+x9ZQ";
	static const char *const texts[] = {
		"value p\"a s$5&<w>'/+x9ZQ end", "value p%22a%20s%245%26%3Cw%3E%27%2F%2Bx9ZQ end",
		"value p%22a%20s%245%26%3cw%3e%27%2f%2bx9ZQ end",
		"value p%22a+s%245%26%3Cw%3E%27%2F%2Bx9ZQ end", "value p\\\"a s$5&<w>'/+x9ZQ end",
		"value p\\\"a s$5&<w>'\\/+x9ZQ end",
		"value p\\\"a s$5\\u0026\\u003cw\\u003e'/+x9ZQ end",
		"value p\\\\\\\"a s$5&<w>'/+x9ZQ end",
		"value p&quot;a s$5&amp;&lt;w&gt;&apos;/+x9ZQ end",
		"value p&#34;a s$5&amp;&lt;w&gt;&#39;/+x9ZQ end",
		"value p\"a s$5&amp;&lt;w&gt;'/+x9ZQ end", "value p\"a s$5&<w>'\\''/+x9ZQ end",
		"value p\"a s$5&<w>'\"'\"'/+x9ZQ end", "value p\\\"a s\\$5&<w>'/+x9ZQ end",
		"value p\\\"a\\ s\\$5\\&\\<w\\>\\'/+x9ZQ end",
		"value cCJhIHMkNSY8dz4nLyt4OVpR end",	  /* base64 */
		"value eDpwImEgcyQ1Jjx3PicvK3g5WlE= end", /* of "x:" and the value */
		"value OnAiYSBzJDUmPHc-Jy8reDlaUQ== end", /* of ":" and the value, for URLs */
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_(freep) char *result = without_value(value, texts[i]);

		if (strncmp(result, "value ", 6) != 0 || strstr(result, "[REDACTED:secret]") == NULL ||
			strcmp(result + strlen(result) - 4, " end") != 0 ||
			strlen(result) > strlen("value [REDACTED:secret] end") + 6) {
			fail_msg("\"%s\" became \"%s\"", texts[i], result);
		}
	}
}

static void lines_of_a_known_value_go_one_by_one(void **state) {
	_cleanup_(freep) char *result = without_value("first line of it\r\nshort\nthe second line",
		"+ first line of it\n+ the second line\nshort\n");

	assert_string_equal(result, "+ [REDACTED:secret]\n+ [REDACTED:secret]\nshort\n");
}

static void known_values_are_told_apart_by_case_and_length(void **state) {
	_cleanup_(freep) char *result =
		without_value("AbcdefgHij", "abcdefghij AbcdefgHi AbcdefgHijk");
	_cleanup_(freep) char *small = without_value("abc", "abc");

	assert_string_equal(result, "abcdefghij AbcdefgHi [REDACTED:secret]k");
	assert_string_equal(small, "abc");
}

static void the_environment_tells_what_is_secret(void **state) {
	char *const environ[] = { "DEPLOY_TOKEN=kj2 h3 kjhq", "HOME=/home/someone",
		"MY_PASSWORD=correct horse", "CODEGEN_API_KEY=zz-not-so-random",
		"SSH_KEY_PATH=/etc/ssh/some_key", "CACHE_KEY=linux-node-modules", NULL };
	_cleanup_(redactor_destroyp) struct redactor *redactor = make();
	_cleanup_(freep) char *result = NULL;
	static const char text[] = "kj2 h3 kjhq\n/home/someone\ncorrect horse\nzz-not-so-random\n"
				   "/etc/ssh/some_key\nlinux-node-modules\n";

	assert_int_equal(redactor_add_environment(redactor, environ), 0);
	result = finish(redactor, text, strlen(text));
	assert_string_equal(result,
		"[REDACTED:secret]\n/home/someone\n[REDACTED:secret]\n[REDACTED:secret]\n"
		"/etc/ssh/some_key\nlinux-node-modules\n");
	assert_int_equal(redactor_count(redactor), 3);
}

/* What only looks like a path, a word or a test's name is a secret as well; what stands in any log is none. */
static void values_that_look_ordinary_are_told_from_those_that_are(void **state) {
	static const struct row {
		const char *variable;
		bool secret;
	} rows[] = {
		{ "AWS_SECRET_ACCESS_KEY=/bPxRfiCYEXAMPLe7MDzYq2W/K7MDENGbPxRfi9T", true },
		{ "AWS_SECRET_ACCESS_KEY=/bPxRfiCYzz+w7MD/zYq2WKa7MDENGbPxRfi9T==", true },
		{ "DB_PASSWORD=correcthorseba", true },
		{ "DB_PASSWORD_TEST=k2j3h4g5f6d7", true },
		{ "API_TOKEN_LIST=k2j3h4g5f6d7", true },
		{ "DB_PASSWORD=production", false },
		{ "DB_PASSWORD=not-required", false },
		{ "SECRET_DIR=k2j3h4g5f6d7", false },
		{ "TOKEN_FILE=k2j3h4g5f6d7", false },
		{ "VAULT_TOKEN=/home/runner/work/web/web/.vault-token", false },
		{ "PWD=/builds/acme/web", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_(redactor_destroyp) struct redactor *redactor = make();
		char *const environ[] = { (char *)rows[i].variable, NULL };
		const char *value = strchr(rows[i].variable, '=') + 1;
		_cleanup_(freep) char *result = NULL;

		assert_int_equal(redactor_add_environment(redactor, environ), 0);
		result = finish(redactor, value, strlen(value));
		if ((strcmp(result, "[REDACTED:secret]") == 0) != rows[i].secret) {
			fail_msg("\"%s\": the value became \"%s\"", rows[i].variable, result);
		}
	}
}

/* As `base64` and `xxd -p` break it. */
static void encoded_values_go_from_broken_lines(void **state) {
	static const char value[] =
		"Qz7 the secret of a hundred bytes; the quick brown fox jumps over the lazy "
		"dog, twice or even more often!!";
	static const char base64[] =
		"eFF6NyB0aGUgc2VjcmV0IG9mIGEgaHVuZHJlZCBieXRlczsgdGhlIHF1aWNrIGJyb3duIGZveCBq\n"
		"dW1wcyBvdmVyIHRoZSBsYXp5IGRvZywgdHdpY2Ugb3IgZXZlbiBtb3JlIG9mdGVuISE=\n";
	static const char hex[] = "517a372074686520736563726574206f6620612068756e64726564206279\n"
				  "7465733b2074686520717569636b2062726f776e20666f78206a756d7073\n"
				  "206f76657220746865206c617a7920646f672c207477696365206f722065\n"
				  "76656e206d6f7265206f6674656e2121\n";
	_cleanup_(freep) char *left = without_value(value, base64);
	_cleanup_(freep) char *left_hex = without_value(value, hex);
	size_t n = 0;

	for (const char *at = left; (at = strstr(at, "[REDACTED:secret]")) != NULL; at++) {
		n++;
	}
	assert_int_equal(n, 2);
	assert_true(strlen(left) < 2 * strlen("[REDACTED:secret]\n") + 24);
	for (const char *at = left_hex; (at = strstr(at, "[REDACTED:secret]")) != NULL; at++) {
		n++;
	}
	assert_int_equal(n, 6);
	assert_true(strlen(left_hex) < 4 * strlen("[REDACTED:secret]\n") + 72);
}

/* What is too much is not looked for in each encoding; as it is, it is, and nothing fails. */
static void many_values_cost_encodings_only(void **state) {
	enum { LINES = 1800, COLUMNS = 64 };
	_cleanup_(redactor_destroyp) struct redactor *redactor = make(), *other = NULL;
	char *environ[] = { NULL, NULL, NULL };
	static const char *const names[] = { "TLS_SECRET=", "CA_SECRET=" };
	unsigned random = 1;

	for (size_t v = 0; v < 2; v++) {
		size_t at = strlen(names[v]);

		environ[v] = malloc(at + LINES * (COLUMNS + 1) + 1);
		assert_non_null(environ[v]);
		memcpy(environ[v], names[v], at);
		for (size_t i = 0; i < (size_t)LINES * (COLUMNS + 1); i++) {
			random = random * 1103515245 + 12345;
			environ[v][at++] = i % (COLUMNS + 1) == COLUMNS
				? '\n'
				: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef+/"[(random >> 16) % 34];
		}
		environ[v][at] = '\0';
	}
	assert_int_equal(redactor_add_environment(redactor, environ), 0);
	assert_int_equal(redactor_create_like(redactor, &other), 0);
	for (size_t v = 0; v < 2; v++) {
		const char *last = environ[v] + strlen(environ[v]) - COLUMNS - 1;
		_cleanup_(freep) char *clean = finish(v == 0 ? redactor : other, last, COLUMNS);

		assert_string_equal(clean, "[REDACTED:secret]");
	}
	free(environ[0]);
	free(environ[1]);
}

static void any_bytes_pass(void **state) {
	char bytes[1024];
	_cleanup_(redactor_destroyp) struct redactor *redactor = make();
	_cleanup_(freep) char *result = NULL;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (char)(i * 7 + i / 256);
	}
	result = finish(redactor, bytes, sizeof(bytes));
	assert_memory_equal(result, bytes, sizeof(bytes));
}

/* A line of 1 MiB: what is held back stays bounded, and nothing of it is lost. */
static void an_endless_line_is_passed_on_in_pieces(void **state) {
	enum { SIZE = 1024 * 1024 };
	_cleanup_(redactor_destroyp) struct redactor *redactor = make();
	_cleanup_(freep) char *line = malloc(SIZE);
	_cleanup_(buffer_finish) struct buffer out;

	assert_non_null(line);
	for (size_t i = 0; i < SIZE; i++) {
		line[i] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[i * 31 % 61];
	}
	buffer_init(&out, SIZE_MAX / 4);
	for (size_t i = 0; i < SIZE; i += 1000) {
		size_t len = MIN((size_t)1000, SIZE - i);

		assert_int_equal(redactor_feed(redactor, line + i, len, &out), 0);
		assert_true(i + len - out.len <= REDACT_LINE_MAX_BYTES);
	}
	assert_int_equal(redactor_end(redactor, &out), 0);
	assert_int_equal(out.len, SIZE);
	assert_memory_equal(out.data, line, SIZE);
}

/* A value that is longer than a piece goes with its whole length. */
static void a_secret_longer_than_a_piece_goes(void **state) {
	enum { SIZE = 200 * 1024 };
	_cleanup_(freep) char *line = malloc(SIZE + 64);
	_cleanup_(freep) char *result = NULL;
	size_t at = strlen("x Bearer ");

	assert_non_null(line);
	memcpy(line, "x Bearer ", at);
	for (size_t i = 0; i < SIZE; i++) {
		line[at + i] = "k7QzP2mX9w"[i % 10];
	}
	memcpy(line + at + SIZE, " end\n", 6);
	result = redacted(line);
	assert_null(strstr(result, "k7Qz"));
	assert_non_null(strstr(result, " end\n"));
}

/* The text goes on further behind: neither end of what is missing shows half of a secret. */
/* When there is no time, what may hold a secret goes, and nothing else. */
static void without_time_what_is_suspect_goes(void **state) {
	_cleanup_(redactor_destroyp) struct redactor *redactor = make();
	static const char text[] =
		"ordinary words\nDB_PASSWORD=a1b2c3d4\nmore words\na token of thanks\n";
	_cleanup_(freep) char *result = NULL;

	redactor_limit(redactor, -1000 * 1000);
	result = finish(redactor, text, strlen(text));
	assert_string_equal(result,
		"ordinary words\n[REDACTED:unsearched]\nmore words\n[REDACTED:unsearched]\n");
}

static void nothing_half_is_left_at_a_jump(void **state) {
	static const struct key_case cases[] = {
		{ "ng tail of a token\nnext\n", "next\n" },
		{ "AAAA" KEY_LINE "\n" KEY_LINE "\n" KEY_LINE "\n" KEY_LAST "\n" KEY_END "\nnext\n",
			"next\n" },
		{ "x\none\ntwo\n", "one\ntwo\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_(redactor_destroyp) struct redactor *redactor = make();
		_cleanup_(buffer_finish) struct buffer out;

		buffer_init(&out, SIZE_MAX / 4);
		assert_int_equal(redactor_feed(redactor, "first\nPASSWORD=hunt", 19, &out), 0);
		redactor_jump(redactor);
		for (const char *p = cases[i].text; *p != '\0'; p++) {
			assert_int_equal(redactor_feed(redactor, p, 1, &out), 0);
		}
		assert_int_equal(redactor_end(redactor, &out), 0);
		assert_memory_equal(out.data, "first\n", 6);
		assert_string_equal(out.data + 6, cases[i].left);
	}
}

static void lines_come_out_as_they_end(void **state) {
	_cleanup_(redactor_destroyp) struct redactor *redactor = make();
	_cleanup_(buffer_finish) struct buffer out;

	buffer_init(&out, SIZE_MAX / 4);
	assert_int_equal(redactor_feed(redactor, "one\ntwo\nthr", 11, &out), 0);
	assert_string_equal(out.data, "one\ntwo\n");
	assert_int_equal(redactor_feed(redactor, "ee\n", 3, &out), 0);
	assert_string_equal(out.data, "one\ntwo\nthree\n");
}

static void members_with_a_secret_name_lose_their_text(void **state) {
	json_t *value = json_pack("{s:s, s:s, s:{s:s, s:i, s:[s,s]}}", "password", "hunter2",
		"name", "a token of thanks", "nested", "apiToken", "k3j4h5g6f7d8s9", "tokens", 3,
		"list", "plain", "DB_PASSWORD=a1b2c3d4");
	uint64_t count = 0;
	_cleanup_(freep) char *text = NULL;

	assert_int_equal(redact_json(value, &count), 0);
	text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
	assert_string_equal(text,
		"{\"name\":\"a token of thanks\",\"nested\":{\"apiToken\":\"[REDACTED:secret]\",\"list\":[\"plain\","
		"\"DB_PASSWORD=[REDACTED:secret]\"],\"tokens\":3},\"password\":\"[REDACTED:secret]\"}");
	assert_int_equal(count, 3);
	json_decref(value);
}

static void an_array_is_cut_where_it_ends(void **state) {
	char text[32] = "PASSWORD=a1b2c3 and more words";

	assert_int_equal(redact_array(text, sizeof(text), NULL), 0);
	assert_string_equal(text, "PASSWORD=[REDACTED:secret] and ");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_lines_stay),
		cmocka_unit_test(private_keys_go_with_all_their_lines),
		cmocka_unit_test(known_values_go_in_every_encoding),
		cmocka_unit_test(lines_of_a_known_value_go_one_by_one),
		cmocka_unit_test(known_values_are_told_apart_by_case_and_length),
		cmocka_unit_test(the_environment_tells_what_is_secret),
		cmocka_unit_test(values_that_look_ordinary_are_told_from_those_that_are),
		cmocka_unit_test(encoded_values_go_from_broken_lines),
		cmocka_unit_test(many_values_cost_encodings_only),
		cmocka_unit_test(any_bytes_pass),
		cmocka_unit_test(an_endless_line_is_passed_on_in_pieces),
		cmocka_unit_test(a_secret_longer_than_a_piece_goes),
		cmocka_unit_test(without_time_what_is_suspect_goes),
		cmocka_unit_test(nothing_half_is_left_at_a_jump),
		cmocka_unit_test(lines_come_out_as_they_end),
		cmocka_unit_test(members_with_a_secret_name_lose_their_text),
		cmocka_unit_test(an_array_is_cut_where_it_ends),
	};

	return cmocka_run_group_tests_name("redact", tests, NULL, NULL);
}

/* Real files, in a directory of their own that is systemd's as well. */
#include "daemon/credential.h"

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"

#define PATH_BYTES 256
#define PEM "-----BEGIN RSA PRIVATE KEY-----\nTUlJ\r\nQ0M=\n-----END RSA PRIVATE KEY-----"

static char directory[] = "/tmp/test-credential-XXXXXX";

/* Looks for the secret in what is freed. */
#define WATCHED "s3cret-and-watched"

static bool watching;
static int n_freed;
static int n_leaked;

void __real_free(void *block);
void __wrap_free(void *block);

void __wrap_free(void *block) {
	if (watching && block) {
		n_freed++;
		n_leaked +=
			memmem(block, malloc_usable_size(block), WATCHED, strlen(WATCHED)) != NULL;
	}
	__real_free(block);
}

/* "DIR" in front becomes the directory. */
static const char *place(const char *source, char out[PATH_BYTES]) {
	const char *dir = strstr(source, "DIR");

	snprintf(out, PATH_BYTES, "%.*s%s%s", dir ? (int)(dir - source) : (int)strlen(source),
		source, dir ? directory : "", dir ? dir + 3 : "");
	return out;
}

static void write_file(const char *name, const char *data, size_t len, mode_t mode) {
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	assert_int_equal(fd_write_file_atomic(path, data, len, mode), 0);
}

static int setup(void **state) {
	char path[PATH_BYTES];

	assert_non_null(mkdtemp(directory));
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	snprintf(path, sizeof(path), "%s/directory", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/pipe", directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	write_file("token", "s3cret\n", 7, 0600);
	snprintf(path, sizeof(path), "%s/link", directory);
	assert_int_equal(symlink("token", path), 0);
	snprintf(path, sizeof(path), "%s/nowhere", directory);
	assert_int_equal(symlink("missing", path), 0);
	return 0;
}

static int teardown(void **state) {
	return fd_remove_tree(directory);
}

static void expect(
	const char *source, bool is_pem, int expected, const char *value, const char *said) {
	char placed[PATH_BYTES];
	const char *const sources[] = { place(source, placed), NULL };
	char sentence[LIMIT_SENTENCE_MAX] = "";
	char *read = NULL;
	int r = credential_read(sources, is_pem, &read, sentence);

	if (r != expected) {
		fail_msg("%s: %d, \"%s\"", source, r, sentence);
	}
	if (r < 0) {
		assert_null(read);
		if (!strstr(sentence, said) || (!strstr(sentence, placed) && said[0] != 'W') ||
			sentence[strlen(sentence) - 1] != '.') {
			fail_msg("%s: \"%s\"", source, sentence);
		}
		return;
	}
	assert_string_equal(read, value);
	credential_wipe(read);
}

static void test_sources(void **state) {
	static const struct {
		const char *source;
		const char *problem; /* NULL: well formed */
	} rows[] = {
		{ "credential:github-token", NULL },
		{ "credential:a.b_c", NULL },
		{ "credential:", "names no credential" },
		{ "credential:.", "names no credential" },
		{ "credential:..", "names no credential" },
		{ "credential:../x", "names no credential" },
		{ "credential:a\nb", "names no credential" },
		{ "file:/etc/token", NULL },
		{ "file:token", "names no file; an absolute path" },
		{ "file:", "names no file" },
		{ "file:/a\x1b", "names no file" },
		{ "env:GITHUB_TOKEN", NULL },
		{ "env:_x1", NULL },
		{ "env:", "names no environment variable" },
		{ "env:1X", "names no environment variable" },
		{ "env:A-B", "names no environment variable" },
		{ "env:A=B", "names no environment variable" },
		{ "", "does not tell where the secret is" },
		{ "ghp_abc", "does not tell where the secret is" },
		{ "FILE:/x",
			"does not tell where the secret is; credential:NAME, file:PATH or env:NAME" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char problem[LIMIT_SENTENCE_MAX] = "";
		bool good = credential_is_source(rows[i].source, problem);

		assert_int_equal(good, credential_is_source(rows[i].source, NULL));
		if (good != !rows[i].problem || (!good && !strstr(problem, rows[i].problem))) {
			fail_msg("%s: %d, \"%s\"", rows[i].source, good, problem);
		}
	}
}

static void test_values(void **state) {
	static const struct {
		const char *name;
		const char *data;
		size_t len; /* 0: of the string */
		bool is_pem;
		int status;
		const char *value; /* or a part of the sentence */
	} rows[] = {
		{ "plain", "abc", 0, false, 0, "abc" },
		{ "newline", "abc\n", 0, false, 0, "abc" },
		{ "newline of DOS", "abc\r\n", 0, false, 0, "abc" },
		{ "blanks around", " \n\t abc \n\n ", 0, false, 0, "abc" },
		{ "blank inside", "Bearer abc", 0, false, 0, "Bearer abc" },
		{ "other letters",
			"gr\xc3\xbc\xc3\x9f"
			"e",
			0, false, 0,
			"gr\xc3\xbc\xc3\x9f"
			"e" },
		{ "PEM", PEM "\n", 0, true, 0, PEM },
		{ "PEM of DOS", "-----BEGIN\r\nx\r\n-----END\r\n", 0, true, 0,
			"-----BEGIN\r\nx\r\n-----END" },
		{ "PEM for a token", PEM, 0, false, -EINVAL, "is not one line of text" },
		{ "empty", "", 0, false, -EINVAL, "is empty; put the secret there" },
		{ "only blanks", " \r\n\t\n", 0, false, -EINVAL, "is empty" },
		{ "empty PEM", "\n", 0, true, -EINVAL, "is empty" },
		{ "NUL", "ab\0c", 4, false, -EINVAL, "is not one line of text" },
		{ "NUL at the end", "abc\0", 4, false, -EINVAL, "is not one line of text" },
		{ "NUL alone", "\0", 1, false, -EINVAL, "is not one line of text" },
		{ "NUL in PEM", "ab\0c", 4, true, -EINVAL, "is no text; a key in PEM form" },
		{ "two lines", "abc\ndef\n", 0, false, -EINVAL, "a token alone belongs there" },
		{ "tab inside", "abc\tdef", 0, false, -EINVAL, "is not one line of text" },
		{ "escape", "abc\x1b[0m", 0, false, -EINVAL, "is not one line of text" },
		{ "escape in PEM", "abc\x1b[0m", 0, true, -EINVAL, "is no text" },
		{ "DEL", "abc\x7f", 0, false, -EINVAL, "is not one line of text" },
		{ "no UTF-8", "abc\xff", 0, false, -EINVAL, "is not one line of text" },
		{ "byte order mark",
			"\xef\xbb\xbf"
			"abc",
			0, false, -EINVAL, "is not one line of text" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t len = rows[i].len ? rows[i].len : strlen(rows[i].data);

		write_file(rows[i].name, rows[i].data, len, 0600);
		for (int k = 0; k < 2; k++) {
			char source[PATH_BYTES];

			snprintf(source, sizeof(source), "%s%s", k ? "credential:" : "file:DIR/",
				rows[i].name);
			expect(source, rows[i].is_pem, rows[i].status, rows[i].value, rows[i].value);
		}
		if (memchr(rows[i].data, '\0', len) == NULL) {
			setenv("TEST_CREDENTIAL", rows[i].data, 1);
			expect("env:TEST_CREDENTIAL", rows[i].is_pem, rows[i].status, rows[i].value,
				rows[i].value);
		}
	}
	unsetenv("TEST_CREDENTIAL");
}

static void test_modes(void **state) {
	static const struct {
		mode_t mode;
		bool as_file;
		bool as_credential;
	} rows[] = {
		{ 0600, true, true },
		{ 0400, true, true },
		{ 0700, true, true },
		{ 0440, false, true }, /* as systemd makes them */
		{ 0640, false, true },
		{ 0620, false, true },
		{ 0644, false, false },
		{ 0604, false, false },
		{ 0602, false, false },
		{ 0777, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char said[64];

		snprintf(said, sizeof(said), "is open to other users (mode %04o)",
			(unsigned)rows[i].mode);
		write_file("mode", "abc", 3, rows[i].mode);
		expect("file:DIR/mode", false, rows[i].as_file ? 0 : -EACCES, "abc", said);
		expect("credential:mode", false, rows[i].as_credential ? 0 : -EACCES, "abc", said);
	}
}

static void test_what_is_no_file(void **state) {
	expect("file:DIR/link", false, 0, "s3cret", NULL); /* secrets are rotated by such links */
	expect("file:DIR/directory", false, -EINVAL, NULL, "is no regular file");
	expect("file:DIR/pipe", false, -EINVAL, NULL, "is no regular file"); /* and does not block */
	expect("credential:directory", false, -EINVAL, NULL, "is no regular file");
	expect("file:/dev/null", false, -EINVAL, NULL, "is no regular file");
	expect("file:DIR/nowhere", false, -ENOENT, NULL, "there is no such file");
	expect("file:DIR/token/x", false, -ENOENT, NULL, "there is no such file");
	expect("nonsense", false, -EINVAL, NULL, "What is configured does not tell where the secret");
	expect("file:token", false, -EINVAL, NULL,
		"What is configured does not tell where the secret");
}

static void test_unreadable(void **state) {
	bool is_root = geteuid() == 0;

	if (is_root && seteuid(65534) < 0) {
		print_message("skipped: needs a user other than root\n");
		skip();
	}
	if (!is_root) {
		write_file("token", "s3cret\n", 7, 0000);
	}
	expect("file:DIR/token", false, -EACCES, NULL,
		"cannot be read: permission denied; the user of the daemon has to be able to");
	if (is_root) {
		assert_int_equal(seteuid(0), 0);
	}
	write_file("token", "s3cret\n", 7, 0600);
}

static void test_nothing_stays(void **state) {
	static const struct {
		const char *source;
		bool is_pem;
		int status;
	} rows[] = {
		{ "file:DIR/good", false, 0 },
		{ "file:DIR/lines", false, -EINVAL },
		{ "file:DIR/lines", true, 0 },
		{ "file:DIR/long", true, -EFBIG },
		{ "env:TEST_CREDENTIAL", false, 0 },
	};
	char *data = malloc(LIMIT_CREDENTIAL_MAX_BYTES + 1);

	assert_non_null(data);
	memset(data, 'x', LIMIT_CREDENTIAL_MAX_BYTES + 1);
	memcpy(data, WATCHED, strlen(WATCHED));
	write_file("long", data, LIMIT_CREDENTIAL_MAX_BYTES + 1, 0600);
	free(data);
	write_file("good", " " WATCHED "\n", strlen(WATCHED) + 2, 0600);
	write_file("lines", WATCHED "\n" WATCHED, 2 * strlen(WATCHED) + 1, 0600);
	setenv("TEST_CREDENTIAL", WATCHED " ", 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char placed[PATH_BYTES];
		const char *const sources[] = { place(rows[i].source, placed), NULL };
		char sentence[LIMIT_SENTENCE_MAX];
		char *value = NULL;

		n_freed = 0;
		n_leaked = 0;
		watching = true;
		assert_int_equal(
			credential_read(sources, rows[i].is_pem, &value, sentence), rows[i].status);
		credential_wipe(value);
		watching = false;
		assert_int_not_equal(n_freed, 0);
		assert_int_equal(n_leaked, 0);
	}
	unsetenv("TEST_CREDENTIAL");
}

static void test_size(void **state) {
	char *data = malloc(LIMIT_CREDENTIAL_MAX_BYTES + 2);

	assert_non_null(data);
	memset(data, 'x', LIMIT_CREDENTIAL_MAX_BYTES + 1);
	data[LIMIT_CREDENTIAL_MAX_BYTES + 1] = '\0';
	write_file("large", data, LIMIT_CREDENTIAL_MAX_BYTES + 1, 0600);
	expect("file:DIR/large", false, -EFBIG, NULL, "is over 64 KiB");
	setenv("TEST_CREDENTIAL", data, 1);
	expect("env:TEST_CREDENTIAL", false, -EFBIG, NULL, "is over 64 KiB");
	unsetenv("TEST_CREDENTIAL");
	data[LIMIT_CREDENTIAL_MAX_BYTES] = '\0';
	write_file("large", data, LIMIT_CREDENTIAL_MAX_BYTES, 0600);
	expect("file:DIR/large", false, 0, data, NULL);
	free(data);
}

static void expect_order(const char *const *sources, int expected, const char *text) {
	char sentence[LIMIT_SENTENCE_MAX] = "";
	char *value = NULL;
	int r = credential_read(sources, false, &value, sentence);

	if (r != expected) {
		fail_msg("%s: %d, \"%s\"", sources[0], r, sentence);
	}
	assert_string_equal(r == 0 ? value : sentence, text);
	credential_wipe(value);
}

/* The first that exists counts, even when it is no good: what an operator put first is not passed over. */
static void test_order(void **state) {
	static const char *const sources[] = { "credential:order", "env:TEST_ORDER",
		"env:TEST_OTHER", NULL };

	unsetenv("TEST_ORDER");
	setenv("TEST_OTHER", "third", 1);
	expect_order(sources, 0, "third");
	setenv("TEST_ORDER", "second", 1);
	expect_order(sources, 0, "second");
	write_file("order", "first", 5, 0400);
	expect_order(sources, 0, "first");
	write_file("order", "", 0, 0400);
	expect_order(sources, -EINVAL,
		"The secret \"credential:order\" is empty; put the secret there, then restart the daemon, or "
		"reload it if it is a file.");
	unsetenv("TEST_ORDER");
	unsetenv("TEST_OTHER");
}

/* Which of them has it; the value itself is not handed out. */
static void test_find(void **state) {
	static const char *const sources[] = { "credential:none", "env:TEST_FIND",
		"credential:token", NULL };
	static const char *const none[] = { "env:TEST_FIND", "credential:none", NULL };
	char sentence[LIMIT_SENTENCE_MAX];
	const char *found = NULL;

	assert_int_equal(credential_find(sources, false, &found, sentence), 0);
	assert_string_equal(found, "credential:token");
	setenv("TEST_FIND", "value", 1);
	assert_int_equal(credential_find(sources, false, &found, sentence), 0);
	assert_string_equal(found, "env:TEST_FIND");
	setenv("TEST_FIND", "two\nlines", 1); /* a bad one ends the search, as when it is read */
	found = NULL;
	assert_int_equal(credential_find(sources, false, &found, sentence), -EINVAL);
	assert_null(found);
	unsetenv("TEST_FIND");
	assert_int_equal(credential_find(none, false, &found, sentence), -ENOENT);
	assert_non_null(strstr(sentence, "\"env:TEST_FIND\" (it is not set), \"credential:none\""));
}

static void test_none(void **state) {
	static const char *const sources[] = { "credential:none", "env:TEST_NONE", "file:/none",
		NULL };

	expect_order(sources, -ENOENT,
		"No secret was found in \"credential:none\" (systemd has not given it to the service), "
		"\"env:TEST_NONE\" (it is not set), \"file:/none\" (there is no such file); provide one, "
		"then restart the daemon, or reload it if it is a file.");
	unsetenv("CREDENTIALS_DIRECTORY");
	expect("credential:token", false, -ENOENT, NULL, "systemd has not given it");
	setenv("CREDENTIALS_DIRECTORY", "relative", 1);
	expect("credential:token", false, -ENOENT, NULL, "systemd has not given it");
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	expect("credential:token", false, 0, "s3cret", NULL);
}

static void test_no_secret_is_said(void **state) {
	static const char *const sources[] = { "TOPSECRET", NULL };
	static const char *const names[] = { "env:TOP SECRET", NULL };
	char sentence[LIMIT_SENTENCE_MAX];
	char *value = NULL;

	assert_int_equal(credential_read(sources, false, &value, sentence), -EINVAL);
	assert_null(strstr(sentence, "TOPSECRET"));
	assert_int_equal(credential_read(names, false, &value, sentence), -EINVAL);
	assert_null(strstr(sentence, "SECRET"));
}

static void test_mark(void **state) {
	char first[CREDENTIAL_MARK_MAX];
	char second[CREDENTIAL_MARK_MAX];

	/* FIPS 180-2, B.1. */
	assert_string_equal(credential_mark("abc", first), "ba7816bf8f01cfea");
	assert_string_equal(credential_mark("abd", second), second);
	assert_string_not_equal(first, second);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_what_is_no_file),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_nothing_stays),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_no_secret_is_said),
		cmocka_unit_test(test_mark),
	};

	credential_wipe(NULL);
	return cmocka_run_group_tests(tests, setup, teardown);
}

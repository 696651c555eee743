/* Real files, in two directories of units, of which the first counts more. */
#include "daemon/credential_unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/macro.h"
#include "common/text.h"

#define SERVICE "[Service]\n"
#define FILES_MAX 3

struct row {
	struct {
		const char *path;
		const char *text; /* NULL: masked */
	} files[FILES_MAX];
	const char *named;  /* a file; without a slash: under which name in the stores */
	const char *set_in; /* below the directory */
};

static const struct row rows[] = {
	/* Nothing, and what is about something else. */
	{ { { "low/codegend.service", "" } }, "", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=other:/x\n" } }, "", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token2:/x\n" } }, "", "" },
	{ { { "low/codegend.service", SERVICE "XLoadCredential=token:/x\n" } }, "", "" },
	{ { { "low/codegend.service", "[Unit]\nLoadCredential=token:/x\n" } }, "", "" },
	{ { { "low/codegend.service", SERVICE "#LoadCredential=token:/x\n" } }, "", "" },
	{ { { "low/other.service", SERVICE "LoadCredential=token:/x\n" } }, "", "" },

	/* A file; blanks in its name are the file's, those around it are not, and there are no quotes. */
	{ { { "low/codegend.service", SERVICE " LoadCredential = token:/x y \r\n" } }, "/x y", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:/x:y" } }, "/x:y", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:/a \\\n b\n" } }, "/a   b", "" },
	{ { { "low/codegend.service", SERVICE "# none \\\nLoadCredential=token:/x\n" } }, "/x", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=\\\n; none\ntoken:/x" } }, "/x", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:\"/x\"\n" } }, "", "" },
	/* One of the stores. */
	{ { { "low/codegend.service", SERVICE "LoadCredential=token\n" } }, "", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:another\n" } }, "another", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:%p-token\n" } },
		"codegend-token", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:no/name\n" } }, "", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:/x\nLoadCredential=token:y\n" } },
		"y", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:y\nLoadCredential=token:/x\n" } },
		"/x", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:y\nLoadCredential=\n" } }, "",
		"" },
	{ { { "low/codegend.service",
		  SERVICE "LoadCredential=token:y\nLoadCredentialEncrypted=token\n" } },
		"", "" },

	/* Specifiers. */
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:%E/%p/100%%\n" } },
		"/etc/codegend/100%", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:%h/t\n" } }, "/root/t", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:%d/t\n" } }, "%d/t", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:%z\n" } }, "%z", "" },

	/* The last one counts. */
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:/x\nLoadCredential=token:/y\n" } },
		"/y", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:/x\nLoadCredential=token\n" } },
		"", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:/x\nLoadCredential=\n" } }, "",
		"" },
	{ { { "low/codegend.service",
		  SERVICE "LoadCredential=token:/x\nLoadCredentialEncrypted=token\n" } },
		"", "" },
	{ { { "low/codegend.service",
		  SERVICE "LoadCredential=token:/x\nLoadCredentialEncrypted=other\n" } },
		"/x", "" },
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:/x\nLoadCredentialEncrypted=\n" } },
		"", "" },

	/* In the order of units and drop-ins. */
	{ { { "low/codegend.service", SERVICE "LoadCredential=token:/x\n" },
		  { "high/codegend.service", SERVICE "LoadCredential=token:/y\n" } },
		"/y", "" },
	{ { { "high/codegend.service.d/a.conf", SERVICE "LoadCredential=token:/x\n" },
		  { "low/codegend.service.d/b.conf", SERVICE "LoadCredential=token:/y\n" },
		  { "high/codegend.service", SERVICE "LoadCredential=token:/z\n" } },
		"/y", "" },
	{ { { "low/codegend.service.d/a.conf", SERVICE "LoadCredential=token:/x\n" },
		  { "high/codegend.service.d/a.conf", SERVICE "LoadCredential=token:/y\n" } },
		"/y", "" },
	{ { { "low/codegend.service.d/a.conf", SERVICE "LoadCredential=token:/x\n" },
		  { "high/codegend.service.d/a.conf", NULL } },
		"", "" },
	{ { { "low/service.d/b.conf", SERVICE "LoadCredential=token:/x\n" },
		  { "high/codegend.service.d/a.conf", SERVICE "LoadCredential=token:/y\n" } },
		"/x", "" },
	{ { { "low/codegend.service.d/a.txt", SERVICE "LoadCredential=token:/x\n" } }, "", "" },

	/* The secret itself. */
	{ { { "low/codegend.service.d/a.conf", SERVICE "SetCredential=token:secret\n" } }, "",
		"low/codegend.service.d/a.conf" },
	{ { { "low/codegend.service.d/a.conf",
		  SERVICE "LoadCredential=token:/x\nSetCredential=token:secret\n" } },
		"/x", "low/codegend.service.d/a.conf" },
	{ { { "low/codegend.service.d/a.conf",
		  SERVICE "SetCredential=token:secret\nSetCredential=\n" } },
		"", "" },
	{ { { "low/codegend.service.d/a.conf",
		  SERVICE "SetCredential=token:secret\nSetCredentialEncrypted=token:x\n" } },
		"", "" },
};

static void make(const char *directory, const char *below, const char *text) {
	char path[ADDRESS_PATH_MAX], *slash;

	assert_int_equal(address_join(path, sizeof(path), directory, below), 0);
	slash = strrchr(path, '/');
	*slash = '\0';
	assert_int_equal(fd_make_dirs(path, 0755), 0);
	*slash = '/';
	if (text == NULL) {
		assert_int_equal(symlink("/dev/null", path), 0);
	} else {
		assert_int_equal(fd_write_file_atomic(path, text, strlen(text), 0644), 0);
	}
}

static void check(const char *name, const struct row *row) {
	char directory[] = "/tmp/test-credential-unit-XXXXXX";
	char high[64], low[64], set_in[ADDRESS_PATH_MAX] = "", found[3 * ADDRESS_PATH_MAX];
	const char *const units[] = { high, low, NULL };
	struct credential_named named;

	assert_non_null(mkdtemp(directory));
	(void)text_format(high, sizeof(high), "%s/high", directory);
	(void)text_format(low, sizeof(low), "%s/low", directory);
	for (size_t i = 0; i < FILES_MAX && row->files[i].path != NULL; i++) {
		make(directory, row->files[i].path, row->files[i].text);
	}
	if (row->set_in[0] != '\0') {
		(void)text_format(set_in, sizeof(set_in), "%s/%s", directory, row->set_in);
	}
	credential_unit_look(units, name, &named);
	(void)text_format(found, sizeof(found), "%s%s%s", named.path, named.stored, named.below);
	if (!text_equal(found, row->named) || !text_equal(named.set_in, set_in)) {
		fail_msg("%s: \"%s\", set in \"%s\"", row->files[0].text, found, named.set_in);
	}
	assert_int_equal(fd_remove_tree(directory), 0);
}

static void test_rows(void **state) {
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		check("token", &rows[i]);
	}
}

/* Of a directory; the name is "token_of_web". */
static void test_directories(void **state) {
	static const struct {
		const char *lines;
		const char *below;
	} texts[] = {
		{ "LoadCredential=token:/srv/dir/\n", "/srv/dir/of_web" },
		{ "LoadCredential=token_of:%E/dir\n", "/etc/dir/web" },
		{ "LoadCredential=token:/srv/dir\nLoadCredential=other:/x\n", "/srv/dir/of_web" },
		{ "LoadCredential=token:/srv/dir\nLoadCredential=token:/x\n", "/x/of_web" },
		{ "LoadCredential=token:/srv/dir\nLoadCredential=token\n", "" },
		{ "LoadCredential=token:/srv/dir\nLoadCredential=\n", "" },
		{ "LoadCredential=token:/srv/dir\nLoadCredentialEncrypted=token:/x\n", "" },
		{ "LoadCredential=tok:/srv/dir\n", "" },
		{ "LoadCredential=token_of_web:/srv/dir\n", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char directory[] = "/tmp/test-credential-unit-XXXXXX", text[256];
		const char *const units[] = { directory, NULL };
		struct credential_named named;

		assert_non_null(mkdtemp(directory));
		(void)text_format(text, sizeof(text), SERVICE "%s", texts[i].lines);
		make(directory, "codegend.service", text);
		credential_unit_look(units, "token_of_web", &named);
		assert_string_equal(named.below, texts[i].below);
		assert_int_equal(fd_remove_tree(directory), 0);
	}
}

static void test_a_path_without_end(void **state) {
	static char text[2 * ADDRESS_PATH_MAX] = SERVICE "LoadCredential=token:/";
	struct row row = { { { "low/codegend.service", text } }, "", "" };

	memset(text + strlen(text), 'x', sizeof(text) - strlen(text) - 1);
	check("token", &row);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_directories),
		cmocka_unit_test(test_a_path_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

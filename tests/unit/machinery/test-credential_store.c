/* Real files: a store, and a unit that names what lies there and elsewhere. As any user: the modes alone count. */
#include "daemon/credential_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/macro.h"
#include "common/text.h"

static char directory[] = "/tmp/test-credential-store-XXXXXX";

static const char *below(const char *name, char out[ADDRESS_PATH_MAX]) {
	assert_int_equal(address_join(out, ADDRESS_PATH_MAX, directory, name), 0);
	return out;
}

static void make(const char *name, const char *text, mode_t mode) {
	char path[ADDRESS_PATH_MAX];

	assert_int_equal(fd_write_file_atomic(below(name, path), text, strlen(text), mode), 0);
}

/* `load`: of LoadCredential=, with DIR for the directory. `file`: the only one that everybody may read. */
static const struct {
	const char *load, *name, *file;
	bool is_open;
} rows[] = {
	{ "token", "token", "store/token", true },
	{ "token:other", "token", "store/other", true },
	{ "token:other", "token", "store/third", false },
	{ "token:DIR/files/a", "token", "files/a", true },
	{ "forge:DIR/files", "forge_a", "files/a", true },
	{ "forge:DIR/files", "forge_a", "files/b", false },
};

static void test_rows(void **state) {
	char store[ADDRESS_PATH_MAX], units[ADDRESS_PATH_MAX], path[ADDRESS_PATH_MAX];
	const char *const places[] = { below("store", store), NULL };
	const char *const unit_places[] = { below("units", units), NULL };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *at = strstr(rows[i].load, "DIR");
		struct credential_source found;
		char unit[2 * ADDRESS_PATH_MAX];

		(void)text_format(unit, sizeof(unit), "[Service]\nLoadCredential=%.*s%s%s\n",
			(int)(at ? at - rows[i].load : (ptrdiff_t)strlen(rows[i].load)),
			rows[i].load, at ? directory : "", at ? at + strlen("DIR") : "");
		make("units/codegend.service", unit, 0644);
		make(rows[i].file, "secret", 0644);
		credential_store_look(places, unit_places, rows[i].name, &found);
		assert_int_equal(
			found.exposure, rows[i].is_open ? CREDENTIAL_OPEN : CREDENTIAL_CLOSED);
		assert_string_equal(found.path, rows[i].is_open ? below(rows[i].file, path) : "");
		make(rows[i].file, "secret", 0600);
	}
}

static int make_directories(void **state) {
	static const char *const names[] = { "store", "units", "files" };
	char path[ADDRESS_PATH_MAX];

	(void)umask(022);
	assert_non_null(mkdtemp(directory));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(fd_make_dirs(below(names[i], path), 0755), 0);
	}
	return 0;
}

static int remove_directories(void **state) {
	return fd_remove_tree(directory);
}

int main(void) {
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, make_directories, remove_directories);
}

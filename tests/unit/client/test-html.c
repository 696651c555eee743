#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "client/html.h"

static void test_text_means_nothing(void **state) {
	static const struct {
		const char *text;
		const char *written;
	} table[] = {
		{ "", "" }, { "plain", "plain" },
		{ "<script>alert('x')</script>", "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" },
		{ "\" onload=\"", "&quot; onload=&quot;" }, { "&lt;", "&amp;lt;" },
		{ "größe 漢字", "größe 漢字" }, { "a\x1b[31mb\x07", "ab" },
		{ "a\xe2\x80\xae"
		  "b",
			"ab" }, /* U+202E, right-to-left override */
		{ "a\xff"
		  "b",
			"a\xef\xbf\xbd"
			"b" }, /* no UTF-8 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct html out;

		html_init(&out, 1024);
		html_text(&out, table[i].text);
		assert_int_equal(out.status, 0);
		assert_string_equal(out.text.data, table[i].written);
		html_finish(&out);
	}
}

static void test_elements(void **state) {
	struct html out;

	html_init(&out, 1024);
	html_element(&out, "p class=\"why\"", "a < b");
	html_foreign(&out, "<b>");
	html_rawf(&out, "<i>%d</i>", 7);
	assert_string_equal(
		out.text.data, "<p class=\"why\">a &lt; b</p><bdi>&lt;b&gt;</bdi><i>7</i>");
	html_finish(&out);
}

static void test_the_first_failure_stays(void **state) {
	struct html out;

	html_init(&out, 8);
	html_text(&out, "<<<");
	assert_int_equal(out.status, -EMSGSIZE);
	html_raw(&out, "a");
	assert_int_equal(out.status, -EMSGSIZE);
	assert_string_equal(out.text.data, "&lt;&lt;");
	html_finish(&out);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_means_nothing),
		cmocka_unit_test(test_elements),
		cmocka_unit_test(test_the_first_failure_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/fuzz/commonmark.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <ctype.h>
#include <strings.h>

#include "common/buffer.h"
#include "tests/fuzz/fuzz.h"

#define PLAN_MAX_BYTES (16 * 1024 * 1024)

static cmark_node *parse(const char *text, size_t len) {
	static const char *const names[] = { "autolink", "strikethrough", "table", "tagfilter",
		"tasklist" };
	cmark_parser *parser;
	cmark_node *document;

	cmark_gfm_core_extensions_ensure_registered();
	parser = cmark_parser_new(CMARK_OPT_FOOTNOTES);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		cmark_syntax_extension *extension = cmark_find_syntax_extension(names[i]);

		FUZZ_CHECK(extension != NULL);
		(void)cmark_parser_attach_syntax_extension(parser, extension);
	}
	cmark_parser_feed(parser, text, len);
	document = cmark_parser_finish(parser);
	cmark_parser_free(parser);
	return document;
}

static void add_node(struct buffer *out, cmark_node *node, int depth) {
	cmark_node_type type = cmark_node_get_type(node);
	const char *shown = "";

	if (type == CMARK_NODE_TEXT) {
		return;
	}
	if (type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE) {
		shown = cmark_node_get_literal(node);
	} else if (type == CMARK_NODE_LINK || type == CMARK_NODE_IMAGE) {
		shown = cmark_node_get_url(node);
	}
	FUZZ_CHECK(buffer_appendf(out, "%*s%s %s\n", depth, "", cmark_node_get_type_string(node),
			   shown) == 0);
}

char *commonmark_plan(const char *text, size_t len) {
	cmark_node *document = parse(text, len);
	cmark_iter *iter = cmark_iter_new(document);
	cmark_event_type event;
	struct buffer out;
	int depth = 0;

	buffer_init(&out, PLAN_MAX_BYTES);
	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(iter);

		if (event == CMARK_EVENT_ENTER) {
			add_node(&out, node, depth);
		}
		/* A leaf is not left. */
		if (cmark_node_first_child(node) != NULL) {
			depth += event == CMARK_EVENT_ENTER ? 1 : -1;
		}
	}
	cmark_iter_free(iter);
	cmark_node_free(document);
	return buffer_steal(&out);
}

char *commonmark_text(const char *text, size_t len) {
	cmark_node *document = parse(text, len);
	cmark_iter *iter = cmark_iter_new(document);
	cmark_event_type event;
	struct buffer out;

	buffer_init(&out, PLAN_MAX_BYTES);
	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(iter);

		if (event == CMARK_EVENT_ENTER && cmark_node_get_type(node) == CMARK_NODE_TEXT) {
			FUZZ_CHECK(buffer_append_str(&out, cmark_node_get_literal(node)) == 0);
		}
	}
	FUZZ_CHECK(buffer_append_str(&out, "\n") == 0);
	cmark_iter_free(iter);
	cmark_node_free(document);
	return buffer_steal(&out);
}

static bool is_word(char c) {
	return isalnum((unsigned char)c) || c == '_';
}

/* "@name", "#12", "GH-12" behind no word, "://x": GitHub looks in the text that is shown. */
bool commonmark_notifies(const char *shown) {
	for (const char *c = shown; *c != '\0'; c++) {
		bool begins = c == shown || !is_word(c[-1]);

		if ((*c == '@' && isalnum((unsigned char)c[1])) ||
			(*c == '#' && isdigit((unsigned char)c[1])) ||
			(begins && strncasecmp(c, "gh-", 3) == 0 && isdigit((unsigned char)c[3])) ||
			(strncmp(c, "://", 3) == 0 && is_word(c[3]))) {
			return true;
		}
	}
	return false;
}

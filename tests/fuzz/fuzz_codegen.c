/* What Codegen's API says: a run, a page of runs, a page of repositories, a refusal, all of the same bytes. */
#include "common/text.h"
#include "daemon/agent/codegen_api.h"
#include "tests/fuzz/fuzz.h"

static void is_text(const char *text) {
	FUZZ_CHECK(text_is_utf8(text, strlen(text)));
}

static void is_shown(const struct codegen_view *view) {
	const char *phrase = NULL;

	(void)codegen_phase(view->status, &phrase);
	FUZZ_CHECK(phrase != NULL && view->id > 0 && view->n_pulls <= LIMIT_LINKS_OF_INCIDENT);
	is_text(view->status);
	is_text(view->summary);
	FUZZ_CHECK(view->url[0] == '\0' || text_is_web_url(view->url));
	for (size_t i = 0; i < view->n_pulls; i++) {
		is_text(view->pulls[i].url);
		is_text(view->pulls[i].branch);
		FUZZ_CHECK(view->pulls[i].number >= 0);
	}
}

void fuzz_one(struct fuzz in) {
	static struct codegen_view view;
	static struct codegen_search search;
	struct codegen_lookup lookup = { .project = "acme/web" };
	char message[LIMIT_SENTENCE_MAX] = "";

	if (codegen_decode_run(in.data, in.len, "acme/web", &view) == 0) {
		is_shown(&view);
	}
	search = (struct codegen_search){
		.task = "T-01K5G0Q9XW0000", .project = "acme/web", .since_ms = 1
	};
	/* Twice: the second page goes on where the first one ended. */
	if (codegen_search_page(&search, in.data, in.len) == 0 && !search.pages.is_over) {
		FUZZ_CHECK(codegen_search_page(&search, in.data, in.len) == 0);
	}
	if (search.n_found > 0) {
		is_shown(&search.oldest);
	}
	if (codegen_lookup_page(&lookup, in.data, in.len) == 0) {
		FUZZ_CHECK(lookup.repository >= 0);
	}
	codegen_decode_message(in.data, in.len, message, sizeof(message));
	is_text(message);
	FUZZ_CHECK(strchr(message, '\n') == NULL);
}

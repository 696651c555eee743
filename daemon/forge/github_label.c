/*
 * The label that our posts are found by; nice to have, so what fails here is logged and fails nothing. What was not
 * even sent did not fail: the publish is not over, and its next attempt sends it.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/forge/github_json.h"
#include "daemon/forge/github_publish.h"

#define LABEL_COLOR "5319e7"
#define LABEL_DESCRIPTION "codegend follows this until it is green"

/* ---- what is remembered of a repository ---- */

struct github_known_repository *github_publish_repository(struct github_publishing *p) {
	struct github_known *known = &p->github->known;
	struct github_known_repository *row;

	if (strcmp(known->label, p->github->config.label) != 0) { /* another one by now */
		*known = (struct github_known){ 0 };
		(void)TEXT_SET(known->label, p->github->config.label);
	}
	for (size_t i = 0; i < known->n; i++) {
		if (strcmp(known->rows[i].project, github_publish_project(p)) == 0) {
			return &known->rows[i];
		}
	}
	row = &known->rows[known->next];
	known->next = (known->next + 1) % LIMIT_GITHUB_REPOSITORIES;
	known->n = MIN(known->n + 1, LIMIT_GITHUB_REPOSITORIES);
	*row = (struct github_known_repository){ 0 };
	(void)TEXT_SET(row->project, github_publish_project(p));
	return row;
}

void github_publish_tell(const struct github_publishing *p, bool *told) {
	if (p->cancelled || p->call.passing || *told) {
		log_debug("%s", p->call.sentence);
		return;
	}
	*told = true;
	(void)TEXT_SET(p->publish->left_out, p->call.sentence);
	log_warning("%s It is done without; said once.", p->call.sentence);
}

/* ---- the stage ---- */

/* It did not go out, and time helps. */
static bool is_unsent(const struct github_publishing *p) {
	return p->status < 0 && p->call.passing && !p->call.doubtful;
}

static int make(struct github_publishing *p) {
	struct github_request request = { .method = "POST",
		.body = json_pack("{s:s, s:s, s:s}", "name", p->github->config.label, "color",
			LABEL_COLOR, "description", LABEL_DESCRIPTION) };

	p->label_state = GITHUB_LABEL_MADE;
	github_request_path(&request, p, "/labels");
	(void)text_format(request.subject, sizeof(request.subject), "the labels of %s",
		github_publish_project(p));
	return github_publish_ask(p, &request);
}

static int put(struct github_publishing *p) {
	const struct post *row = github_publish_find_row(p, POST_STATUS, 0);
	struct github_request request = { .method = "POST",
		.body = json_pack("{s:[s]}", "labels", p->github->config.label) };

	p->label_state = GITHUB_LABEL_PUT;
	github_request_path(&request, p, "/issues/%lld/labels", (long long)row->number);
	(void)text_format(request.subject, sizeof(request.subject), "the labels of #%lld in %s",
		(long long)row->number, github_publish_project(p));
	return github_publish_ask(p, &request);
}

static int begin(struct github_publishing *p) {
	const struct post *row = github_publish_find_row(p, POST_STATUS, 0);

	if (p->github->config.label[0] == '\0' || row == NULL || row->number == 0) {
		p->label_state = GITHUB_LABEL_END;
		return 0;
	}
	return github_publish_repository(p)->has_label ? put(p) : make(p);
}

/* Refused as invalid: it exists. */
static int end_make(struct github_publishing *p) {
	struct github_known_repository *repository = github_publish_repository(p);
	bool exists = p->status == 0 && p->call.meaning == BUDGET_INVALID;

	if (is_unsent(p)) {
		return github_publish_refused(p);
	}
	if (!exists && !github_publish_went_well(p)) {
		github_publish_tell(p, &repository->told_label);
	}
	repository->has_label = p->status == 0 && !p->call.passing;
	return put(p);
}

/* The answer lists all that are there. Who may not set them may have them dropped without a word. */
static bool is_put(const struct github_publishing *p) {
	const struct buffer *answer = &p->call.http.answer;
	json_t *labels = NULL, *label;
	bool found = false;
	size_t i;

	if (github_json_load(answer->data, answer->len, &labels) < 0 || !json_is_array(labels)) {
		json_decref(labels);
		return true; /* not said */
	}
	json_array_foreach(labels, i, label) {
		const char *name = json_string_value(json_object_get(label, "name"));

		found = found || (name != NULL && strcasecmp(name, p->github->config.label) == 0);
	}
	json_decref(labels);
	return found;
}

static int end_put(struct github_publishing *p) {
	bool went_well;

	if (is_unsent(p)) {
		return github_publish_refused(p);
	}
	went_well = github_publish_went_well(p);
	p->label_state = GITHUB_LABEL_END;
	if (went_well && !is_put(p)) {
		(void)text_format(p->call.sentence, sizeof(p->call.sentence),
			"GitHub took the label \"%s\" among %s and left it out: the credential's owner may"
			" not set labels there.",
			p->github->config.label, p->call.subject);
		went_well = false;
	}
	if (!went_well) {
		github_publish_tell(p, &github_publish_repository(p)->told_label);
	}
	return 0;
}

int github_label_step(struct github_publishing *p) {
	int r = 0;

	while (r == 0 && p->label_state != GITHUB_LABEL_END) {
		switch (p->label_state) {
		case GITHUB_LABEL_START: r = begin(p); break;
		case GITHUB_LABEL_MADE: r = end_make(p); break;
		case GITHUB_LABEL_PUT: r = end_put(p); break;
		case GITHUB_LABEL_END: break;
		}
	}
	return r;
}

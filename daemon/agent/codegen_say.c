/* How a run ended: for people, and what is recorded of it. */
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "daemon/agent/codegen_internal.h"
#include "daemon/model/member.h"

/* A longer URL is left out of a sentence: half of one leads nowhere. */
#define URL_SHOWN_MAX 160

struct place {
	char text[URL_SHOWN_MAX + sizeof(" ()")];
};

/* " (URL)", or "". */
static const char *at_url(const char *url, struct place *place) {
	place->text[0] = '\0';
	if (*url && strlen(url) <= URL_SHOWN_MAX) {
		text_format(place->text, sizeof(place->text), " (%s)", url);
	}
	return place->text;
}

static int64_t get_duration_ms(const struct codegen *run) {
	return (clock_boot_us() - run->started_boot_us) / 1000;
}

/* "after 12 s", "after 7 min". */
static void format_duration(const struct codegen *run, char out[CLOCK_SPAN_MAX]) {
	int64_t ms = get_duration_ms(run);

	text_format(out, CLOCK_SPAN_MAX, ms < CLOCK_MINUTE_MS ? "%lld s" : "%lld min",
		(long long)(ms < CLOCK_MINUTE_MS ? ms / CLOCK_SECOND_MS : ms / CLOCK_MINUTE_MS));
}

void codegen_say_not_now(struct codegen *run, int64_t retry_ms, const char *why) {
	run->outcome.end = AGENT_NOT_NOW;
	run->outcome.retry_ms = retry_ms;
	text_format(run->outcome.sentence, sizeof(run->outcome.sentence),
		"Agent \"%s\" was not started. %s", run->agent.name, why);
}

void codegen_say_refused(struct codegen *run, const char *why) {
	run->outcome.end = AGENT_REFUSED;
	text_format(run->outcome.sentence, sizeof(run->outcome.sentence),
		"Agent \"%s\" was not started. %s", run->agent.name, why);
}

void codegen_say_unknown(struct codegen *run, const char *why) {
	run->outcome.end = AGENT_ENDED;
	text_format(run->outcome.sentence, sizeof(run->outcome.sentence),
		"Whether agent \"%s\" was started is not known, and it is not started again; look at "
		"its runs for the one with `codegend_task` \"%s\". %s",
		run->agent.name, run->task, why);
}

void codegen_say_over(struct codegen *run, enum agent_end end, const char *phrase) {
	struct place place;
	char span[CLOCK_SPAN_MAX];

	format_duration(run, span);
	run->outcome.end = end;
	text_format(run->outcome.sentence, sizeof(run->outcome.sentence),
		"Run %lld of agent \"%s\" %s after %s%s.%s", (long long)run->post.post_id,
		run->agent.name, phrase, span, at_url(run->post.url, &place),
		end == AGENT_ASKS ? " Answer it there." : "");
}

void codegen_say_late(struct codegen *run) {
	struct place place;
	char span[CLOCK_SPAN_MAX];

	run->outcome.end = AGENT_LATE;
	text_format(run->outcome.sentence, sizeof(run->outcome.sentence),
		"Run %lld of agent \"%s\" is followed no longer, since its timeout of %s is over; it "
		"may go on%s.%s%s",
		(long long)run->post.post_id, run->agent.name,
		clock_format_span(run->agent.timeout_ms, span), at_url(run->post.url, &place),
		*run->why ? " The last look at it failed. " : "", run->why);
}

/* Of a run that is known, or that may have begun. */
void codegen_say_stopped(struct codegen *run) {
	struct place place;
	char which[LIMIT_NAME_MAX];

	run->outcome.end = run->leaves ? AGENT_LEFT : AGENT_ENDED;
	if (run->post.post_id != 0) {
		text_format(which, sizeof(which), "Run %lld", (long long)run->post.post_id);
	} else {
		TEXT_SET(which, run->post.intent_ms != 0 ? "The run asked of" : "The start");
	}
	text_format(run->outcome.sentence, sizeof(run->outcome.sentence), "%s%s agent \"%s\" %s%s.",
		which, run->post.post_id != 0 || run->post.intent_ms == 0 ? " of" : "",
		run->agent.name,
		run->leaves ? "is left alone while codegend is stopped, and taken up again then"
			    : "is no longer followed",
		at_url(run->post.url, &place));
}

static void add_pulls(struct member_writer *writer, const struct codegen_view *view) {
	json_t *list = json_array();

	for (size_t i = 0; i < view->n_pulls; i++) {
		struct member_writer pull;
		json_t *object;

		member_begin(&pull);
		member_text(&pull, "url", view->pulls[i].url, MEMBER_EMPTY);
		member_text(&pull, "branch", view->pulls[i].branch, MEMBER_NULL);
		object = member_end(&pull);
		if (!object || json_array_append_new(list, object) < 0) {
			json_decref(TAKE_PTR(list));
			break;
		}
	}
	member_json(writer, "pullRequests", list);
}

/* NULL when memory is short: the sentence alone is recorded then. */
static json_t *make_result(const struct codegen *run) {
	struct member_writer writer;

	member_begin(&writer);
	member_text(&writer, "agent", run->agent.name, MEMBER_EMPTY);
	member_text(&writer, "type", "codegen", MEMBER_EMPTY);
	member_int(&writer, "runId", run->post.post_id);
	member_text(&writer, "url", run->post.url, MEMBER_NULL);
	member_text(&writer, "status", run->view.status, MEMBER_NULL);
	member_text(&writer, "summary", run->view.summary, MEMBER_EMPTY);
	add_pulls(&writer, &run->view);
	member_int(&writer, "durationMs", get_duration_ms(run));
	return member_end(&writer);
}

/* Pull requests of the project from branches that the agent made; the incident's own branch is not one of them. */
static size_t make_links(const struct codegen *run, struct link *links, size_t max) {
	size_t n = 0;

	for (size_t i = 0; i < run->view.n_pulls && n < max; i++) {
		const struct codegen_pull *pull = &run->view.pulls[i];

		if (pull->number == 0 || !*pull->branch ||
			(!run->is_fork && strcmp(pull->branch, run->branch) == 0)) {
			continue;
		}
		links[n] = (struct link){ .pull_request = pull->number };
		TEXT_SET(links[n].branch, pull->branch);
		n++;
	}
	return n;
}

static void add_other(struct codegen *run) {
	char sentence[LIMIT_SENTENCE_MAX];
	struct place place;

	if (run->other_id != 0) {
		TEXT_SET(sentence, run->outcome.sentence);
		text_format(run->outcome.sentence, sizeof(run->outcome.sentence),
			"%s Run %lld was started for the same failure as well: stop it there%s.",
			sentence, (long long)run->other_id, at_url(run->other_url, &place));
	}
}

void codegen_tell(struct codegen *run) {
	struct link links[LIMIT_LINKS_OF_INCIDENT];

	add_other(run);
	if (run->post.post_id != 0) {
		run->outcome.result = make_result(run);
		run->outcome.n_links = make_links(run, links, ARRAY_SIZE(links));
		run->outcome.links = links;
	}
	run->base.ended(run->base.user, &run->outcome);
}

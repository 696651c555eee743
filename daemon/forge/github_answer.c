/* What an answer means for the budget, for the call, and for people. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/redact/redact.h"
#include "common/text.h"
#include "daemon/forge/github_decode.h"
#include "daemon/forge/github_internal.h"
#include "daemon/forge/github_json.h"
#include "daemon/retry_after.h"

#define WORDS_MAX 320 /* of GitHub, in one of our sentences */
/* Of a sentence with these: what it says to do, and what others say around it, is worth more than all of them. */
#define SENTENCE_ROOM (LIMIT_SENTENCE_MAX - 2 * LIMIT_SENTENCE_MORE)
#define WORDS_SEEN_MAX                                                                             \
	1024 /* before secrets are taken out: one that was cut might not be known as one */

/* ---- GitHub's words ---- */

/* What stays of a text that cannot be looked at is nothing. */
static void hide_secrets(char *text, size_t size) {
	if (redact_array(text, size, NULL) < 0) {
		text[0] = '\0';
	}
}

/* ` "Validation Failed: body is too long"`, cleaned and without secrets; "" when it said nothing. */
static const char *words_of(const struct github_call *call, char out[WORDS_MAX]) {
	char message[WORDS_SEEN_MAX] = "", detail[WORDS_SEEN_MAX] = "";
	const json_t *error;
	json_t *body = NULL;

	out[0] = '\0';
	if (github_json_load(call->http.answer.data, call->http.answer.len, &body) < 0) {
		return out;
	}
	error = json_array_get(json_object_get(body, "errors"), 0);
	(void)github_json_text(json_object_get(body, "message"), message, sizeof(message));
	if (!json_is_object(error)) {
		(void)github_json_text(error, detail, sizeof(detail));
	} else if (!github_json_text(json_object_get(error, "message"), detail, sizeof(detail))) {
		const char *code = json_string_value(json_object_get(error, "code"));
		const char *field = json_string_value(json_object_get(error, "field"));

		(void)text_format(detail, sizeof(detail), "%s%s%s", field != NULL ? field : "",
			field != NULL && code != NULL ? " " : "", code != NULL ? code : "");
	}
	hide_secrets(message, sizeof(message));
	hide_secrets(detail, sizeof(detail));
	if (message[0] != '\0' || detail[0] != '\0') {
		(void)text_format(out, WORDS_MAX, " \"%.*s%s%.*s\"",
			(int)text_cut(message, MIN(strlen(message), WORDS_MAX / 2)), message,
			message[0] != '\0' && detail[0] != '\0' ? ": " : "",
			(int)text_cut(detail, MIN(strlen(detail), WORDS_MAX / 2)), detail);
	}
	json_decref(body);
	return out;
}

/*
 * Which answers prove that a write was not done, in words of GitHub: it looked at the request and refuses it. What a
 * proxy says of a request that it may have passed on proves nothing, nor does an answer about who asks, or how often.
 */
static const bool proves_not_done[BUDGET_MEANING_COUNT] = {
	[BUDGET_NOT_ALLOWED] = true,
	[BUDGET_SSO] = true,
	[BUDGET_NOT_FOUND] = true,
	[BUDGET_GONE] = true,
	[BUDGET_INVALID] = true,
};

static bool is_doubtful(const struct github_call *call, int status) {
	char words[WORDS_MAX];

	if (call->kind != GITHUB_CALL_WRITE || (status == 0 && call->meaning == BUDGET_OK)) {
		return false;
	}
	return status < 0 ? call->http.maybe_sent
			  : !proves_not_done[call->meaning] || words_of(call, words)[0] == '\0';
}

/* A header's value, cleaned; `out` is "" without it. */
static void header_of(const struct github_call *call, const char *name, char *out, size_t size) {
	const char *value = http_header(&call->http, name);
	_cleanup_(freep) char *clean = value != NULL ? text_clean(value, strlen(value)) : NULL;

	(void)text_copy(out, size, clean);
}

/* ---- sentences ---- */

/* Takes some of the words away. Returns whether there were any. */
static bool shorten(char words[WORDS_MAX]) {
	size_t len = strlen(words), step = 16, keep = len > step ? text_cut(words, len - step) : 0;

	(void)text_copy(words + keep, WORDS_MAX - keep, keep > 0 ? "…\"" : "");
	return len > 0;
}

/* `words` are among what is formatted. */
static void say(struct github_call *call, char words[WORDS_MAX], const char *fmt, ...)
	printf_like(3, 4);

static void say(struct github_call *call, char words[WORDS_MAX], const char *fmt, ...) {
	char sentence[2 * LIMIT_SENTENCE_MAX];
	va_list args;

	do {
		va_start(args, fmt);
		(void)vsnprintf(sentence, sizeof(sentence), fmt, args);
		va_end(args);
	} while (strlen(sentence) >= SENTENCE_ROOM && shorten(words));
	(void)TEXT_SET(call->sentence, sentence);
}

/* Where people see what the API is of: "https://github.com". */
static void web_of(const struct github *github, char out[LIMIT_URL_MAX]) {
	static const char at_host[] = "https://api.", at_path[] = "/api/v3";
	const char *api = github->config.api_url;
	size_t len = strlen(api), path_len = strlen(at_path);
	bool is_host = strncasecmp(api, at_host, strlen(at_host)) == 0;

	len -= len > path_len && strcmp(api + len - path_len, at_path) == 0 ? path_len : 0;
	(void)text_format(out, LIMIT_URL_MAX, "%s%.*s", is_host ? "https://" : "",
		(int)(is_host ? len - strlen(at_host) : len), is_host ? api + strlen(at_host) : api);
}

/* What else than a permission it is, in GitHub's words, and the page where that is changed. */
static const struct {
	const char *words;
	const char *why;
	const char *remedy;
	const char *before; /* the owner, or the repository */
	const char *after;
	enum { OF_REPOSITORY, OF_ONE, OF_OWNER } whose;
} refusals[] = {
	{ "archived", "The repository is archived, so GitHub refuses ",
		"unarchive it, or give the project another forge", "/", "/settings", OF_REPOSITORY },
	{ "is locked", "GitHub refuses ", "unlock the conversation", "/", "/issues", OF_ONE },
	{ "IP allow list", "The organisation's IP allow list keeps this host away from ",
		"let its address in", "/organizations/", "/settings/security", OF_OWNER },
};

/* Returns whether it is one of them. */
static bool say_refusal(struct github_call *call, char words[WORDS_MAX]) {
	char web[LIMIT_URL_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		size_t len = refusals[i].whose == OF_OWNER ? strcspn(call->project, "/")
							   : strlen(call->project);

		if (strcasestr(words, refusals[i].words) == NULL) {
			continue;
		}
		call->of_one = refusals[i].whose == OF_ONE;
		web_of(call->github, web);
		say(call, words, "%s%s (403%s): %s, at %s%s%.*s%s.", refusals[i].why, call->subject,
			words, refusals[i].remedy, web, refusals[i].before, (int)len, call->project,
			refusals[i].after);
		return true;
	}
	return false;
}

/* How the credential gets the permission; of fine-grained tokens GitHub never gives that for checks. */
static void say_permission(const struct github_call *call, const char *needs, char *out, size_t size) {
	bool is_app = github_is_app(call->github);
	char web[LIMIT_URL_MAX];

	web_of(call->github, web);
	if (needs[0] == '\0') {
		(void)text_copy(out, size, "look at its permissions and at its owner's role");
	} else if (is_app) {
		(void)text_format(out, size,
			"give the App \"%s\" in its settings, and approve that where it is installed",
			needs);
	} else if (strstr(needs, "checks=") != NULL) {
		(void)text_format(out, size,
			"a fine-grained token cannot have \"%s\"; take a classic one with the scope \"repo\""
			" (%s/settings/tokens) or an App, or give it \"actions=read\" and \"statuses=read\" and"
			" name what counts in \"required-checks\"",
			needs, web);
	} else {
		(void)text_format(out, size, "give it \"%s\" at %s/settings/personal-access-tokens",
			needs, web);
	}
}

static void say_not_allowed(struct github_call *call) {
	char words[WORDS_MAX], needs[LIMIT_SUBJECT_MAX], remedy[LIMIT_SENTENCE_MAX];

	(void)words_of(call, words);
	if (say_refusal(call, words)) {
		return;
	}
	header_of(call, "X-Accepted-GitHub-Permissions", needs, sizeof(needs));
	hide_secrets(needs, sizeof(needs));
	say_permission(call, needs, remedy, sizeof(remedy));
	say(call, words, "The credential lacks a permission for %s (403%s): %s.", call->subject,
		words, remedy);
}

static void say_sso(struct github_call *call) {
	char header[LIMIT_URL_MAX];
	const char *url;

	header_of(call, "X-GitHub-SSO", header, sizeof(header));
	url = strstr(header, "url=");
	url = url != NULL && text_is_web_url(url + 4) ? url + 4 : "";
	(void)text_format(call->sentence, sizeof(call->sentence),
		"The organisation wants the credential authorised for single sign-on before it gives %s (403)"
		"%s%s.",
		call->subject, url[0] != '\0' ? ": open " : "; its settings have the page for it",
		url);
}

/* How GitHub answered: "SUBJECT" and its words go in between. */
static const struct {
	const char *before;
	const char *between;
	const char *after;
	bool of_place;
} sentences[BUDGET_MEANING_COUNT] = {
	[BUDGET_NO_ANSWER] = { "GitHub could not answer about ", "", "; it is asked again." },
	[BUDGET_NOT_FOUND] = { "GitHub does not find ", "",
		": it is gone, or the credential may not see it.", true },
	[BUDGET_GONE] = { "GitHub has done away with ", ", or it is turned off", ".", true },
	[BUDGET_INVALID] = { "GitHub refuses ", " as it was sent", "." },
	[BUDGET_MOVED] = { "GitHub has moved ", " to where it cannot be followed",
		"; correct the project's name or \"api-url\".", true },
};

static void say_waiting(struct github_call *call) {
	struct github *github = call->github;
	enum budget_resource resource =
		call->kind == GITHUB_CALL_QUERY ? BUDGET_GRAPHQL : BUDGET_CORE;
	int64_t now_ms = clock_now_ms();
	int64_t ready_ms = budget_ready_ms(&github->budget, resource,
		call->kind == GITHUB_CALL_WRITE, github->mark, now_ms, call->sentence);
	int64_t usable_ms = github_usable_ms(github, now_ms);

	call->passing = true;
	if (usable_ms > now_ms) {
		ready_ms = usable_ms;
		(void)TEXT_SET(call->sentence, github->problem);
	}
	if (ready_ms == INT64_MAX) {
		call->meaning = BUDGET_UNAUTHORIZED;
		return;
	}
	if (call->sentence[0] == '\0' || ready_ms <= now_ms) {
		ready_ms = now_ms +
			MAX((int64_t)github->n_writes * LIMIT_RATE_WRITE_GAP_MS, CLOCK_SECOND_MS);
		(void)text_format(call->sentence, sizeof(call->sentence),
			"Not sent yet, about %s: too many requests wait already.", call->subject);
	}
	call->retry_ms = ready_ms;
}

/* What is not sent again for a newer credential is for its sender to look for first. */
static void say_unauthorized(struct github_call *call) {
	if (!call->once || !call->renewed) {
		say_waiting(call);
		return;
	}
	call->passing = true;
	call->retry_ms = clock_now_ms() + LIMIT_RATE_WRITE_GAP_MS;
	(void)text_format(call->sentence, sizeof(call->sentence),
		"GitHub refused the credential for %s (401); %s, and it is tried again with that.",
		call->subject,
		github_is_app(call->github) ? "the App asks for a new one"
					    : "there is a newer one by now");
}

static void say_answered(struct github_call *call) {
	char words[WORDS_MAX];

	switch (call->meaning) {
	case BUDGET_OK: call->sentence[0] = '\0'; return;
	case BUDGET_LIMITED: say_waiting(call); return;
	case BUDGET_UNAUTHORIZED: say_unauthorized(call); return;
	case BUDGET_NOT_ALLOWED: say_not_allowed(call); return;
	case BUDGET_SSO: say_sso(call); return;
	case BUDGET_NO_ANSWER: call->passing = true; break;
	case BUDGET_NOT_FOUND:
	case BUDGET_GONE:
	case BUDGET_INVALID:
	case BUDGET_MOVED:
	case BUDGET_MEANING_COUNT: break;
	}
	(void)words_of(call, words);
	say(call, words, "%s%s%s (%d%s)%s", sentences[call->meaning].before,
		sentences[call->meaning].of_place ? call->place : call->subject,
		sentences[call->meaning].between, call->http.http_status, words,
		sentences[call->meaning].after);
}

void github_answer_explain(struct github_call *call, int status) {
	call->passing = false;
	call->of_one = false;
	call->retry_ms = 0;
	call->sentence[0] = '\0';
	call->doubtful = is_doubtful(call, status);
	if (status == 0) {
		say_answered(call);
		return;
	}
	if (status == -EAGAIN) {
		say_waiting(call);
		return;
	}
	call->meaning = BUDGET_NO_ANSWER;
	call->passing = status != -EINVAL && status != -EPERM;
	if (call->http.sentence[0] != '\0') {
		(void)TEXT_SET(call->sentence, call->http.sentence);
	} else {
		(void)text_format(call->sentence, sizeof(call->sentence),
			"The request about %s was not sent: %s.", call->subject, log_errno(status));
	}
}

/* ---- the credential ---- */

static bool bears_installation(const struct github_call *call) {
	return github_is_app(call->github) && call->as == GITHUB_AS_USUAL;
}

/* A 401: whether there is another credential to try. Each call tries one only. */
static bool renew(struct github_call *call) {
	struct github *github = call->github;
	bool again;

	if (call->renewed) {
		return false;
	}
	if (bears_installation(call)) {
		again = github_app_drop_token(call);
	} else {
		(void)github_read_credential(github);
		again = github->secret != NULL && strcmp(call->credential, github->mark) != 0;
	}
	call->renewed = again;
	return again;
}

/* Once for each credential. */
static void tell_refused(struct github *github, struct github_call *call) {
	char words[WORDS_MAX];

	(void)text_format(github->budget.why, sizeof(github->budget.why),
		"GitHub refuses the credential (401%s); nothing is sent until the daemon is reloaded: before,"
		" %s.",
		words_of(call, words),
		github_is_app(github) ? "put the App's key, its id or the clock right"
				      : "replace the token if it is no good");
	if (strcmp(github->told, github->budget.refused) != 0) {
		(void)TEXT_SET(github->told, github->budget.refused);
		log_warning("Forge \"%s\": %s", github->config.name, github->budget.why);
	}
}

/* ---- where it moved to ---- */

const char *github_path_of_url(const struct github *github, const char *url) {
	const char *api = github->config.api_url;
	size_t len = strlen(api);

	return strncasecmp(url, api, len) == 0 && url[len] == '/' ? url + len : NULL;
}

/* A write goes on only where its method and body surely go along, and all of them only to the same host. */
static bool follow(struct github_call *call) {
	int http_status = call->http.http_status;
	bool keeps_method = http_status == 307 || http_status == 308;
	const char *location = http_header(&call->http, "Location");
	const char *path = location != NULL ? github_path_of_url(call->github, location) : NULL;
	char *copy;

	if (path == NULL || call->n_moves >= LIMIT_GITHUB_REDIRECTS ||
		call->kind == GITHUB_CALL_QUERY ||
		(strcmp(call->method, "GET") != 0 && !keeps_method)) {
		return false;
	}
	copy = strdup(path);
	if (copy == NULL) {
		return false;
	}
	free(call->path);
	call->path = copy;
	call->n_moves++;
	return true;
}

/* ---- the budget ---- */

static void read_answer(const struct github_call *call, struct budget_answer *answer) {
	static const char *const names[] = { "Retry-After", "X-RateLimit-Limit",
		"X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Resource",
		"X-GitHub-SSO" };
	const struct http_request *http = &call->http;
	bool query = call->kind == GITHUB_CALL_QUERY;
	int64_t now_ms = clock_now_ms();

	budget_answer_init(answer, query ? BUDGET_GRAPHQL : BUDGET_CORE, http->http_status);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = http_header(http, names[i]);

		if (value != NULL) {
			budget_answer_header(answer, names[i], value, now_ms);
		}
	}
	/* The App's own limit is not that of its installations. */
	answer->other_resource = answer->other_resource || call->as == GITHUB_AS_APP;
	if (http->http_status >= 400) {
		budget_answer_body(answer, http->answer.data, http->answer.len);
	} else if (query) {
		answer->graphql_limited =
			github_decode_is_limited(http->answer.data, http->answer.len);
	}
}

/* What `forge_open_ms` rests on. */
struct openness {
	int64_t paused_until_ms[BUDGET_RESOURCE_COUNT];
	bool used_up[BUDGET_RESOURCE_COUNT];
	char refused[BUDGET_CREDENTIAL_MAX];
};

static void note_openness(const struct budget *budget, struct openness *ret) {
	memset(ret, 0, sizeof(*ret)); /* padding is compared as well */
	for (int i = 0; i < BUDGET_RESOURCE_COUNT; i++) {
		ret->paused_until_ms[i] = budget->paused_until_ms[i];
		ret->used_up[i] = budget->limits[i].remaining == 0;
	}
	(void)TEXT_SET(ret->refused, budget->refused);
}

/* What its clock says. An answer that is late tells less of it. */
static void learn_clock(struct github_call *call) {
	const char *date = http_header(&call->http, "Date");
	int64_t date_ms = date != NULL ? http_date_ms(date) : -1, boot_us = clock_boot_us();

	if (date_ms >= 0 &&
		github_clock_learn(&call->github->clock, date_ms,
			(boot_us - call->sent_us + 999) / 1000, clock_now_ms(), boot_us)) {
		github_tell_changed(call->github);
	}
}

bool github_answer_take(struct github_call *call) {
	struct github *github = call->github;
	struct openness before, after;
	struct budget_answer answer;

	learn_clock(call);
	read_answer(call, &answer);
	if (answer.http_status == 401 && !github->closing && renew(call)) {
		call->meaning = BUDGET_UNAUTHORIZED;
		return !call->once;
	}
	if (answer.http_status != 401 && call->once && bears_installation(call)) {
		github_app_trust_token(call);
	}
	note_openness(&github->budget, &before);
	call->meaning = budget_answered(&github->budget, &answer, call->credential, clock_now_ms());
	if (call->meaning == BUDGET_UNAUTHORIZED) {
		tell_refused(github, call);
	}
	note_openness(&github->budget, &after);
	if (memcmp(&before, &after, sizeof(before)) != 0) {
		github_tell_changed(github);
	}
	return call->meaning == BUDGET_MOVED && !call->once && follow(call);
}

/* One page's address: its path, or where else it leads. */
static int take_page(
	const struct github_call *call, const char *url, size_t len, char out[LIMIT_URL_MAX]) {
	_cleanup_(freep) char *clean = text_clean(url, len);
	const char *path = clean != NULL ? github_path_of_url(call->github, clean) : NULL;
	bool fits = text_copy(out, LIMIT_URL_MAX, path != NULL ? path : clean);

	return path != NULL && fits ? 1 : -EREMOTE;
}

int github_next_page(const struct github_call *call, char out[LIMIT_URL_MAX]) {
	const char *link = http_header(&call->http, "Link");

	out[0] = '\0';
	/* <https://…?page=2>; rel="next", <https://…>; rel="last" */
	while (link != NULL && (link = strchr(link, '<')) != NULL) {
		const char *end = strchr(link, '>');
		size_t len = end != NULL ? strcspn(end, ",") : 0;

		if (end == NULL) {
			return -EREMOTE;
		}
		if (memmem(end, len, "rel=\"next\"", strlen("rel=\"next\"")) != NULL) {
			return take_page(call, link + 1, (size_t)(end - link - 1), out);
		}
		link = end;
	}
	return 0;
}

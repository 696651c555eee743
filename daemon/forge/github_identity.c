/* Who we are on GitHub: by it alone we know our own posts again, and our own checks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/forge/github_internal.h"
#include "daemon/forge/github_json.h"

#define BOT_SUFFIX "[bot]"

enum identifying_state {
	IDENTIFYING_APP,      /* asks for the App */
	IDENTIFYING_APP_TOLD, /* then for its bot, whose the posts are */
	IDENTIFYING_USER,     /* or, with a token, for its user */
	IDENTIFYING_USER_TOLD,
	IDENTIFYING_DONE,
};

struct github_identifying {
	struct github *github;
	enum identifying_state state;
	char project[LIMIT_NAME_MAX];
	char mark[BUDGET_CREDENTIAL_MAX]; /* of whom is asked about */
	int64_t app_id;
	char slug[LIMIT_SUBJECT_MAX];
	struct github_call call;
};

static void step(struct github_identifying *self, int status);

static void call_done(struct github_call *call, int status) {
	struct github_identifying *self = container_of(call, struct github_identifying, call);

	/* An App is known by its own id as well, where its bot is not to be found or it is not installed. */
	bool is_told = (status == 0 && call->meaning == BUDGET_OK) ||
		((status == 0 || status == -EAGAIN) && call->meaning == BUDGET_NOT_FOUND &&
			self->app_id > 0);

	step(self, is_told ? 0 : status == 0 ? -EACCES : status);
}

static int ask(struct github_identifying *self, enum github_call_as as, const char *path) {
	const struct github_ask ask = {
		.kind = GITHUB_CALL_READ,
		.as = as,
		.project = self->project,
		.method = "GET",
		.path = path,
		.subject = "who the credential belongs to",
	};
	int r = github_send(self->github, &self->call, &ask, call_done);

	return r < 0 ? r : -EINPROGRESS;
}

static int fail(struct github_identifying *self, const char *sentence) {
	self->call.passing = false;
	(void)TEXT_SET(self->call.sentence, sentence);
	return -EACCES;
}

static int read_app(struct github_identifying *self) {
	json_t *app = NULL;
	int r = github_json_load(self->call.http.answer.data, self->call.http.answer.len, &app);

	if (r == 0) {
		self->app_id = github_json_id(json_object_get(app, "id"));
		(void)github_json_text(json_object_get(app, "slug"), self->slug, sizeof(self->slug));
		json_decref(app);
	}
	return self->app_id > 0 && self->slug[0] != '\0'
		? 0
		: fail(self, "GitHub does not say which App the key belongs to.");
}

static int ask_bot(struct github_identifying *self) {
	char login[LIMIT_SUBJECT_MAX + 8], encoded[3 * LIMIT_SUBJECT_MAX + 24];
	char path[sizeof(encoded) + 8];

	(void)text_format(login, sizeof(login), "%s" BOT_SUFFIX, self->slug);
	(void)github_encode(login, encoded, sizeof(encoded));
	(void)text_format(path, sizeof(path), "/users/%s", encoded);
	return ask(self, GITHUB_AS_USUAL, path);
}

static bool is_bot(const char *login, const char *type) {
	size_t len = strlen(login), suffix = strlen(BOT_SUFFIX);

	return (type != NULL && strcmp(type, "Bot") == 0) ||
		(len > suffix && strcmp(login + len - suffix, BOT_SUFFIX) == 0);
}

/* It is an API of GitHub, after all. */
static void found(struct github *github) {
	if (github->elsewhere_until_ms > 0) {
		github->elsewhere_until_ms = 0;
		github->problem[0] = '\0';
		log_notice("Forge \"%s\": its API is there again.", github->config.name);
		github_tell_changed(github);
	}
}

static int read_user(struct github_identifying *self) {
	struct github *github = self->github;
	char login[LIMIT_SUBJECT_MAX] = "";
	json_t *user = NULL;
	int64_t id = 0;

	if (github_json_load(self->call.http.answer.data, self->call.http.answer.len, &user) == 0) {
		id = github_json_id(json_object_get(user, "id"));
		(void)github_json_text(json_object_get(user, "login"), login, sizeof(login));
	}
	if (id > 0 || self->app_id > 0) {
		github->identity = (struct github_identity){ .user_id = id, .app_id = self->app_id };
		github->is_bot = self->app_id > 0 ||
			is_bot(login, json_string_value(json_object_get(user, "type")));
		(void)TEXT_SET(github->login, login);
		(void)TEXT_SET(github->slug, self->slug);
		found(github);
	}
	json_decref(user);
	return id > 0 || self->app_id > 0
		? 0
		: fail(self, "GitHub does not say whose the credential is.");
}

/*
 * Every API of GitHub knows who asks: what does not is another server, another path of it, or a proxy whose server is
 * away, so it is looked at again.
 */
static void close_for_a_while(struct github_identifying *self) {
	struct github *github = self->github;
	bool is_new = github->elsewhere_until_ms == 0;

	(void)text_format(github->problem, sizeof(github->problem),
		"\"%s\" is no API of GitHub: \"%s\" is not found there (404); it is looked at again every"
		" few minutes. If this stays, correct \"api-url\" and reload the daemon.",
		github->config.api_url, github_is_app(github) ? "/app" : "/user");
	github->elsewhere_until_ms = clock_now_ms() + LIMIT_FORGE_DOWN_MAX_MS;
	if (is_new) {
		log_warning("Forge \"%s\": %s", github->config.name, github->problem);
	}
	self->call.passing = true;
	self->call.retry_ms = github->elsewhere_until_ms;
	(void)TEXT_SET(self->call.sentence, github->problem);
	github_tell_changed(github);
}

/* GitHub tells the tokens of installations (such as GITHUB_TOKEN) nothing of themselves. */
static void explain(struct github_identifying *self) {
	if (self->call.meaning == BUDGET_NOT_FOUND && self->app_id == 0) {
		close_for_a_while(self);
	} else if (self->call.meaning == BUDGET_NOT_ALLOWED && !github_is_app(self->github)) {
		(void)fail(self,
			"The token cannot say who it is, so nothing it posts could be known again: use a user's"
			" token, or \"app-id\" and \"app-key\" of a GitHub App.");
	}
}

static void answer_all(struct github *github, int status, const struct github_call *call) {
	struct list waiting, *node;

	list_init(&waiting);
	list_splice(&waiting, &github->identify_waiting);
	while ((node = list_take_first(&waiting)) != NULL) {
		struct github_wait *wait = container_of(node, struct github_wait, node);

		wait->waiting = false;
		wait->passing = status < 0 && call != NULL && call->passing;
		wait->retry_ms = status < 0 && call != NULL ? call->retry_ms : 0;
		(void)TEXT_SET(wait->sentence, status < 0 && call != NULL ? call->sentence : "");
		wait->done(wait, status);
	}
}

/* The credential may have been replaced meanwhile: then it is another one that was asked about. */
static bool is_outdated(const struct github_identifying *self) {
	return strcmp(self->mark, self->github->mark) != 0 && !self->github->closing;
}

static void begin(struct github_identifying *self) {
	(void)TEXT_SET(self->mark, self->github->mark);
	self->app_id = 0;
	self->slug[0] = '\0';
	self->state = github_is_app(self->github) ? IDENTIFYING_APP : IDENTIFYING_USER;
}

static void step(struct github_identifying *self, int status) {
	struct github *github = self->github;

	if (is_outdated(self)) {
		github_identity_forget(github);
		begin(self);
		status = 0;
	}
	while (status == 0 && self->state != IDENTIFYING_DONE) {
		switch (self->state) {
		case IDENTIFYING_APP:
			self->state = IDENTIFYING_APP_TOLD;
			status = ask(self, GITHUB_AS_APP, "/app");
			break;
		case IDENTIFYING_APP_TOLD:
			self->state = IDENTIFYING_USER_TOLD;
			status = read_app(self);
			status = status < 0 ? status : ask_bot(self);
			break;
		case IDENTIFYING_USER:
			self->state = IDENTIFYING_USER_TOLD;
			status = ask(self, GITHUB_AS_USUAL, "/user");
			break;
		case IDENTIFYING_USER_TOLD:
			self->state = IDENTIFYING_DONE;
			status = read_user(self);
			break;
		case IDENTIFYING_DONE: break;
		}
	}
	if (status == -EINPROGRESS) {
		return;
	}
	if (status < 0) {
		explain(self);
	} else {
		github_identity_warn(github);
	}
	github->identifying = NULL;
	answer_all(github, status, &self->call);
	github_call_finish(&self->call);
	free(self);
	github_close_when_idle(github);
}

void github_identity_warn(struct github *github) {
	bool is_bot = github->is_bot || github_is_app(github);

	if (!is_bot || !github->config.has_mention_agent || github->told_bot) {
		return;
	}
	github->told_bot = true;
	log_warning("Forge \"%s\": \"%s\" is a bot, and agents do not listen to mentions by bots; use the token"
		    " of a user, or an agent of type \"codegen\".",
		github->config.name, github->login[0] != '\0' ? github->login : "a GitHub App");
}

void github_identity_forget(struct github *github) {
	github->identity = (struct github_identity){ 0 };
	github->login[0] = '\0';
	github->slug[0] = '\0';
	github->is_bot = false;
	github->told_bot = false;
}

static bool is_known(const struct github *github) {
	return github->identity.user_id > 0 || github->identity.app_id > 0;
}

static void start(struct github *github) {
	struct github_identifying *self = calloc(1, sizeof(*self));

	if (self == NULL) {
		answer_all(github, -ENOMEM, NULL);
		return;
	}
	self->github = github;
	(void)TEXT_SET(self->project,
		container_of(github->identify_waiting.next, struct github_wait, node)->project);
	begin(self);
	github->identifying = self;
	step(self, 0);
}

void github_identity_woken(struct github *github) {
	struct list *node;

	while ((node = list_take_first(&github->identify_cancelled)) != NULL) {
		struct github_wait *wait = container_of(node, struct github_wait, node);

		wait->waiting = false;
		wait->done(wait, -ECANCELED);
	}
	if (list_is_empty(&github->identify_waiting) || github->identifying != NULL) {
		return;
	}
	if (github->closing || is_known(github)) {
		answer_all(github, github->closing ? -ECANCELED : 0, NULL);
	} else {
		start(github);
	}
}

int github_identify(struct github *github, const char *project, struct github_wait *wait,
	void (*done)(struct github_wait *wait, int status)) {
	if (github->closing) {
		return -ESHUTDOWN;
	}
	*wait = (struct github_wait){ .done = done, .github = github, .waiting = true };
	(void)TEXT_SET(wait->project, project);
	list_append(&github->identify_waiting, &wait->node);
	(void)uv_async_send(&github->wake);
	return 0;
}

static void learned(struct github_wait *wait, int status) {
	/* Who we are has warned; whoever publishes asks again when it failed. */
}

void github_identity_learn(struct github *github) {
	github_identity_warn(github);
	if (!github->config.has_mention_agent || github->told_bot || github->secret == NULL ||
		is_known(github) || github->at_start.waiting) {
		return;
	}
	if (github_identify(github, "", &github->at_start, learned) < 0) {
		log_debug("Forge \"%s\": who it is is found out later.", github->config.name);
	}
}

void github_wait_cancel(struct github_wait *wait) {
	if (wait->waiting) {
		list_remove(&wait->node);
		list_append(&wait->github->identify_cancelled, &wait->node);
		(void)uv_async_send(&wait->github->wake);
	}
}

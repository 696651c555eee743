/* A GitHub App: each owner's installation, and the token that stands for it for an hour. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/forge/github_internal.h"
#include "daemon/forge/github_json.h"
#include "daemon/forge/github_jwt.h"
#include "daemon/forge/github_project.h"

/*
 *     IDLE ──► FIND ──► FOUND ──► EXCHANGE ──► EXCHANGED ──► DONE ──► IDLE
 *                ▲        │ the id is known ▲        │
 *                │        └─────────────────┘        │
 *                └─ it was installed anew, or the settings changed
 */
enum installation_state {
	INSTALLATION_IDLE,
	INSTALLATION_FIND,
	INSTALLATION_FOUND,
	INSTALLATION_EXCHANGE,
	INSTALLATION_EXCHANGED,
	INSTALLATION_DONE,
};

struct installation {
	struct list node; /* of the app's; the one that was used last is at the end */
	struct github *github;
	char owner[LIMIT_NAME_MAX];
	char project[LIMIT_NAME_MAX]; /* one of the owner's */
	int64_t id;		      /* 0 unknown */
	char *body;		      /* owned: asks for the token, with its permissions */
	char *token;		      /* owned, wiped; NULL: none */
	int64_t expires_ms;
	bool doubted; /* the token before was refused to a write, and none of this one was taken yet */
	enum installation_state state;
	bool is_kept; /* the id is of an earlier time */
	bool is_old;  /* what is under way was begun with another key or other settings */
	struct github_call call;
	struct list waiting; /* calls */
};

struct github_app {
	struct github_key *key; /* NULL: none */
	struct list installations;
	size_t n;
};

static void installation_destroy(struct installation *installation) {
	github_call_finish(&installation->call);
	credential_wipe(installation->token);
	free(installation->body);
	free(installation);
}

/* ---- which one ---- */

static struct installation *find(struct github *github, const char *project) {
	struct github_project split;

	if (!github_project_split(project, &split)) {
		return NULL;
	}
	list_for_each (node, &github->app->installations) {
		struct installation *found = container_of(node, struct installation, node);

		if (strcasecmp(found->owner, split.owner) == 0) {
			return found;
		}
	}
	return NULL;
}

/* Makes room: the one that nobody used for the longest time is asked for again when it is needed. */
static void evict(struct github_app *app) {
	list_for_each_safe (node, &app->installations) {
		struct installation *old = container_of(node, struct installation, node);

		if (app->n >= LIMIT_GITHUB_INSTALLATIONS && old->state == INSTALLATION_IDLE) {
			list_remove(&old->node);
			app->n--;
			installation_destroy(old);
		}
	}
}

/* Returns: 0; -EINVAL; -ENOMEM, also when too many are under way. */
static int take(struct github *github, const char *project, struct installation **ret) {
	struct github_app *app = github->app;
	struct installation *found = find(github, project);
	struct github_project split;

	if (found == NULL) {
		if (!github_project_split(project, &split)) {
			return -EINVAL;
		}
		evict(app);
		found = app->n < LIMIT_GITHUB_INSTALLATIONS ? calloc(1, sizeof(*found)) : NULL;
		if (found == NULL) {
			return -ENOMEM;
		}
		found->github = github;
		(void)TEXT_SET(found->owner, split.owner);
		list_init(&found->waiting);
		app->n++;
	} else {
		list_remove(&found->node);
	}
	list_append(&app->installations, &found->node);
	*ret = found;
	return 0;
}

/* ---- permissions ---- */

static const char *const levels[] = { "", "read", "write", "admin" };

static int level_of(const json_t *value) {
	return github_json_word(value, levels, ARRAY_SIZE(levels));
}

/* What is asked for: what is needed, as far as the owner granted it. */
static json_t *permissions_of(const struct installation *installation, const json_t *granted) {
	const struct {
		const char *name;
		int level;
	} needed[] = {
		{ "actions", 1 },
		{ "checks", installation->github->config.show_status ? 2 : 1 },
		{ "contents", 1 },
		{ "issues", 2 },
		{ "metadata", 1 },
		{ "pull_requests", 2 },
		{ "statuses", 1 },
	};
	json_t *permissions = json_object();
	char lacks[LIMIT_SENTENCE_MAX] = "";

	for (size_t i = 0; permissions != NULL && i < ARRAY_SIZE(needed); i++) {
		int level = MIN(level_of(json_object_get(granted, needed[i].name)), needed[i].level);
		size_t len = strlen(lacks);

		if (level > 0) {
			(void)json_object_set_new(
				permissions, needed[i].name, json_string(levels[level]));
		}
		if (level < needed[i].level && strcmp(needed[i].name, "metadata") != 0) {
			(void)text_format(lacks + len, sizeof(lacks) - len, "%s%s=%s",
				len > 0 ? ", " : "", needed[i].name, levels[needed[i].level]);
		}
	}
	if (lacks[0] != '\0') {
		log_warning("Forge \"%s\": the App's installation for \"%s\" lacks permissions (%s); grant"
			    " them at GitHub, or some checks and posts fail.",
			installation->github->config.name, installation->owner, lacks);
	}
	return permissions;
}

static int make_body(struct installation *installation, const json_t *granted) {
	json_t *body = json_is_object(granted)
		? json_pack("{s:o}", "permissions", permissions_of(installation, granted))
		: json_object();
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;

	json_decref(body);
	if (text == NULL) {
		return -ENOMEM;
	}
	free(installation->body);
	installation->body = text;
	return 0;
}

/* ---- the flow ---- */

static void step(struct installation *installation, int status);

static void call_done(struct github_call *call, int status) {
	struct installation *installation = container_of(call, struct installation, call);

	step(installation, status == 0 && call->meaning != BUDGET_OK ? -EIO : status);
}

static int ask(
	struct installation *installation, const char *method, const char *path, const char *body) {
	struct github_call *call = &installation->call;
	char subject[LIMIT_SUBJECT_MAX];
	const struct github_ask ask = {
		.kind = GITHUB_CALL_READ,
		.as = GITHUB_AS_APP,
		.method = method,
		.path = path,
		.body = body,
		.subject = subject,
	};
	int r;

	(void)text_format(
		subject, sizeof(subject), "the App's installation for \"%s\"", installation->owner);
	r = github_send(installation->github, call, &ask, call_done);
	if (r < 0) {
		call->meaning = BUDGET_NO_ANSWER;
		call->passing = true;
		(void)text_format(call->sentence, sizeof(call->sentence),
			"The request about %s could not be made: %s.", subject, log_errno(r));
	}
	return r < 0 ? r : -EINPROGRESS;
}

static int ask_find(struct installation *installation) {
	char repo[GITHUB_PATH_MAX], path[GITHUB_PATH_MAX + 16];

	(void)text_format(path, sizeof(path), "%s/installation",
		github_repo_path(installation->project, repo));
	return ask(installation, "GET", path, NULL);
}

static int ask_exchange(struct installation *installation) {
	char path[GITHUB_PATH_MAX];

	(void)text_format(path, sizeof(path), "/app/installations/%lld/access_tokens",
		(long long)installation->id);
	return ask(installation, "POST", path, installation->body);
}

static int malformed(struct installation *installation) {
	struct github_call *call = &installation->call;

	call->meaning = BUDGET_NO_ANSWER;
	call->passing = true;
	(void)text_format(call->sentence, sizeof(call->sentence),
		"GitHub's answer about %s is not what it should be.", call->subject);
	return -EBADMSG;
}

static int read_found(struct installation *installation) {
	const struct buffer *answer = &installation->call.http.answer;
	json_t *found = NULL;
	int r = github_json_load(answer->data, answer->len, &found);
	int64_t id = r == 0 ? github_json_id(json_object_get(found, "id")) : 0;

	if (id > 0) {
		r = make_body(installation, json_object_get(found, "permissions"));
		installation->id = r == 0 ? id : 0;
	}
	json_decref(found);
	return r < 0 ? r : id > 0 ? 0 : malformed(installation);
}

/* Any length and form: both change. What goes into a header line, though, has no blanks. */
static bool is_token(const char *token) {
	size_t len = token != NULL ? strlen(token) : 0;

	for (size_t i = 0; i < len; i++) {
		if (token[i] <= ' ' || token[i] > '~') {
			return false;
		}
	}
	return len > 0 && len <= LIMIT_GITHUB_TOKEN_MAX_BYTES;
}

static int read_token(struct installation *installation) {
	const struct buffer *answer = &installation->call.http.answer;
	int64_t now_ms = clock_now_ms();
	json_t *made = NULL;
	char *token, *copy = NULL;

	if (github_json_load(answer->data, answer->len, &made) == 0) {
		token = (char *)json_string_value(json_object_get(made, "token"));
		copy = is_token(token) ? strdup(token) : NULL;
		if (token != NULL) {
			explicit_bzero(token, strlen(token)); /* in memory that is freed next */
		}
		installation->expires_ms = github_json_time(json_object_get(made, "expires_at"));
	}
	json_decref(made);
	if (copy == NULL) {
		return malformed(installation);
	}
	if (installation->token != NULL) { /* it ran out */
		installation->doubted = false;
	}
	credential_wipe(installation->token);
	installation->token = copy;
	/* Whatever the clocks say: not asked for again right away. */
	installation->expires_ms =
		MAX(installation->expires_ms, now_ms + LIMIT_GITHUB_TOKEN_LEFT_MS + CLOCK_MINUTE_MS);
	return 0;
}

/* Whoever waited goes on, or ends as the last request did. */
static void finish(struct installation *installation, int status) {
	struct list waiting, *node;
	struct github *github = installation->github;

	installation->state = INSTALLATION_IDLE;
	list_init(&waiting);
	list_splice(&waiting, &installation->waiting);
	while ((node = list_take_first(&waiting)) != NULL) {
		struct github_call *call = container_of(node, struct github_call, node);

		if (status == 0) {
			github_call_queue(call);
		} else {
			github_call_end_like(call, &installation->call, status);
		}
	}
	github_call_finish(&installation->call); /* it held the token */
	github_pump(github);
}

/* A failure that looking for the installation once more may mend. Returns what is left of it. */
static int look_again(struct installation *installation, int status) {
	struct github_call *call = &installation->call;
	bool was_asked = call->meaning == BUDGET_NOT_FOUND && status == -EIO;

	if (was_asked && installation->state == INSTALLATION_EXCHANGED && installation->is_kept) {
		installation->id = 0;
		installation->state = INSTALLATION_FIND;
		return 0;
	}
	if (was_asked && installation->state == INSTALLATION_FOUND) {
		(void)text_format(call->sentence, sizeof(call->sentence),
			"The App is not installed for \"%s\", or its installation has not this repository:"
			" install it there.",
			installation->project);
	}
	return status;
}

static void step(struct installation *installation, int status) {
	if (status < 0) {
		status = look_again(installation, status);
	}
	while (status == 0 && installation->state != INSTALLATION_DONE) {
		switch (installation->state) {
		case INSTALLATION_IDLE:
		case INSTALLATION_FIND:
			installation->is_old = false;
			installation->is_kept = installation->id > 0;
			installation->state =
				installation->id > 0 ? INSTALLATION_EXCHANGE : INSTALLATION_FOUND;
			status = installation->id > 0 ? 0 : ask_find(installation);
			break;
		case INSTALLATION_FOUND:
			installation->state = INSTALLATION_EXCHANGE;
			status = read_found(installation);
			break;
		case INSTALLATION_EXCHANGE:
			installation->state = INSTALLATION_EXCHANGED;
			status = ask_exchange(installation);
			break;
		case INSTALLATION_EXCHANGED:
			installation->state =
				installation->is_old ? INSTALLATION_FIND : INSTALLATION_DONE;
			installation->id = installation->is_old ? 0 : installation->id;
			status = installation->is_old ? 0 : read_token(installation);
			break;
		case INSTALLATION_DONE: break;
		}
	}
	if (status != -EINPROGRESS) {
		finish(installation, status);
	}
}

/* ---- for calls ---- */

bool github_app_has_token(const struct github_call *call) {
	const struct installation *found = find(call->github, call->project);

	return found != NULL && found->token != NULL &&
		found->expires_ms - clock_now_ms() > LIMIT_GITHUB_TOKEN_LEFT_MS;
}

int github_app_wait(struct github_call *call) {
	struct installation *installation;
	int r = take(call->github, call->project, &installation);

	if (r < 0) {
		return r;
	}
	list_append(&installation->waiting, &call->node);
	if (installation->state == INSTALLATION_IDLE) {
		(void)TEXT_SET(installation->project, call->project);
		step(installation, 0);
	}
	return 0;
}

int github_app_bearer(const struct github_call *call, char **ret_bearer) {
	struct github *github = call->github;
	const struct installation *found;

	if (call->as == GITHUB_AS_APP) {
		return github->app->key == NULL
			? -ENOKEY
			: github_jwt_make(github->app->key, github->config.app_id, clock_now_ms(),
				  ret_bearer);
	}
	found = find(github, call->project);
	if (found == NULL || found->token == NULL) {
		return -ENOKEY;
	}
	*ret_bearer = strdup(found->token);
	return *ret_bearer != NULL ? 0 : -ENOMEM;
}

static void drop_token(struct installation *installation) {
	credential_wipe(installation->token);
	installation->token = NULL;
}

bool github_app_drop_token(const struct github_call *call) {
	struct installation *found = find(call->github, call->project);

	if (found == NULL) {
		return true;
	}
	if (call->once && found->doubted) {
		found->doubted = false;
		return false;
	}
	found->doubted = found->doubted || call->once;
	drop_token(found);
	return true;
}

void github_app_trust_token(const struct github_call *call) {
	struct installation *found = find(call->github, call->project);

	if (found != NULL) {
		found->doubted = false;
	}
}

void github_app_forget(struct github *github) {
	list_for_each (node, &github->app->installations) {
		struct installation *installation = container_of(node, struct installation, node);

		drop_token(installation);
		installation->doubted = false;
		installation->id = 0;
		installation->is_old = true;
	}
}

/* ---- the app ---- */

bool github_app_load_key(struct github *github, char ret_problem[LIMIT_SENTENCE_MAX]) {
	struct github_key *key = NULL;
	int r = github_key_load(github->secret, &key);

	if (r < 0) {
		(void)text_format(ret_problem, LIMIT_SENTENCE_MAX,
			"The App's key, \"%s\", is no RSA key in PEM without a passphrase; put the one there"
			" that GitHub made for the App, and reload.",
			github->config.app_key);
		return false;
	}
	github_key_destroy(github->app->key);
	github->app->key = key;
	return true;
}

int github_app_open(struct github *github) {
	github->app = calloc(1, sizeof(*github->app));
	if (github->app == NULL) {
		return -ENOMEM;
	}
	list_init(&github->app->installations);
	return 0;
}

void github_app_finish(struct github *github) {
	struct list *node;

	if (github->app == NULL) {
		return;
	}
	while ((node = list_take_first(&github->app->installations)) != NULL) {
		installation_destroy(container_of(node, struct installation, node));
	}
	github_key_destroy(github->app->key);
	free(github->app);
}

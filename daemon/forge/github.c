#include "daemon/forge/github.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/forge/github_internal.h"

#define HANDLES 7 /* of the client and of the batches */

/* ---- the credential ---- */

static int read_secret(
	const struct config_forge *config, char **ret_secret, char sentence[LIMIT_SENTENCE_MAX]) {
	const char *sources[CONFIG_SOURCES_MAX];
	bool is_key = config_forge_sources(config, sources);

	return credential_read(sources, is_key, ret_secret, sentence);
}

static void set_mark(struct github *github) {
	char mark[CREDENTIAL_MARK_MAX];

	(void)credential_mark(github->secret, mark);
	(void)text_format(github->mark, sizeof(github->mark), "%s%lld-%s",
		github_is_app(github) ? "app-" : "token-", (long long)github->config.app_id, mark);
}

/* There is no credential: told once for each reason. */
static void set_problem(struct github *github, const char *sentence) {
	bool is_new = strcmp(github->problem, sentence) != 0;

	(void)TEXT_SET(github->problem, sentence);
	if (is_new) {
		log_warning("Forge \"%s\": %s", github->config.name, github->problem);
	}
}

/* An App's key is of no use as text. */
static bool load_key(struct github *github) {
	char problem[LIMIT_SENTENCE_MAX];
	bool loaded = github_app_load_key(github, problem);

	if (!loaded) {
		set_problem(github, problem);
	}
	return loaded;
}

bool github_read_credential(struct github *github) {
	char sentence[LIMIT_SENTENCE_MAX] = "", mark[BUDGET_CREDENTIAL_MAX];
	char *secret = NULL;
	int r = read_secret(&github->config, &secret, sentence);

	(void)TEXT_SET(mark, github->mark);
	credential_wipe(github->secret);
	github->secret = secret;
	github->mark[0] = '\0';
	if (r < 0) {
		set_problem(github, sentence);
	} else if (!github_is_app(github) || load_key(github)) {
		set_mark(github);
		github->problem[0] = '\0';
	} else {
		credential_wipe(github->secret);
		github->secret = NULL;
	}
	if (strcmp(mark, github->mark) == 0) {
		return false;
	}
	github_identity_forget(github);
	github_app_forget(github);
	return true;
}

/* ---- open, configure, close ---- */

static void open_lists(struct github *github) {
	list_init(&github->identify_waiting);
	list_init(&github->identify_cancelled);
}

static bool is_same(const json_t *memory, const char *key, const char *value) {
	return text_equal(json_string_value(json_object_get(memory, key)), value);
}

static int64_t used_ms(const json_t *memory) {
	return json_integer_value(json_object_get(memory, "usedMs"));
}

/*
 * GitHub counts by account, so what was written with this credential counts under whichever name of a forge, the newest
 * of it; else what a forge of this name wrote there, whose credential may have been replaced. What 0.1.0 remembered has
 * no server.
 */
static const json_t *recall(const struct github *github, const json_t *memories) {
	const char *server = github->config.api_url, *name;
	json_t *memory, *own = json_object_get(memories, github->config.name), *newest = NULL;

	if (is_same(own, "server", server) && is_same(own, "credential", github->mark)) {
		newest = own;
	}
	json_object_foreach((json_t *)memories, name, memory) {
		if (is_same(memory, "server", server) && is_same(memory, "credential", github->mark) &&
			(newest == NULL || used_ms(memory) > used_ms(newest))) {
			newest = memory;
		}
	}
	if (newest != NULL) {
		return newest;
	}
	return json_object_get(own, "server") == NULL || is_same(own, "server", server) ? own : NULL;
}

int github_open(struct forge *forge, const struct forge_options *options) {
	struct github *github = calloc(1, sizeof(*github));
	const json_t *memory;
	int r;

	if (github == NULL) {
		return -ENOMEM;
	}
	github->forge = forge;
	github->config = *options->config;
	forge->own = github;
	open_lists(github);
	r = github_app_open(github);
	r = r < 0 ? r : github_batches_open(github);
	r = r < 0 ? r : github_client_open(github); /* the only one that makes handles: all or none */
	if (r < 0) {
		return r;
	}
	github->n_handles = HANDLES;
	forge->n_own++;
	(void)github_read_credential(github);
	memory = recall(github, options->memories);
	budget_from_json(json_object_get(memory, "budget"), &github->budget, clock_now_ms());
	github_clock_from_json(json_object_get(memory, "clock"), &github->clock);
	budget_started(&github->budget, clock_now_ms());
	github_identity_learn(github);
	return 0;
}

int github_configure(struct forge *forge, const struct config_forge *config) {
	struct github *github = github_of(forge);

	github->config = *config;
	github->elsewhere_until_ms = 0;
	github->without = 0;
	github->told_bot = false;
	github_app_forget(github);
	(void)github_read_credential(github);
	/* Who reloads may have allowed it again: one more try. */
	github->budget.refused[0] = '\0';
	github->told[0] = '\0';
	for (size_t i = 0; i < github->known.n; i++) {
		github->known.rows[i].barred[0] = '\0';
	}
	github_identity_learn(github);
	github_tell_changed(github);
	github_pump(github);
	return 0;
}

void github_tell_changed(struct github *github) {
	struct forge *forge = github->forge;

	if (forge->changed != NULL && !forge->closing) {
		forge->changed(forge->changed_user, forge);
	}
}

/* ---- closing ---- */

static void handle_closed(uv_handle_t *handle) {
	struct github *github = handle->data;

	github->n_handles--;
	if (github->n_handles == 0) {
		forge_own_ended(github->forge);
	}
}

void github_close_handle(struct github *github, void *handle) {
	((uv_handle_t *)handle)->data = github;
	uv_close(handle, handle_closed);
}

void github_close_when_idle(struct github *github) {
	if (!github->closing || github->n_calls > 0 || github->identifying != NULL ||
		!list_is_empty(&github->identify_waiting) ||
		!list_is_empty(&github->identify_cancelled) || !github_batches_are_idle(github) ||
		uv_is_closing((uv_handle_t *)&github->wake)) {
		return;
	}
	github_client_close_handles(github);
	github_batches_close_handles(github);
}

void github_close(struct forge *forge) {
	struct github *github = github_of(forge);

	github->closing = true;
	github_batches_close(github);
	github_client_close(github);
	(void)uv_async_send(&github->wake); /* it goes on there */
}

void github_finish(struct forge *forge) {
	struct github *github = github_of(forge);

	if (github == NULL) {
		return;
	}
	github_app_finish(github);
	github_batches_finish(github);
	credential_wipe(github->secret);
	free(github);
}

/* ---- what others want to know ---- */

/* Writes: their spacing is ours to keep, and no reason to begin nothing. */
static int64_t write_open_ms(struct github *github, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]) {
	int64_t ready_ms =
		budget_ready_ms(&github->budget, BUDGET_CORE, true, github->mark, now_ms, ret_why);
	int64_t queue_ms = (int64_t)github->n_writes * LIMIT_RATE_WRITE_GAP_MS;

	if (ready_ms == INT64_MAX || ready_ms > now_ms + LIMIT_RATE_WRITE_GAP_MS) {
		return ready_ms;
	}
	if (queue_ms >= LIMIT_GITHUB_WAIT_MS) {
		(void)text_copy(ret_why, LIMIT_SENTENCE_MAX, "Enough writes wait already.");
		return now_ms + queue_ms / 2;
	}
	ret_why[0] = '\0';
	return 0;
}

/* Further away than that: the clock was set back. */
static bool is_elsewhere(const struct github *github, int64_t now_ms) {
	return github->elsewhere_until_ms > now_ms &&
		github->elsewhere_until_ms <= now_ms + LIMIT_FORGE_DOWN_MAX_MS;
}

int64_t github_usable_ms(const struct github *github, int64_t now_ms) {
	if (github->secret == NULL) {
		return INT64_MAX;
	}
	return is_elsewhere(github, now_ms) ? github->elsewhere_until_ms : 0;
}

int64_t github_open_ms(
	struct forge *forge, bool write, int64_t now_ms, char ret_why[LIMIT_SENTENCE_MAX]) {
	struct github *github = github_of(forge);
	char why[LIMIT_SENTENCE_MAX], why_write[LIMIT_SENTENCE_MAX] = "";
	int64_t ready_ms, write_ms = 0;

	ready_ms = github_usable_ms(github, now_ms);
	if (ready_ms > now_ms) {
		(void)TEXT_SET(why, github->problem);
	} else {
		ready_ms = budget_ready_ms(
			&github->budget, BUDGET_GRAPHQL, false, github->mark, now_ms, why);
		write_ms = write ? write_open_ms(github, now_ms, why_write) : 0;
	}
	if (ret_why != NULL) {
		(void)text_copy(ret_why, LIMIT_SENTENCE_MAX, write_ms > ready_ms ? why_write : why);
	}
	return MAX(ready_ms, write_ms);
}

json_t *github_memory(const struct forge *forge) {
	const struct github *github = github_of(forge);

	return json_pack("{s:s, s:s, s:o, s:o}", "server", github->config.api_url, "credential",
		github->mark, "budget", budget_to_json(&github->budget), "clock",
		github_clock_to_json(&github->clock));
}

/* The repositories where nothing can be published, each with why. */
static json_t *barred_to_json(const struct github *github) {
	json_t *array = json_array();
	char since[CLOCK_TEXT_MAX];

	for (size_t i = 0; array != NULL && i < github->known.n; i++) {
		const struct github_known_repository *row = &github->known.rows[i];

		if (row->barred[0] != '\0' &&
			json_array_append_new(array,
				json_pack("{s:s, s:s, s:s}", "project", row->project, "since",
					clock_format(row->barred_ms, since), "reason",
					row->barred)) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

json_t *github_status(struct forge *forge, int64_t now_ms) {
	struct github *github = github_of(forge);
	char why[LIMIT_SENTENCE_MAX], budget[LIMIT_SENTENCE_MAX], until[CLOCK_TEXT_MAX];
	int64_t open_ms = github_open_ms(forge, true, now_ms, why);
	json_t *status = json_pack("{s:s, s:o, s:o, s:I}", "budget",
		budget_describe(&github->budget, github->mark, now_ms, budget), "limits",
		budget_limits_to_json(&github->budget, now_ms), "barred", barred_to_json(github),
		"writesWaiting", (json_int_t)github->n_writes);
	int r = status != NULL ? 0 : -1;

	if (r == 0 && open_ms > now_ms) {
		r = json_object_set_new(status, "reason", json_string(why));
	}
	if (r == 0 && open_ms > now_ms && open_ms < INT64_MAX) {
		r = json_object_set_new(
			status, "pausedUntil", json_string(clock_format(open_ms, until)));
	}
	if (r == 0 && is_elsewhere(github, now_ms)) {
		r = json_object_set_new(status, "reachable", json_false());
	}
	if (r == 0 && github->login[0] != '\0') {
		r = json_object_set_new(status, "identity", json_string(github->login));
	}
	if (r < 0) {
		json_decref(status);
		return NULL;
	}
	return status;
}

/* Which pull request a failure belongs to, and whether its author may make an agent work. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/log.h"
#include "common/text.h"
#include "daemon/forge/github_json.h"
#include "daemon/forge/github_publish.h"
#include "daemon/model/build.h"

static const char *head_repository(const struct github_publishing *p) {
	const struct incident *incident = p->publish->incident;

	return incident->head_repository[0] != '\0' ? incident->head_repository : incident->project;
}

static bool is_of_fork(const struct github_publishing *p, const char *repository) {
	return repository == NULL || strcasecmp(repository, github_publish_project(p)) != 0;
}

/* ---- reading one ---- */

/*
 * Where a pull request's branch is; NULL: that is gone. A project that was renamed since CI was told of it keeps the
 * name that CI says: GitHub answers for the old one, with the new one in what it says.
 */
static const char *repository_of(const struct github_publishing *p, const json_t *pull) {
	const char *head = json_string_value(github_json_at(pull, "head", "repo", "full_name", NULL));
	const char *base = json_string_value(github_json_at(pull, "base", "repo", "full_name", NULL));

	return head != NULL && base != NULL && strcasecmp(head, base) == 0
		? github_publish_project(p)
		: head;
}

/* A fork's branch that CI does not tell is called "pull/12". */
static bool is_nameless(const struct github_publishing *p, int64_t number) {
	char name[LIMIT_NAME_MAX];

	(void)text_format(name, sizeof(name), "pull/%lld", (long long)number);
	return strcmp(p->publish->incident->branch, name) == 0;
}

/* `named`: it was asked for by its number, so its repository is as CI said, or better known. */
static bool is_wanted(const struct github_publishing *p, const json_t *pull, bool named) {
	const char *state = json_string_value(json_object_get(pull, "state"));
	const char *ref = json_string_value(github_json_at(pull, "head", "ref", NULL));
	const char *repository = repository_of(p, pull);
	int64_t number = github_json_id(json_object_get(pull, "number"));

	if (number == 0 || state == NULL || strcmp(state, "open") != 0 || ref == NULL) {
		return false;
	}
	if (named && is_nameless(p, number)) {
		return true;
	}
	return strcmp(ref, p->publish->incident->branch) == 0 &&
		(named || (repository != NULL && strcasecmp(repository, head_repository(p)) == 0));
}

static bool has_label(const json_t *pull, const char *name) {
	const json_t *labels = json_object_get(pull, "labels");

	for (size_t i = 0; name[0] != '\0' && i < json_array_size(labels); i++) {
		const char *label =
			json_string_value(json_object_get(json_array_get(labels, i), "name"));

		if (label != NULL && strcasecmp(label, name) == 0) {
			return true;
		}
	}
	return false;
}

static void take(struct github_publishing *p, const json_t *pull) {
	const char *association = json_string_value(json_object_get(pull, "author_association"));
	struct github_locate *locate = &p->locate;

	p->pull_request = github_json_id(json_object_get(pull, "number"));
	github_json_sha(github_json_at(pull, "head", "sha", NULL), p->head_sha);
	locate->is_fork = is_of_fork(p, repository_of(p, pull));
	locate->is_ignored = has_label(pull, p->github->config.ignore_label);
	locate->is_owner = association != NULL && strcmp(association, "OWNER") == 0;
	if (!github_json_text(github_json_at(pull, "user", "login", NULL), locate->author,
		    sizeof(locate->author))) {
		locate->author[0] = '\0';
	}
}

/* The newest one of the branch; they differ in what they are to be merged into. */
static const json_t *choose(const struct github_publishing *p, const json_t *pulls) {
	const json_t *newest = NULL;

	for (size_t i = 0; i < json_array_size(pulls); i++) {
		const json_t *pull = json_array_get(pulls, i);

		if (is_wanted(p, pull, false) &&
			(newest == NULL ||
				github_json_id(json_object_get(pull, "number")) >
					github_json_id(json_object_get(newest, "number")))) {
			newest = pull;
		}
	}
	return newest;
}

static bool is_of_branch(const struct github_publishing *p, const json_t *pull) {
	const char *ref = json_string_value(github_json_at(pull, "head", "ref", NULL));

	return (ref != NULL && strcmp(ref, p->publish->incident->branch) == 0) ||
		is_nameless(p, github_json_id(json_object_get(pull, "number")));
}

/* The answer to a number is one, that to a branch a list of them. Returns: 0; -errno, the answer is none. */
static int read_answer(struct github_publishing *p, bool named) {
	const struct buffer *answer = &p->call.http.answer;
	const json_t *pull;
	json_t *value = NULL;
	int r = github_json_load(answer->data, answer->len, &value);

	if (r == 0 && (named ? !json_is_object(value) : !json_is_array(value))) {
		json_decref(value);
		r = -EBADMSG;
	}
	if (r < 0) {
		return github_publish_fail(p, r, true, 0,
			"GitHub's answer about the pull requests of \"%s\" cannot be read: %s; it is asked"
			" again.",
			github_publish_project(p), log_errno(r));
	}
	pull = named ? is_wanted(p, value, true) ? value : NULL : choose(p, value);
	if (named && is_of_branch(p, value)) { /* even a closed one tells whose the branch is */
		p->locate.is_fork = is_of_fork(p, repository_of(p, value));
	}
	if (pull != NULL) {
		take(p, pull);
	}
	json_decref(value);
	return 0;
}

/* ---- asking ---- */

static int ask_for_number(struct github_publishing *p, int64_t number) {
	struct github_request request = { .method = "GET" };

	github_request_path(&request, p, "/pulls/%lld", (long long)number);
	(void)text_format(request.subject, sizeof(request.subject), "pull request #%lld of %s",
		(long long)number, github_publish_project(p));
	return github_publish_ask(p, &request);
}

/* Without a user in front of the branch GitHub would tell of all that are open. */
static int ask_for_branch(struct github_publishing *p) {
	char head[2 * LIMIT_NAME_MAX], encoded[LIMIT_URL_MAX - LIMIT_SUBJECT_MAX];
	const char *repository = p->locate.name[0] != '\0' ? p->locate.name : head_repository(p);
	struct github_request request = { .method = "GET" };

	(void)text_format(head, sizeof(head), "%.*s:%s", (int)strcspn(repository, "/"), repository,
		p->publish->incident->branch);
	if (!github_encode(head, encoded, sizeof(encoded))) {
		return github_publish_fail(p, -ENAMETOOLONG, false, 0,
			"The branch's name is too long for GitHub to be asked for its pull requests.");
	}
	github_request_path(
		&request, p, "/pulls?head=%s&state=open&per_page=%d", encoded, LIMIT_GITHUB_PAGE);
	(void)text_format(request.subject, sizeof(request.subject), "the pull requests of %s",
		github_publish_project(p));
	return github_publish_ask(p, &request);
}

static int ask_for_name(struct github_publishing *p) {
	struct github_request request = { .method = "GET" };

	github_request_path(&request, p, "%s", "");
	(void)text_format(request.subject, sizeof(request.subject), "repository %s",
		github_publish_project(p));
	return github_publish_ask(p, &request);
}

/* `where`: "branches", or "git/ref/tags". */
static int ask_whether_it_exists(struct github_publishing *p, const char *where) {
	char encoded[LIMIT_URL_MAX - LIMIT_SUBJECT_MAX];
	struct github_request request = { .method = "GET" };

	(void)github_encode(p->publish->incident->branch, encoded, sizeof(encoded));
	github_request_path(&request, p, "/%s/%s", where, encoded);
	(void)text_format(request.subject, sizeof(request.subject), "the branch or tag in %s",
		github_publish_project(p));
	return github_publish_ask(p, &request);
}

static int ask_for_permission(struct github_publishing *p) {
	char login[3 * LIMIT_SUBJECT_MAX];
	struct github_request request = { .method = "GET" };

	(void)github_encode(p->locate.author, login, sizeof(login));
	github_request_path(&request, p, "/collaborators/%s/permission", login);
	(void)text_format(request.subject, sizeof(request.subject),
		"the author of pull request #%lld in %s", (long long)p->pull_request,
		github_publish_project(p));
	return github_publish_ask(p, &request);
}

/* ---- trust ---- */

static enum incident_hold read_permission(const struct github_publishing *p) {
	static const char *const words[] = { NULL, "admin", "maintain", "write", "triage", "read",
		"none" };
	const struct buffer *answer = &p->call.http.answer;
	json_t *value = NULL;
	int word = 0;

	if (github_json_load(answer->data, answer->len, &value) == 0) {
		word = github_json_word(
			json_object_get(value, "permission"), words, ARRAY_SIZE(words));
		json_decref(value);
	}
	return word == 0 ? HOLD_UNKNOWN : word <= 3 ? HOLD_NONE : HOLD_NO_WRITE;
}

static bool is_not_told(const struct github_publishing *p) {
	return p->status == 0 &&
		(p->call.meaning == BUDGET_NOT_ALLOWED || p->call.meaning == BUDGET_NOT_FOUND ||
			p->call.meaning == BUDGET_SSO);
}

static int end_permission(struct github_publishing *p) {
	p->locate.state = GITHUB_LOCATE_END;
	if (github_publish_went_well(p)) {
		p->publish->hold = read_permission(p);
	} else if (is_not_told(p)) {
		p->publish->hold = HOLD_UNKNOWN;
	} else {
		return github_publish_refused(p);
	}
	return 0;
}

/* What is known without a question. Returns whether it is. */
static bool is_settled(struct github_publishing *p) {
	const struct github_locate *locate = &p->locate;
	const struct incident *incident = p->publish->incident;
	bool is_fork =
		incident->head_repository[0] != '\0' && is_of_fork(p, incident->head_repository);

	if (is_fork || locate->is_fork) {
		p->publish->hold = HOLD_FORK;
		return true;
	}
	/* Who pushed a branch of the repository could write; so can its owner. */
	if ((p->pull_request == 0 && !locate->is_lost) || locate->is_owner) {
		p->publish->hold = HOLD_NONE;
		return true;
	}
	p->publish->hold = HOLD_UNKNOWN;
	return locate->author[0] == '\0';
}

/* A label keeps us away: nothing is written. */
static int keep_away(struct github_publishing *p) {
	if (p->publish->purpose == FORGE_MENTION) {
		return github_publish_fail(p, -EPERM, false, 0,
			"Nobody was asked: pull request #%lld of \"%s\" has the label \"%s\"; remove it to"
			" let codegend write there.",
			(long long)p->pull_request, github_publish_project(p),
			p->github->config.ignore_label);
	}
	p->publish->hold = HOLD_IGNORED;
	p->over = true;
	return 0;
}

/* ---- the stage ---- */

static bool is_gone(const struct github_publishing *p) {
	return p->status == 0 &&
		(p->call.meaning == BUDGET_NOT_FOUND || p->call.meaning == BUDGET_GONE);
}

/* The number that CI told, or that of where we stand already. */
static int64_t likely_number(struct github_publishing *p) {
	const struct post *status = github_publish_find_row(p, POST_STATUS, 0);

	if (p->publish->incident->pull_request > 0) {
		return p->publish->incident->pull_request;
	}
	return status != NULL && !status->is_issue ? status->number : 0;
}

static int begin(struct github_publishing *p) {
	int64_t number = likely_number(p);

	if (strchr(github_publish_project(p), '/') == NULL) {
		return github_publish_fail(p, -EINVAL, false, 0,
			"Project \"%s\" is no \"owner/name\" of GitHub; give it another forge, or submit"
			" with that name.",
			github_publish_project(p));
	}
	p->locate.state = number > 0 ? GITHUB_LOCATE_PULL : GITHUB_LOCATE_SEARCH;
	return number > 0 ? ask_for_number(p, number) : ask_for_branch(p);
}

/*
 * Before an issue is opened: people are told of no branch that does not exist. A fork may be private, so nothing is
 * known of its branches.
 */
static bool is_untold(struct github_publishing *p) {
	const struct post *status = github_publish_find_row(p, POST_STATUS, 0);

	return status == NULL ||
		(!github_post_is_known(status) && status->intent_ms == 0 && status->suspect_ms == 0);
}

static bool needs_branch(struct github_publishing *p) {
	const char *fork = p->publish->incident->head_repository;

	return p->pull_request == 0 && p->publish->incident->branch[0] != '\0' &&
		(fork[0] == '\0' || !is_of_fork(p, fork)) && (is_untold(p) || p->locate.is_lost);
}

/*
 * There is no pull request of the number that CI told, so whose the branch is is not known by it. What was reported is
 * the head of the project's own branch of that name: somebody who may write has pushed it.
 */
static void read_branch(struct github_publishing *p) {
	const struct buffer *answer = &p->call.http.answer;
	json_t *branch = NULL;
	const char *sha;

	if (!p->locate.is_lost || github_json_load(answer->data, answer->len, &branch) < 0) {
		return;
	}
	sha = json_string_value(github_json_at(branch, "commit", "sha", NULL));
	if (sha != NULL && build_same_commit(sha, p->publish->incident->head_sha)) {
		p->locate.is_lost = false;
	}
	json_decref(branch);
}

/* The pull requests of a repository that was moved are found by its owner, who may be another one now. */
static bool needs_name(const struct github_publishing *p) {
	return p->pull_request == 0 && p->call.n_moves > 0 && p->locate.name[0] == '\0' &&
		!is_of_fork(p, head_repository(p));
}

static void tell_name(struct github_publishing *p) {
	bool *told = &github_publish_repository(p)->told_name;

	if (!*told) {
		log_warning("Project \"%s\" is called \"%s\" at GitHub by now: change its name in the configuration,"
			    " and where CI reports it.",
			github_publish_project(p), p->locate.name);
	}
	*told = true;
}

static int end_name(struct github_publishing *p) {
	const struct buffer *answer = &p->call.http.answer;
	json_t *value = NULL;

	if (!github_publish_went_well(p)) {
		return github_publish_refused(p);
	}
	if (github_json_load(answer->data, answer->len, &value) == 0) {
		(void)github_json_text(json_object_get(value, "full_name"), p->locate.name,
			sizeof(p->locate.name));
		json_decref(value);
	}
	if (p->locate.name[0] == '\0' || !is_of_fork(p, p->locate.name)) {
		(void)TEXT_SET(p->locate.name, github_publish_project(p));
	} else {
		tell_name(p);
	}
	p->locate.state = GITHUB_LOCATE_SEARCH;
	return ask_for_branch(p);
}

/* An answer with pull requests, or with one. */
static int end_search(struct github_publishing *p, bool named) {
	int r;

	if (named && is_gone(p)) {
		p->locate.is_lost = true;
		p->locate.is_nowhere = true;
		log_notice("Project \"%s\" has no pull request #%lld, which CI named for branch \"%s\": it is"
			   " looked for by the branch.",
			github_publish_project(p), (long long)likely_number(p),
			p->publish->incident->branch);
		r = 0;
	} else {
		r = github_publish_went_well(p) ? read_answer(p, named) : github_publish_refused(p);
	}
	if (r == 0 && named && p->pull_request == 0) {
		p->locate.state = GITHUB_LOCATE_SEARCH;
		return ask_for_branch(p);
	}
	if (r == 0 && !named && needs_name(p)) {
		p->locate.state = GITHUB_LOCATE_NAME;
		return ask_for_name(p);
	}
	p->locate.state = r == 0 && needs_branch(p) ? GITHUB_LOCATE_BRANCH : GITHUB_LOCATE_FOUND;
	return p->locate.state == GITHUB_LOCATE_BRANCH ? ask_whether_it_exists(p, "branches") : r;
}

/* A credential that may not read it tells nothing against it. CI that builds tags reports them as branches. */
static int end_branch(struct github_publishing *p) {
	if (p->locate.state == GITHUB_LOCATE_BRANCH && github_publish_went_well(p)) {
		read_branch(p);
	}
	if (is_gone(p) && p->locate.state == GITHUB_LOCATE_BRANCH) {
		p->locate.state = GITHUB_LOCATE_TAG;
		return ask_whether_it_exists(p, "git/ref/tags");
	}
	p->locate.state = GITHUB_LOCATE_FOUND;
	if (is_gone(p) && is_untold(p)) {
		return github_publish_fail(p, -ENOENT, false, 0,
			"There is no branch or tag \"%s\" in \"%s\", and no open pull request of it: nothing is"
			" posted unless it appears; was it reported with the right name?",
			p->publish->incident->branch, github_publish_project(p));
	}
	return is_gone(p) || github_publish_went_well(p) || is_not_told(p)
		? 0
		: github_publish_refused(p);
}

static int judge(struct github_publishing *p) {
	p->locate.state = GITHUB_LOCATE_END;
	if (p->pull_request > 0 && p->locate.is_ignored) {
		return keep_away(p);
	}
	if (p->publish->purpose != FORGE_REPORT || is_settled(p)) {
		return 0;
	}
	p->locate.state = GITHUB_LOCATE_PERMISSION;
	return ask_for_permission(p);
}

int github_locate_step(struct github_publishing *p) {
	struct github_locate *locate = &p->locate;
	int r = 0;

	/* Where to ask an agent is settled when there is a living post. */
	if (p->publish->purpose == FORGE_MENTION &&
		github_post_is_known(github_publish_find_row(p, POST_STATUS, 0))) {
		return 0;
	}
	while (r == 0 && locate->state != GITHUB_LOCATE_END) {
		switch (locate->state) {
		case GITHUB_LOCATE_START: r = begin(p); break;
		case GITHUB_LOCATE_PULL: r = end_search(p, true); break;
		case GITHUB_LOCATE_SEARCH: r = end_search(p, false); break;
		case GITHUB_LOCATE_NAME: r = end_name(p); break;
		case GITHUB_LOCATE_BRANCH:
		case GITHUB_LOCATE_TAG: r = end_branch(p); break;
		case GITHUB_LOCATE_FOUND: r = judge(p); break;
		case GITHUB_LOCATE_PERMISSION: r = end_permission(p); break;
		case GITHUB_LOCATE_END: break;
		}
	}
	return r;
}

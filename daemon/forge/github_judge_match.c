#include <ctype.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "common/text.h"
#include "daemon/forge/github_judge_internal.h"

/* ---- names ---- */

const char *github_subject(const struct github_check *check, char out[LIMIT_SUBJECT_MAX]) {
	const char *prefix = check->workflow[0] != '\0' ? check->workflow
		: check->kind == GITHUB_KIND_SUITE	? check->app
							: "";

	(void)text_format(out, LIMIT_SUBJECT_MAX, "%s%s%s", prefix,
		prefix[0] != '\0' && check->name[0] != '\0' ? " / " : "", check->name);
	return out;
}

static bool matches_one(const char *const *globs, size_t n, const char *name) {
	for (size_t i = 0; i < n; i++) {
		if (strcmp(globs[i], name) == 0 || fnmatch(globs[i], name, 0) == 0) {
			return true;
		}
	}
	return false;
}

bool github_matches(const char *const *globs, size_t n, const struct github_check *check) {
	char full[LIMIT_SUBJECT_MAX + LIMIT_NAME_MAX + 4];

	if (n == 0) {
		return false;
	}
	(void)text_format(full, sizeof(full), "%s / %s", check->workflow, check->name);
	if (check->workflow[0] != '\0' && matches_one(globs, n, full)) {
		return true;
	}
	return matches_one(globs, n,
		check->name[0] != '\0'		     ? check->name
			: check->workflow[0] != '\0' ? check->workflow
						     : check->app);
}

static bool is_ours(const struct judging *j, const struct github_check *check) {
	const struct github_policy *policy = j->policy;

	if (check->kind == GITHUB_KIND_STATUS) {
		const char *own = policy->own_context != NULL ? policy->own_context : "";

		return own[0] != '\0' && strcmp(check->name, own) == 0;
	}
	return policy->own_app != NULL && policy->own_app[0] != '\0' &&
		strcmp(check->app, policy->own_app) == 0;
}

bool github_is_left_out(const struct judging *j, const struct github_check *check) {
	return is_ours(j, check) || github_matches(j->policy->ignored, j->policy->n_ignored, check);
}

bool github_is_named(const struct github_check *check, const char *name) {
	return name != NULL && name[0] != '\0' &&
		(strcasecmp(check->name, name) == 0 || strcasecmp(check->workflow, name) == 0);
}

static bool is_word(const char *text, const char *at, size_t len) {
	return (at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[len]);
}

/* What follows the name is nothing, or the values of a matrix: " (ubuntu, 3.12)". */
static bool ends_there(const char *after) {
	int depth = 0;

	after += strspn(after, " ");
	if (*after != '(') {
		return *after == '\0';
	}
	do {
		depth += (*after == '(') - (*after == ')');
		after++;
	} while (*after != '\0' && depth > 0);
	return *after == '\0';
}

/* As GitHub makes them: "test", "test (ubuntu, 3.12)", "CI / test", "caller / test (1)". */
static bool is_job(const char *text, const char *at, size_t len) {
	static const char separator[] = " / ";
	size_t n = strlen(separator);

	return (at == text || ((size_t)(at - text) >= n && strncmp(at - n, separator, n) == 0)) &&
		ends_there(at + len);
}

/* As other CI systems do: "ci/circleci: test", "buildkite/web/test". */
static bool is_last_part(const char *text, const char *at, size_t len) {
	const char *before = at;

	while (before > text && before[-1] == ' ') {
		before--;
	}
	return (before == text || strchr("/:", before[-1]) != NULL) && ends_there(at + len);
}

/* "web.ci (test)" */
static bool is_in_group(const char *text, const char *at, size_t len) {
	return (at > text && at[-1] == '(' && strcmp(at + len, ")") == 0) ||
		is_last_part(text, at, len);
}

typedef bool whole_fn(const char *text, const char *at, size_t len);

static whole_fn *whole_of(const struct github_check *check) {
	static const struct {
		const char *app;
		whole_fn *is_whole;
	} apps[] = { { "azure-pipelines", is_in_group }, { GITHUB_ACTIONS_APP, is_job } };

	for (size_t i = 0; i < ARRAY_SIZE(apps); i++) {
		if (strcmp(check->app, apps[i].app) == 0) {
			return apps[i].is_whole;
		}
	}
	return is_last_part;
}

static bool holds(const char *text, const char *name, whole_fn *is_whole) {
	for (const char *at = text; (at = strcasestr(at, name)) != NULL; at++) {
		if (is_whole(text, at, strlen(name))) {
			return true;
		}
	}
	return false;
}

/* Many jobs have steps of one name: a step tells which check it is only where no job does. */
static const char *name_of(const char *job, const char *step) {
	return job != NULL && job[0] != '\0' ? job : step != NULL ? step : "";
}

bool github_is_called(const struct github_check *check, const char *job, const char *step) {
	const char *name = name_of(job, step);
	char full[LIMIT_SUBJECT_MAX + LIMIT_NAME_MAX + 4];

	(void)text_format(full, sizeof(full), "%s%s%s", check->workflow,
		check->workflow[0] != '\0' && check->name[0] != '\0' ? " / " : "", check->name);
	return name[0] != '\0' && !check->inexact && holds(full, name, whole_of(check));
}

bool github_mentions(const struct github_check *check, const char *job, const char *step) {
	const char *name = name_of(job, step);

	return name[0] != '\0' && (holds(check->name, name, is_word) || github_is_named(check, name));
}

const char *github_reported_name(const struct github_policy *policy) {
	return name_of(policy->report_job, policy->report_step);
}

bool github_is_surely_reported(const struct judging *j, const struct github_check *check) {
	return github_is_called(check, j->policy->report_job, j->policy->report_step);
}

/*
 * GitHub Actions calls its checks like their jobs, so that on another commit one that merely mentions the job may be
 * another job's. Another CI system may call them as it likes, but has none of GitHub Actions.
 */
static bool may_mention(const struct judging *j, const struct github_check *check) {
	return github_head_moved(j->snapshot, j->policy) == GITHUB_NO ||
		(j->policy->report_of_other_ci && strcmp(check->app, GITHUB_ACTIONS_APP) != 0);
}

bool github_is_reported(const struct judging *j, const struct github_check *check) {
	if (j->saw_surely_reported) {
		return github_is_surely_reported(j, check);
	}
	return github_mentions(check, j->policy->report_job, j->policy->report_step) &&
		may_mention(j, check);
}

/* ---- which run counts ---- */

bool github_passes(const struct github_check *check) {
	return check->status == GITHUB_STATUS_COMPLETED &&
		(check->conclusion == GITHUB_CONCLUSION_SUCCESS ||
			check->conclusion == GITHUB_CONCLUSION_NEUTRAL ||
			check->conclusion == GITHUB_CONCLUSION_SKIPPED);
}

/* Of what ended, or never will by itself. */
bool github_is_red(const struct github_check *check) {
	return check->status == GITHUB_STATUS_COMPLETED && !github_passes(check);
}

static bool is_rerun_of_same(const struct github_check *a, const struct github_check *b) {
	if (a->kind != b->kind || a->inexact || b->inexact || strcmp(a->name, b->name) != 0 ||
		strcmp(a->app, b->app) != 0 || strcmp(a->workflow, b->workflow) != 0 ||
		strcmp(a->event, b->event) != 0) {
		return false;
	}
	/* Without its workflow nothing but the suite tells two workflows' jobs of one name apart. */
	if (strcmp(a->app, GITHUB_ACTIONS_APP) == 0 && a->workflow[0] == '\0') {
		return a->suite_id != 0 && a->suite_id == b->suite_id;
	}
	return a->kind != GITHUB_KIND_UNREAD;
}

/* Whether `a` surely began after `b`: ids and times that contradict each other tell nothing. */
static bool is_newer(const struct github_check *a, const struct github_check *b) {
	int by_id = a->id > 0 && b->id > 0 ? (a->id > b->id) - (a->id < b->id) : 0;
	int by_time = a->started_ms > 0 && b->started_ms > 0
		? (a->started_ms > b->started_ms) - (a->started_ms < b->started_ms)
		: 0;

	return by_id + by_time > 0;
}

bool github_is_superseded(const struct github_check_list *list, const struct github_check *check) {
	for (size_t i = 0; i < list->n; i++) {
		if (is_rerun_of_same(&list->items[i], check) && is_newer(&list->items[i], check)) {
			return true;
		}
	}
	return false;
}

/* ---- one run of a workflow ---- */

/* Whether two are of one run of a workflow, as far as can be told: in doubt they are. */
bool github_is_same_run(const struct github_check *a, const struct github_check *b) {
	if (a->workflow_run_id > 0 && b->workflow_run_id > 0) {
		return a->workflow_run_id == b->workflow_run_id;
	}
	if (a->suite_id > 0 && b->suite_id > 0) {
		return a->suite_id == b->suite_id;
	}
	return a->kind != GITHUB_KIND_STATUS && b->kind != GITHUB_KIND_STATUS &&
		strcmp(a->app, b->app) == 0 && strcmp(a->workflow, b->workflow) == 0;
}

const struct github_check *github_red_in(
	const struct github_check_list *list, const struct github_check *of_run) {
	const struct github_check *found = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct github_check *check = &list->items[i];

		if (check != of_run && github_is_red(check) && github_is_same_run(check, of_run) &&
			!github_is_superseded(list, check)) {
			found = check;
			if (check->conclusion == GITHUB_CONCLUSION_FAILURE) {
				break;
			}
		}
	}
	return found;
}

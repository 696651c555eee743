#include "client/submission.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "client/ci_env.h"
#include "client/ci_source.h"
#include "client/context.h"
#include "client/failure.h"
#include "client/print.h"
#include "client/submission_parts.h"
#include "common/error_type.h"
#include "common/text.h"

#define NOTHING "nothing was reported: "

void submission_key(char out[CLIENT_KEY_MAX]) {
	uint64_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random)) {
		random = ((uint64_t)getpid() << 32) ^ (uint64_t)clock_mono_us();
	}
	(void)text_format(
		out, CLIENT_KEY_MAX, "%" PRIx64 "-%016" PRIx64, (uint64_t)clock_now_ms(), random);
}

/* Members */

/*
 * Words of a command line may be any bytes; the wire is UTF-8. Nothing is cut here: half a secret is not recognised.
 * Returns whether it was added, or absent.
 */
static bool set_text(json_t *object, const char *member, const char *text) {
	_cleanup_(freep) char *clean = NULL;

	if (text == NULL || text[0] == '\0') {
		return true;
	}
	if (text_is_name(text, strlen(text) + 1)) {
		return json_object_set_new(object, member, json_string(text)) == 0;
	}
	clean = text_clean(text, strlen(text));
	return clean != NULL && json_object_set_new(object, member, json_string(clean)) == 0;
}

/* A name is one line without blanks around it; a long command's beginning is name enough. */
static bool set_name(json_t *object, const char *member, const char *text) {
	_cleanup_(freep) char *clean = text != NULL ? text_clean(text, strlen(text)) : NULL;
	size_t begin, len;

	if (clean == NULL) {
		return text == NULL;
	}
	for (char *p = clean; *p != '\0'; p++) {
		if (*p == '\n' || *p == '\t') {
			*p = ' ';
		}
	}
	begin = strspn(clean, " ");
	len = strlen(clean + begin);
	while (len > 0 && clean[begin + len - 1] == ' ') {
		len--;
	}
	return len == 0 || json_object_set_new(object, member, json_stringn(clean + begin, len)) == 0;
}

static bool set_number(const struct invocation *inv, json_t *object, const char *member,
	const char *option, int64_t number) {
	if (number > INT32_MAX && command_forgives(inv)) {
		failure_warn("option \"--%s\" is too large; reporting without it", option);
		return true;
	}
	return number < 0 || json_object_set_new(object, member, json_integer(number)) == 0;
}

/* Where it comes from */

static bool add_ancestors(json_t *parameters, const struct ci_env *env) {
	json_t *ancestors = json_array();

	for (size_t i = 0; i < env->n_ancestors; i++) {
		if (json_array_append_new(ancestors, json_string(env->ancestors[i])) < 0) {
			json_decref(ancestors);
			return false;
		}
	}
	return json_object_set_new(parameters, "ancestors", ancestors) == 0;
}

/*
 * The project that was given; a URL becomes its name, so that no credential of it is recorded. "" when none was given,
 * or none that is understood: then git is asked.
 */
static int take_project(const struct invocation *inv, char out[CLIENT_NAME_MAX]) {
	const char *given = option_text(&inv->options, "project");

	if (given == NULL || ci_project_clean(given, out, CLIENT_NAME_MAX) == 0) {
		return 0;
	}
	if (!command_forgives(inv)) {
		return failure_report(FAILURE_USAGE, "give owner/name",
			NOTHING "option \"--project\" is neither a name nor the URL of a repository");
	}
	failure_warn(
		"option \"--project\" is neither a name nor the URL of a repository; asking git");
	return 0;
}

/* A URL loses its credentials; what is none then is left out, but for --strict. "" when there is none. */
static int take_url(const struct invocation *inv, const char *found, char out[CLIENT_URL_MAX]) {
	const char *given = option_text(&inv->options, "build-url");
	char url[CLIENT_URL_MAX];

	if (given == NULL || given[0] == '\0') {
		(void)text_copy(out, CLIENT_URL_MAX, given != NULL ? given : found);
		return 0;
	}
	if (text_copy(url, sizeof(url), given) && ci_shape(CI_SHAPE_URL, url, out, CLIENT_URL_MAX)) {
		return 0;
	}
	out[0] = '\0';
	if (!command_forgives(inv)) {
		return failure_report(FAILURE_USAGE, "give the address of a page",
			NOTHING "option \"--build-url\" is no http or https URL");
	}
	failure_warn("option \"--build-url\" is no http or https URL; reporting without it");
	return 0;
}

/* What was given; else what the CI system or git says, "" for nothing. */
static const char *given_or(const struct invocation *inv, const char *option, const char *found) {
	const char *given = option_text(&inv->options, option);

	return given != NULL ? given : found;
}

static bool add_build(const struct invocation *inv, const struct ci_env *env, const char *url,
	json_t *parameters) {
	int64_t found = env->pull_request > 0 ? env->pull_request : -1;

	return set_text(parameters, "buildNumber", given_or(inv, "build-number", env->build_number)) &&
		set_text(parameters, "buildUrl", url) &&
		set_text(parameters, "headRepository",
			given_or(inv, "head-repository", env->head_repository)) &&
		set_name(parameters, "job", given_or(inv, "job", env->job)) &&
		set_number(inv, parameters, "pullRequest", "pull-request",
			option_number(&inv->options, "pull-request", found));
}

/* What was not given comes from the CI system and git. Returns: 0; an exit code: they do not know either. */
static int add_place(const struct invocation *inv, int64_t deadline_us, json_t *parameters) {
	const char *branch = option_branch(&inv->options);
	const char *commit = option_text(&inv->options, "commit");
	char given[CLIENT_NAME_MAX] = "", url[CLIENT_URL_MAX];
	const char *project = given;
	int wanted, r = take_project(inv, given);
	struct ci_env env;

	if (r != 0) {
		return r;
	}
	wanted = CI_ANCESTORS | CI_BUILD | (given[0] == '\0' ? CI_PROJECT : 0) |
		(branch == NULL ? CI_BRANCH : 0) | (commit == NULL ? CI_COMMIT : 0);
	ci_env_collect(wanted, commit, deadline_us, &env);
	r = take_url(inv, env.build_url, url);
	if (r != 0) {
		return r;
	}
	project = given[0] != '\0' ? given : env.project;
	branch = branch != NULL ? branch : env.branch;
	commit = commit != NULL ? commit : env.commit;
	if (project[0] == '\0') {
		return failure_report(FAILURE_USAGE, "give it with --project",
			NOTHING "the project is not known");
	}
	if (branch[0] == '\0') {
		return failure_report(FAILURE_USAGE,
			"give it with --branch, and the commit with --commit",
			NOTHING "neither the CI system nor git says which branch this is");
	}
	/* Nothing is taken out of it: that would be another branch. Its length is seen to later. */
	if (!text_is_name(branch, strlen(branch) + 1)) {
		return failure_report(FAILURE_USAGE,
			"rename the branch, or give another name with --branch",
			NOTHING
			"the branch's name holds characters that no name has (control characters, "
			"invisible ones, a blank at an end, or what is not UTF-8)");
	}
	if (!set_text(parameters, "project", project) || !set_text(parameters, "branch", branch) ||
		!set_text(parameters, "commit", commit) || !add_ancestors(parameters, &env) ||
		!add_build(inv, &env, url, parameters)) {
		return failure_report(FAILURE_FAILED, NULL, "out of memory");
	}
	return 0;
}

/* What failed */

/* The type that result files speak of when the log does not say. */
static enum error_type type_of_results(const struct submission_results *results) {
	static const enum error_type types[RESULTS_KIND_COUNT] = {
		[RESULTS_COVERAGE] = ERROR_UNKNOWN,
		[RESULTS_LINT] = ERROR_LINT,
		[RESULTS_SECURITY] = ERROR_SECURITY_SCAN,
		[RESULTS_TESTS] = ERROR_TEST,
	};

	return results->failed ? types[results->kind] : ERROR_UNKNOWN;
}

/* Nobody gave a type: the scan's, else what result files tell, else unknown. */
static bool add_found_type(const struct step_outcome *outcome,
	const struct submission_results *results, const char *details, json_t *parameters) {
	const char *scanned = json_text(outcome->scan, "errorType");
	const char *headline = json_text(json_object_get(outcome->scan, "headline"), "text");
	enum error_type type = ERROR_UNKNOWN;

	if (error_type_parse(scanned, &type) < 0 || type == ERROR_UNKNOWN) {
		type = type_of_results(results);
	}
	if (details == NULL) {
		details = headline[0] != '\0' ? headline : results->why;
	}
	return set_text(parameters, "errorType", error_type_name(type)) &&
		set_text(parameters, "errorDetails", details);
}

/*
 * The old script took any word as a type, and a report lost to a misspelt one helps nobody: without --strict it becomes
 * an unknown failure, and the word stands before the details. Returns whether memory sufficed.
 */
static bool add_given_type(
	const struct invocation *inv, const char *type, const char *details, json_t *parameters) {
	_cleanup_(freep) char *both = NULL;
	enum error_type known;

	if (error_type_parse(type, &known) == 0 || option_flag(&inv->options, "strict")) {
		return set_text(parameters, "errorType", type) &&
			set_text(parameters, "errorDetails", details);
	}
	failure_warn("\"%s\" is no error type; reporting it as unknown_failure", type);
	if (asprintf(&both, "%s%s%s", type, details != NULL ? ": " : "",
		    details != NULL ? details : "") < 0) {
		both = NULL;
		return false;
	}
	return set_text(parameters, "errorType", error_type_name(ERROR_UNKNOWN)) &&
		set_text(parameters, "errorDetails", both);
}

/* `run` takes the step's command where others take a type. */
static bool add_type(const struct invocation *inv, const struct step_outcome *outcome,
	const struct submission_results *results, json_t *parameters) {
	bool typed = outcome->command == NULL;
	const char *type = typed ? command_argument(inv, 0) : NULL;
	const char *details = typed ? command_argument(inv, 1) : NULL;
	const char *headline = json_text(json_object_get(outcome->scan, "headline"), "text");

	if (type == NULL) {
		return add_found_type(outcome, results, details, parameters);
	}
	if (details == NULL && (headline[0] != '\0' || results->failed)) {
		details = headline[0] != '\0' ? headline : results->why;
	}
	return add_given_type(inv, type, details, parameters);
}

static bool add_failure(const struct invocation *inv, const struct step_outcome *outcome,
	const struct submission_results *results, json_t *parameters) {
	return add_type(inv, outcome, results, parameters) &&
		set_text(parameters, "log", outcome->log) &&
		(!json_is_object(outcome->scan) ||
			json_object_set_new(parameters, "scan", json_deep_copy(outcome->scan)) == 0) &&
		submission_add_findings(results, parameters) == 0;
}

static int add_context(int64_t deadline_us, json_t *parameters) {
	enum error_type type = ERROR_UNKNOWN;
	json_t *context = NULL;
	int r;

	(void)!error_type_parse(json_text(parameters, "errorType"), &type);
	r = context_collect(type, deadline_us, &context);
	if (r == 0 && json_object_size(context) > 0) {
		r = json_object_set(parameters, "context", context) < 0 ? -ENOMEM : 0;
	}
	json_decref(context);
	return r;
}

/* The whole */

static bool add_words(
	const struct invocation *inv, const struct step_outcome *outcome, json_t *parameters) {
	const char *key = option_text(&inv->options, "key");
	const char *command = given_or(inv, "command", outcome->command);
	char made[CLIENT_KEY_MAX];

	if (key == NULL) {
		submission_key(made);
		key = made;
	}
	return set_text(parameters, "key", key) && set_text(parameters, "command", command) &&
		set_name(parameters, "step", given_or(inv, "step", command)) &&
		set_number(inv, parameters, "exitCode", "exit-code", outcome->exit_code) &&
		json_object_set_new(parameters, "passed", json_boolean(outcome->passed)) == 0;
}

/* Numbers that tell of a failure beside a step that says it passed: who is right is not known, so nothing is green. */
static int check_results(
	const struct step_outcome *outcome, const struct submission_results *results) {
	if (!outcome->passed || !results->failed) {
		return 0;
	}
	return failure_report(FAILURE_REFUSED, "see the file, or report it as a failure",
		NOTHING "the step passed, and the file of --%s tells of a failure: %s",
		results_kind_name(results->kind), results->why);
}

/* Of the time that is left, so that the rest of the work has its part. */
static int64_t share_us(int64_t deadline_us, int64_t of_four) {
	int64_t now_us = clock_mono_us();

	return now_us + (deadline_us - now_us) / 4 * of_four;
}

static int fill(const struct invocation *inv, const struct step_outcome *outcome,
	int64_t deadline_us, json_t *parameters) {
	struct submission_results results;
	int r = submission_add_results(inv, outcome, share_us(deadline_us, 2), parameters, &results);

	r = r != 0 ? r : check_results(outcome, &results);
	if (r != 0) {
		return r;
	}
	if (!add_words(inv, outcome, parameters) ||
		(!outcome->passed && !add_failure(inv, outcome, &results, parameters))) {
		return failure_report(FAILURE_FAILED, NULL, "out of memory");
	}
	r = add_place(inv, share_us(deadline_us, 3), parameters);
	if (r != 0) {
		return r;
	}
	r = outcome->passed ? 0 : add_context(deadline_us, parameters);
	r = r < 0 ? r : submission_clean(parameters);
	return r < 0 ? failure_report(FAILURE_FAILED, NULL, NOTHING "%s",
			       r == -EMSGSIZE ? "it is too long" : "out of memory")
		     : 0;
}

int submission_create(const struct invocation *inv, const struct step_outcome *outcome,
	int64_t deadline_us, json_t **ret_parameters) {
	json_t *parameters = json_object();
	int r;

	if (parameters == NULL) {
		return failure_report(FAILURE_FAILED, NULL, "out of memory");
	}
	r = fill(inv, outcome, deadline_us, parameters);
	if (r != 0) {
		json_decref(parameters);
		return r;
	}
	*ret_parameters = parameters;
	return 0;
}

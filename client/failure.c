#include "client/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/limits.h"
#include "client/print.h"
#include "common/json_memory.h"
#include "common/text.h"

static const struct failure_row {
	const char *code;
	enum exit_code exit;
	const char *hint;
} failures[] = {
	[FAILURE_BUSY] = { "busy", EXIT_REFUSED, "try again in a moment" },
	[FAILURE_FAILED] = { "failed", EXIT_REFUSED, NULL },
	[FAILURE_INVALID_ARGUMENT] = { "invalid_argument", EXIT_USAGE, "see \"codegenctl help\"" },
	[FAILURE_INVALID_CONFIGURATION] = { "invalid_configuration", EXIT_CONFIGURATION,
		"the old settings stay in force; correct the file and reload again" },
	[FAILURE_NOT_FOUND] = { "not_found", EXIT_NOT_FOUND,
		"list what there is with \"codegenctl tasks\", \"incidents\" or \"reports\"" },
	[FAILURE_NOT_REACHABLE] = { "not_reachable", EXIT_NOT_REACHABLE,
		"start it with \"systemctl start codegend\" or \"codegend --user\", or name its socket "
		"with --socket" },
	[FAILURE_NOT_SUPPORTED] = { "not_supported", EXIT_REFUSED,
		"the daemon is of another version; compare with \"codegenctl version\"" },
	[FAILURE_PERMISSION] = { "permission", EXIT_PERMISSION,
		"ask an administrator to add you to the group of the socket, or use sudo" },
	[FAILURE_PROTOCOL] = { "protocol", EXIT_REFUSED, "check that the socket is codegend's" },
	[FAILURE_REFUSED] = { "refused", EXIT_REFUSED, NULL },
	[FAILURE_SHUTTING_DOWN] = { "shutting_down", EXIT_REFUSED, "try again when it is up again" },
	[FAILURE_STORE_FAILED] = { "store_failed", EXIT_REFUSED, "see the daemon's log" },
	[FAILURE_STORE_FULL] = { "store_full", EXIT_REFUSED,
		"make space on the disk of the state directory, then try again" },
	[FAILURE_TIMED_OUT] = { "timed_out", EXIT_PENDING,
		"\"codegenctl doctor\" says what does not answer, the daemon or a forge, and the daemon's log "
		"tells more; or give it more time with --timeout" },
	[FAILURE_USAGE] = { "usage", EXIT_USAGE, "see \"codegenctl help\"" },
};
_Static_assert(ARRAY_SIZE(failures) == FAILURE_COUNT, "a row for each failure");

static const struct error_row {
	const char *name;
	enum failure failure;
} errors[] = {
	/* sorted */
	{ "io.codegend.Busy", FAILURE_BUSY },
	{ "io.codegend.InvalidArgument", FAILURE_INVALID_ARGUMENT },
	{ "io.codegend.InvalidConfiguration", FAILURE_INVALID_CONFIGURATION },
	{ "io.codegend.NotFound", FAILURE_NOT_FOUND },
	{ "io.codegend.Refused", FAILURE_REFUSED },
	{ "io.codegend.ShuttingDown", FAILURE_SHUTTING_DOWN },
	{ "io.codegend.StoreFailed", FAILURE_STORE_FAILED },
	{ "io.codegend.StoreFull", FAILURE_STORE_FULL },
	{ "org.varlink.service.ExpectedMore", FAILURE_NOT_SUPPORTED },
	{ "org.varlink.service.InterfaceNotFound", FAILURE_NOT_SUPPORTED },
	{ "org.varlink.service.InvalidParameter", FAILURE_INVALID_ARGUMENT },
	{ "org.varlink.service.MethodNotFound", FAILURE_NOT_SUPPORTED },
	{ "org.varlink.service.MethodNotImplemented", FAILURE_NOT_SUPPORTED },
	{ "org.varlink.service.PermissionDenied", FAILURE_PERMISSION },
};

static bool failures_as_json;
static bool failure_reported;

void failure_set_json(bool json) {
	failures_as_json = json;
}

bool failure_is_json(void) {
	return failures_as_json;
}

bool failure_was_reported(void) {
	return failure_reported;
}

const char *failure_code(enum failure failure) {
	return failures[failure].code;
}

enum exit_code failure_exit(enum failure failure) {
	return failures[failure].exit;
}

const char *failure_hint(enum failure failure) {
	return failures[failure].hint;
}

static int error_compare(const void *name, const void *row) {
	return strcmp(name, ((const struct error_row *)row)->name);
}

enum failure failure_from_error(const char *name) {
	const struct error_row *row =
		bsearch(name, errors, ARRAY_SIZE(errors), sizeof(errors[0]), error_compare);

	return row != NULL ? row->failure : FAILURE_REFUSED;
}

/* Without memory for it the code still says what failed. */
static void print_json_error(const char *code, const char *message, const char *hint) {
	json_t *object = json_pack(
		"{s:{s:s, s:s, s:s?}}", "error", "code", code, "message", message, "hint", hint);
	_cleanup_(freep) char *text = object != NULL ? json_memory_dump(object, JSON_COMPACT) : NULL;

	if (text != NULL) {
		fprintf(stderr, "%s\n", text);
	} else {
		fprintf(stderr,
			"{\"error\":{\"code\":\"%s\",\"message\":\"out of memory\",\"hint\":null}}\n",
			code);
	}
	json_decref(object);
}

/* Joins message and hint into one sentence: the message's own full stop goes. */
static void print_sentence(const char *message, const char *hint) {
	size_t len = strlen(message);

	if (len > 0 && message[len - 1] == '.') {
		len--;
	}
	fprintf(stderr, "codegenctl: %.*s%s%s\n", (int)len, message, hint != NULL ? "; " : "",
		hint != NULL ? hint : "");
}

int failure_report(enum failure failure, const char *hint, const char *fmt, ...) {
	_cleanup_(freep) char *message = NULL, *clean_message = NULL, *clean_hint = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&message, fmt, ap);
	va_end(ap);
	if (r < 0) {
		message = NULL;
	}
	if (hint == NULL) {
		hint = failure_hint(failure);
	}
	clean_message = message != NULL ? print_one_line(message) : NULL;
	clean_hint = hint != NULL ? print_one_line(hint) : NULL;
	failure_reported = true;
	(failures_as_json ? print_json_error(failure_code(failure),
				    clean_message != NULL ? clean_message : "out of memory",
				    clean_hint)
			  : print_sentence(clean_message != NULL ? clean_message : "out of memory",
				    clean_hint));
	return (int)failure_exit(failure);
}

void failure_warn(const char *fmt, ...) {
	_cleanup_(freep) char *message = NULL, *clean = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&message, fmt, ap);
	va_end(ap);
	if (r < 0) {
		message = NULL;
		return;
	}
	clean = print_one_line(message);
	if (clean != NULL) {
		fprintf(stderr, "codegenctl: %s\n", clean);
	}
}

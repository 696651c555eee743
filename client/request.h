/*
 * request - calls of io.codegend as commands make them: every failure is printed here, once.
 *
 * Functions return the exit code; 0 is success. Outputs are untouched on failure.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "client/call.h"
#include "client/command.h"
#include "client/failure.h"
#include "common/macro.h"

/* Connects to the command's socket; each call then has the invocation's time limit. */
must_check int request_open(const struct invocation *inv, struct call_conn **ret_conn);

/*
 * Calls "io.codegend.`method`". Takes `parameters`; NULL: memory was short while they were made, a failure. Members
 * that are null are not sent.
 */
must_check int request_call(const struct invocation *inv, struct call_conn *conn,
	const char *method, json_t *parameters, json_t **ret_parameters);

/* For call_more(): takes out members that are null. */
void request_drop_nulls(json_t *parameters);

/* request_open() and request_call() in one. */
must_check int request_once(const struct invocation *inv, const char *method, json_t *parameters,
	json_t **ret_parameters);

/*
 * Pages through a list method: up to `limit` (0: all) of the array `member`, as {member: [...], "total": N}. Takes
 * `parameters`.
 */
must_check int request_list(const struct invocation *inv, const char *method, const char *member,
	json_t *parameters, int64_t limit, json_t **ret_list);

/* Prints what went wrong: a negative errno of client/call.h, or the error in `reply`. */
int request_failed(const struct invocation *inv, int status);
int request_refused(const struct call_reply *reply);

/* What request_failed() says, without saying it. `*ret_sentence` is static, until the next call. */
enum failure request_problem(int status, const char **ret_sentence);

/* Where the command's socket is. Returns: 0; an exit code. */
must_check int request_socket(const struct invocation *inv, char path[ADDRESS_PATH_MAX]);

/* What a command with one text or document ends with: prints it. Returns the exit code. */
must_check int request_print_text(const char *text);
must_check int request_print_json(const json_t *document);

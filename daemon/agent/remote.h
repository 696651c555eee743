/*
 * remote - one call to codegend-agent over its socket (daemon/model/agent_call.h). Loop thread only.
 *
 * What comes back is bounded by LIMIT_AGENT_ANSWER_MAX_BYTES and, like everything from outside, not believed to be
 * more than well-formed JSON.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/macro.h"

struct remote;

struct remote_answer {
	/*
	 * 0: an answer; the first of the others that is true: -ENOENT, -ECONNREFUSED, -EACCES, … there is nobody to
	 * ask; -ECONNRESET, it hung up; -EPROTO, what it says is not understood; -ETIMEDOUT, it says nothing.
	 */
	int status;
	const char *error;	  /* NULL: it succeeded. Borrowed, as the next */
	const json_t *parameters; /* may be NULL */
};

struct remote_events {
	void (*continued)(void *user); /* an answer that is not the last; may be NULL */
	void (*ended)(void *user, const struct remote_answer *answer);
};

/*
 * Connects to `path` and sends `call`, copied. `ended` runs once, never from inside a call here, and `remote` is gone
 * afterwards; `patience_ms` for the next answer, then it ends with -ETIMEDOUT.
 * Returns: 0; -EMSGSIZE, the call is too long; -ENAMETOOLONG; -ENOMEM: `ended` never runs.
 */
must_check int remote_call(uv_loop_t *loop, const char *path, const json_t *call, int64_t patience_ms,
	const struct remote_events *events, void *user, struct remote **ret_remote);
/* Another patience, from now on. */
void remote_await(struct remote *remote, int64_t patience_ms);
/* Sends a further call that has no answer. Returns: 0; -ENOTCONN, the first is not sent yet; other errno. */
must_check int remote_tell(struct remote *remote, const char *method);
/* Hangs up; `ended` runs later with `status`, unless it has ended by itself. */
void remote_give_up(struct remote *remote, int status);

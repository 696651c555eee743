/*
 * github_internal - what the files of the client share. Loop thread only.
 */
#pragma once

#include "daemon/forge/github.h"

/* github.c; reads the credential anew. Returns whether it is another one now, or came or went. */
bool github_read_credential(struct github *github);
/* Limits or pauses changed: the engine looks again. */
void github_tell_changed(struct github *github);
/* Closes what is open when nothing is in flight any more. */
void github_close_when_idle(struct github *github);
void github_close_handle(struct github *github, void *handle);

/* github_client.c */
/* Makes the handles, those of the batches as well. Returns: 0; else none was made. */
must_check int github_client_open(struct github *github);
void github_client_close(struct github *github);
void github_client_close_handles(struct github *github);
/* Sends what may go. */
void github_pump(struct github *github);
/* Ends a call that is in no queue of http; `done` runs from the loop. */
void github_call_end(struct github_call *call, int status);
/* Ends a call, which was not sent, as the one ended that it needed: -EAGAIN, or `status` -ECANCELED. */
void github_call_end_like(struct github_call *call, const struct github_call *other, int status);
/* Puts a call into its queue. */
void github_call_queue(struct github_call *call);

/* github_answer.c; of an answer that arrived. Returns whether the call is to go out again: it was moved, or there is a
 * newer credential. */
bool github_answer_take(struct github_call *call);
/* Sets `sentence`, `passing`, `retry_ms`, `doubtful`; `meaning` is set when it was answered, or not sent. */
void github_answer_explain(struct github_call *call, int status);
/* The part of a URL behind the API's own; NULL: it is none of the API's. */
const char *github_path_of_url(const struct github *github, const char *url);

/* github_app.c */
must_check int github_app_open(struct github *github);
void github_app_finish(struct github *github);
/* Loads the key; its PEM is `github->secret`. Returns whether it is one; `ret_problem` says what is wrong. */
bool github_app_load_key(struct github *github, char ret_problem[LIMIT_SENTENCE_MAX]);
/* What a call has to bear; the caller wipes and frees it. Returns: 0; -ENOKEY, none is there; -ENOMEM; of signing. */
must_check int github_app_bearer(const struct github_call *call, char **ret_bearer);
/* Whether there is a token for the call that lasts. */
bool github_app_has_token(const struct github_call *call);
/* Lets the call wait for one. Returns: 0; -ENOMEM; -EINVAL, its project is no "owner/name". */
must_check int github_app_wait(struct github_call *call);
/* Tokens and ids are asked for anew: there is another key, or other settings. */
void github_app_forget(struct github *github);
/*
 * The token that the call went out with is no good. Returns whether another one is worth a try: not when the call goes
 * out `once`, and the token was made since the last such call was refused. Those go one at a time, so that it bore it.
 */
must_check bool github_app_drop_token(const struct github_call *call);
/* A call that goes out `once` was not refused for its token. */
void github_app_trust_token(const struct github_call *call);

/* github_identity.c */
void github_identity_forget(struct github *github);
/* Goes on with what was asked of github_identify(). */
void github_identity_woken(struct github *github);
void github_identity_warn(struct github *github);
/* Finds out whether it has to warn, without anything to publish yet. Nothing is lost when it cannot. */
void github_identity_learn(struct github *github);

/* github_batch.c */
must_check int github_batches_open(struct github *github);
void github_batches_open_handles(struct github *github);
void github_batches_close_handles(struct github *github);
void github_batches_close(struct github *github);
void github_batches_finish(struct github *github);
bool github_batches_are_idle(const struct github *github);
void github_batches_woken(struct github *github); /* runs the `done` of what ended */

/* github_look.c: what becomes of one look */
/* Puts it into the next query. */
void github_look_gather(struct github_look *look);
/* Puts it into a query after `ms`. */
void github_look_sleep(struct github_look *look, int64_t ms);
/* `done` runs from the loop. */
void github_look_end(struct github_look *look, int status);
/* Ends it as the call that asked about it ended, which was not answered as it should. */
void github_look_fail(struct github_look *look, const struct github_call *call, int status);
/* Takes over what `fresh` holds, and asks for what it did not tell. */
void github_look_take(struct github_look *look, struct github_snapshot *fresh);
/* What is known by now is all there is, or something is still to be asked. */
void github_look_advance(struct github_look *look);

/* github_rest.c */
enum { /* bits: what may be asked for one by one */
	GITHUB_REST_STATUSES = 1,
	GITHUB_REST_CHECK_RUNS = 2,
	GITHUB_REST_ACTIONS_RUNS = 4,
	GITHUB_REST_PULL = 8,
	GITHUB_REST_JOBS = 16,
};
/* The next thing that GraphQL did not tell and REST may; 0: none. */
unsigned github_rest_wanted(const struct github_look *look);
/* Asks for it; github_look_advance() goes on, or github_look_fail() ends. Returns: 0; as github_send(). */
must_check int github_rest_ask(struct github_look *look, unsigned part);
void github_rest_cancel(struct github_look *look);

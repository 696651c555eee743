/*
 * peer - a daemon that answers with what is written down for each method, for tests of the client.
 *
 * A process of its own: what fails in the test does not fail there. It takes one connection after the other.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#define PEER_SAID_MAX_BYTES (256 * 1024)

/* Listens at `socket`. `answers`: a file with {method: parameters, or a list of those of several answers}. */
void peer_start(const char *socket, const char *answers);
void peer_stop(void);

/* What it answers to that method; borrowed, and a test's to change between two calls. */
json_t *peer_answer(const char *method);

/* From now on that method is answered with `answer`, as in the file. */
void peer_answers(const char *method, const json_t *answer);
/* ... with these bytes, and the end of the connection when the last is no NUL. */
void peer_says(const char *method, const char *bytes, size_t len);
/* ... and none differently. */
void peer_is_itself(void);

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cmd.h"
#include "client/failure.h"
#include "client/secrets.h"
#include "common/buffer.h"
#include "common/fd.h"
#include "common/redact/redact.h"

/* Read at once. What a read gives is written before the next one, so a pipe that pauses has its lines through. */
#define CHUNK_BYTES (256 * 1024)

static int flush(struct buffer *out) {
	int r = fd_write_all(STDOUT_FILENO, out->data, out->len);

	buffer_consume(out, out->len);
	return r;
}

/* Copies until the end of input. Returns: 0; negative errno, `*ret_problem` says of what. */
static int filter(
	struct redactor *redactor, char *chunk, struct buffer *out, const char **ret_problem) {
	for (;;) {
		ssize_t n = read(STDIN_FILENO, chunk, CHUNK_BYTES);
		int r;

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			*ret_problem = "Standard input cannot be read";
			return -errno;
		}
		*ret_problem = "The text cannot be redacted";
		r = n > 0 ? redactor_feed(redactor, chunk, (size_t)n, out)
			  : redactor_end(redactor, out);
		if (r < 0) {
			return r;
		}
		*ret_problem = "Standard output cannot be written";
		r = flush(out);
		if (r < 0 || n == 0) {
			return r;
		}
	}
}

int cmd_redact(const struct invocation *inv) {
	_cleanup_(redactor_destroyp) struct redactor *redactor = NULL;
	_cleanup_(buffer_finish) struct buffer out;
	_cleanup_(freep) char *chunk = malloc(CHUNK_BYTES);
	const char *problem = "The text cannot be redacted";
	int r = chunk == NULL ? -ENOMEM : secrets_redactor(&redactor);

	buffer_init(&out, SIZE_MAX / 4);
	if (r == 0) {
		r = filter(redactor, chunk, &out, &problem);
	}
	if (r == -EPIPE) {
		return EXIT_REFUSED; /* nobody reads on */
	}
	if (r < 0) {
		return failure_report(FAILURE_FAILED, NULL, "%s: %s.", problem, strerror(-r));
	}
	return EXIT_DONE;
}

#include "client/run_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/run_plan.h"
#include "common/fd.h"

void run_hold_standard(void) {
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_CLOEXEC) != fd) {
			return;
		}
	}
}

static int open_pipe(struct run_stream *stream) {
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	stream->from = ends[0];
	stream->child = ends[1];
	return fcntl(ends[0], F_SETFL, O_RDONLY | O_NONBLOCK) < 0 ? -errno : 0;
}

static int open_stream(struct run_stream *stream, int standard, enum run_way way) {
	int r;

	*stream = (struct run_stream){ .from = -1, .child = -1, .is_pty = way == RUN_WAY_PTY };
	stream->data = malloc(RUN_CHUNK_BYTES);
	if (stream->data == NULL) {
		return -ENOMEM;
	}
	if (stream->is_pty) {
		r = run_pty_open(&stream->pty, standard);
		if (r == 0) {
			stream->from = stream->pty.master;
			stream->child = stream->pty.slave;
		}
	} else {
		r = open_pipe(stream);
	}
	if (r == 0) {
		run_sink_open(&stream->sink, standard);
		stream->is_for[standard] = true;
	}
	return r;
}

static void close_stream(struct run_stream *stream) {
	stream->from = fd_close(stream->from);
	stream->child = fd_close(stream->child);
	run_sink_close(&stream->sink);
	free(stream->data);
	stream->data = NULL;
}

/* What cannot be opened is the step's directly: its output matters more than our seeing it. */
static void add_stream(struct run_streams *streams, int standard, enum run_way way) {
	struct run_stream *stream = &streams->stream[streams->n];

	if (open_stream(stream, standard, way) == 0) {
		streams->n++;
	} else {
		close_stream(stream);
	}
}

void run_streams_open(struct run_streams *streams) {
	enum run_way out = run_plan_way(STDOUT_FILENO), err = run_plan_way(STDERR_FILENO);

	*streams = (struct run_streams){ 0 };
	if (out != RUN_WAY_DIRECT) {
		add_stream(streams, STDOUT_FILENO, out);
	}
	if (err == RUN_WAY_DIRECT) {
		return;
	}
	if (out != RUN_WAY_DIRECT && run_plan_is_same(STDOUT_FILENO, STDERR_FILENO)) {
		/* Without a stream for the one there is none for the other. */
		streams->stream[0].is_for[STDERR_FILENO] = streams->n > 0;
	} else {
		add_stream(streams, STDERR_FILENO, err);
	}
}

void run_streams_close(struct run_streams *streams) {
	for (size_t i = 0; i < streams->n; i++) {
		close_stream(&streams->stream[i]);
	}
	streams->n = 0;
}

void run_streams_enter(const struct run_streams *streams) {
	for (size_t i = 0; i < streams->n; i++) {
		for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
			if (streams->stream[i].is_for[fd]) {
				(void)dup2(streams->stream[i].child, fd);
			}
		}
	}
}

static void replace_by_null(int standard) {
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		(void)dup3(null, standard, O_CLOEXEC);
		(void)fd_close(null);
	}
}

static bool is_ours(const struct run_streams *streams, const int *keep, size_t n_keep, int fd) {
	bool ours = false;

	for (size_t i = 0; i < n_keep; i++) {
		ours = ours || fd == keep[i];
	}
	for (size_t i = 0; i < streams->n; i++) {
		ours = ours || fd == streams->stream[i].from || fd == streams->stream[i].sink.fd;
	}
	return ours;
}

static int highest_of(const struct run_streams *streams, const int *keep, size_t n_keep) {
	int highest = STDERR_FILENO;

	for (size_t i = 0; i < n_keep; i++) {
		highest = MAX(highest, keep[i]);
	}
	for (size_t i = 0; i < streams->n; i++) {
		highest = MAX(highest, MAX(streams->stream[i].from, streams->stream[i].sink.fd));
	}
	return highest;
}

void run_streams_leave(struct run_streams *streams, const int *keep, size_t n_keep) {
	int highest = highest_of(streams, keep, n_keep);

	for (size_t i = 0; i < streams->n; i++) {
		streams->stream[i].child = fd_close(streams->stream[i].child);
	}
	/* Who waits for the end of one of these waits for the step, not for us. */
	replace_by_null(STDIN_FILENO);
	for (int fd = STDERR_FILENO + 1; fd < highest; fd++) {
		if (!is_ours(streams, keep, n_keep, fd)) {
			(void)close(fd);
		}
	}
	fd_close_from(highest + 1);
}

void run_streams_release(struct run_streams *streams) {
	bool used[STDERR_FILENO + 1] = { false };

	for (size_t i = 0; i < streams->n; i++) {
		const struct run_stream *stream = &streams->stream[i];

		if (stream->from >= 0 || stream->begin < stream->end) {
			used[stream->sink.standard] = true;
		}
	}
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
		if (!used[fd]) {
			replace_by_null(fd);
		}
	}
	run_streams_leave(streams, NULL, 0);
}

size_t run_streams_polls(const struct run_streams *streams, struct pollfd polls[RUN_POLLS_MAX]) {
	size_t n = 0;

	for (size_t i = 0; i < streams->n; i++) {
		const struct run_stream *stream = &streams->stream[i];

		if (stream->begin < stream->end) {
			polls[n++] = (struct pollfd){ .fd = stream->sink.fd, .events = POLLOUT };
		} else if (stream->from >= 0) {
			polls[n++] = (struct pollfd){ .fd = stream->from, .events = POLLIN };
			if (stream->sink.tells) {
				polls[n++] = (struct pollfd){ .fd = stream->sink.fd };
			}
		}
	}
	return n;
}

/* Nobody writes any more. Who reads our standard output sees its end when the step has closed it, not when we end. */
static void end_stream(struct run_stream *stream) {
	stream->from = fd_close(stream->from);
	run_sink_close(&stream->sink);
	if (!stream->is_for[STDERR_FILENO]) {
		replace_by_null(stream->sink.standard);
	}
}

/* Returns whether there was something, or the end. */
static bool fill(struct run_stream *stream) {
	ssize_t n;

	do {
		n = read(stream->from, stream->data, RUN_CHUNK_BYTES);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		stream->owed = 0;
		return false;
	}
	stream->begin = 0;
	stream->end = n > 0 ? (size_t)n : 0;
	if (n <= 0) {
		/* A terminal that everybody has closed gives EIO. */
		end_stream(stream);
	} else {
		stream->owed -= n;
	}
	if (stream->is_pty && n > 0) {
		run_pty_follow(&stream->pty);
	}
	return true;
}

/*
 * Returns whether all of it is gone, or lost. For a full disk nothing can stand in: what comes after that is lost, and
 * the step goes on to its own end.
 */
static bool drain(struct run_stream *stream) {
	while (stream->begin < stream->end && stream->status == 0) {
		ssize_t n = run_sink_write(
			&stream->sink, stream->data + stream->begin, stream->end - stream->begin);

		if (n == -EAGAIN) {
			return false;
		}
		if (n < 0) {
			stream->status = (int)n;
		} else {
			stream->begin += (size_t)n;
		}
	}
	stream->begin = stream->end;
	return true;
}

static bool nobody_reads(const struct run_stream *stream) {
	struct pollfd ready = { .fd = stream->sink.fd };

	return stream->sink.tells && poll(&ready, 1, 0) > 0 && (ready.revents & POLLERR) != 0;
}

bool run_stream_lost_reader(const struct run_stream *stream) {
	return stream->status == -EPIPE || stream->status == -ECONNRESET ||
		(stream->status == -EIO && stream->is_pty);
}

static void move(struct run_streams *streams, size_t i, run_passed_fn *passed, void *data) {
	struct run_stream *stream = &streams->stream[i];

	if (stream->begin == stream->end) {
		if (stream->from < 0 || !fill(stream)) {
			return;
		}
	}
	if (!drain(stream)) {
		return;
	}
	if (stream->end > 0) {
		passed(data, i, stream->data, stream->end);
	}
	stream->begin = stream->end = 0;
}

void run_streams_move(struct run_streams *streams, run_passed_fn *passed, void *data) {
	for (size_t i = 0; i < streams->n; i++) {
		struct run_stream *stream = &streams->stream[i];

		move(streams, i, passed, data);
		if (stream->from < 0 || stream->begin < stream->end) {
			continue;
		}
		if (stream->status == 0 && nobody_reads(stream)) {
			stream->status = -EPIPE;
		}
		/* The step then finds out as it would have: by SIGPIPE, or EPIPE. */
		if (run_stream_lost_reader(stream)) {
			end_stream(stream);
		}
	}
}

void run_streams_settle(struct run_streams *streams) {
	for (size_t i = 0; i < streams->n; i++) {
		int n = 0;

		if (streams->stream[i].from >= 0 &&
			ioctl(streams->stream[i].from, FIONREAD, &n) == 0) {
			streams->stream[i].owed = n;
		}
	}
}

bool run_streams_settled(const struct run_streams *streams) {
	bool settled = true;

	for (size_t i = 0; i < streams->n; i++) {
		const struct run_stream *stream = &streams->stream[i];

		settled = settled && stream->begin == stream->end &&
			(stream->from < 0 || stream->owed <= 0);
	}
	return settled;
}

bool run_streams_ended(const struct run_streams *streams) {
	bool ended = true;

	for (size_t i = 0; i < streams->n; i++) {
		const struct run_stream *stream = &streams->stream[i];

		ended = ended && stream->begin == stream->end && stream->from < 0;
	}
	return ended;
}

bool run_streams_resize(struct run_streams *streams) {
	bool resized = false;

	for (size_t i = 0; i < streams->n; i++) {
		if (streams->stream[i].is_pty && streams->stream[i].from >= 0) {
			resized = run_pty_resize(&streams->stream[i].pty) || resized;
		}
	}
	return resized;
}

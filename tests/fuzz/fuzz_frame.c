/* Messages of a stream: the same ones however it is cut, and what is written is read back. The first line cuts it. */
#include <errno.h>

#include "common/frame.h"
#include "tests/fuzz/fuzz.h"

#define MAX_BYTES 4096
#define MAX_DEPTH 16
#define MESSAGES_MAX 64

struct stream {
	json_t *messages[MESSAGES_MAX];
	size_t n;
	int status;
};

static void take(struct frame_reader *reader, struct stream *stream) {
	stream->status = 1;
	while (stream->status == 1 && stream->n < MESSAGES_MAX) {
		stream->status = frame_reader_next(reader, &stream->messages[stream->n]);
		stream->n += stream->status == 1;
	}
}

/* `state` 0: whole. */
static void read_stream(struct fuzz in, uint32_t state, struct stream *stream) {
	struct frame_reader reader;

	*stream = (struct stream){ 0 };
	frame_reader_init(&reader, MAX_BYTES, MAX_DEPTH);
	while (in.len > 0 && stream->status >= 0 && stream->n < MESSAGES_MAX) {
		struct fuzz rest = in;
		struct fuzz piece = state != 0 ? fuzz_piece(&rest, &state) : in;
		size_t space;
		char *to = frame_reader_space(&reader, piece.len, &space);

		if (to == NULL) {
			stream->status = -EMSGSIZE;
			break;
		}
		FUZZ_CHECK(space > 0);
		space = MIN(space, piece.len);
		memcpy(to, in.data, space);
		frame_reader_filled(&reader, space);
		in.data += space;
		in.len -= space;
		take(&reader, stream);
	}
	frame_reader_finish(&reader);
}

static void write_back(json_t *message) {
	struct buffer out;
	struct stream again;

	buffer_init(&out, 8 * MAX_BYTES);
	FUZZ_CHECK(json_is_object(message));
	FUZZ_CHECK(frame_append(&out, message) == 0);
	if (out.len <= MAX_BYTES) {
		read_stream((struct fuzz){ out.data, out.len }, 0, &again);
		FUZZ_CHECK(again.n == 1 && json_equal(message, again.messages[0]));
		json_decref(again.messages[0]);
	}
	buffer_finish(&out);
}

void fuzz_one(struct fuzz in) {
	uint32_t state = 1 + (uint32_t)fuzz_choice(fuzz_line(&in), UINT32_MAX);
	struct stream whole, cut;

	read_stream(in, 0, &whole);
	read_stream(in, state, &cut);
	FUZZ_CHECK(whole.n == cut.n && whole.status == cut.status);
	for (size_t i = 0; i < whole.n; i++) {
		FUZZ_CHECK(json_equal(whole.messages[i], cut.messages[i]));
		write_back(whole.messages[i]);
		json_decref(whole.messages[i]);
		json_decref(cut.messages[i]);
	}
}

#include "common/log_journal.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"

#define JOURNAL_BUFFER_BYTES (1024 * 1024) /* asked for; the kernel may give less */
#define JOURNAL_WAIT_US 200000
#define JOURNAL_PARTS 4 /* of a field: name, mark, value, line's end */

static int journal_fd = -1;
static struct sockaddr_un journal_address;

/* What stands between name and value: a line's end, and the value's length as 64 bits, the lowest first. */
struct mark {
	char line_end;
	uint64_t length;
} __attribute__((packed));
_Static_assert(sizeof(struct mark) == 9, "as it is sent");

int journal_open(const char *path) {
	const struct timeval wait = { .tv_usec = JOURNAL_WAIT_US };
	const int bytes = JOURNAL_BUFFER_BYTES;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (!TEXT_SET(address.sun_path, path)) {
		return -ENAMETOOLONG;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	/* A smaller buffer will do, and a longer wait as well. */
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	journal_close();
	journal_address = address;
	journal_fd = fd;
	return 0;
}

void journal_close(void) {
	journal_fd = fd_close(journal_fd);
}

static struct iovec part(const void *data, size_t len) {
	return (struct iovec){ .iov_base = (void *)data, .iov_len = len };
}

int journal_send(const struct journal_field *fields, size_t n, bool wait) {
	struct mark marks[JOURNAL_FIELDS_MAX];
	struct iovec parts[JOURNAL_FIELDS_MAX * JOURNAL_PARTS];
	struct msghdr message = { .msg_name = &journal_address,
		.msg_namelen = sizeof(journal_address),
		.msg_iov = parts,
		.msg_iovlen = n * JOURNAL_PARTS };
	ssize_t sent;

	assert(n <= JOURNAL_FIELDS_MAX);
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(fields[i].value);
		struct iovec *field = &parts[i * JOURNAL_PARTS];

		marks[i] = (struct mark){ .line_end = '\n', .length = htole64(len) };
		field[0] = part(fields[i].name, strlen(fields[i].name));
		field[1] = part(&marks[i], sizeof(marks[i]));
		field[2] = part(fields[i].value, len);
		field[3] = part("\n", 1);
	}
	if (journal_fd < 0) {
		return -ENOTCONN;
	}
	do {
		sent = sendmsg(journal_fd, &message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

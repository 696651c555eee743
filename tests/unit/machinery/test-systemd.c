/* What a manager would see and hand over. Without libsystemd the same calls do nothing. */
#include "daemon/systemd.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef HAVE_SYSTEMD
#define WITH_SYSTEMD 1
#else
#define WITH_SYSTEMD 0
#endif

static void test_without_manager(void **state) {
	systemd_ready("Ready.");
	systemd_status(NULL);
	systemd_alive();
	assert_int_equal(systemd_watchdog_ms(), 0);
	assert_int_equal(systemd_take_socket("control"), -1);
}

static void expect_message(int fd, const char *expected) {
	char message[512] = "";
	ssize_t n = recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT);

	if (!WITH_SYSTEMD) {
		assert_int_equal(n, -1);
		return;
	}
	assert_true(n > 0);
	assert_memory_equal(message, expected, strlen(expected));
}

static void test_messages(void **state) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char directory[] = "/tmp/test-systemd-XXXXXX";

	assert_non_null(mkdtemp(directory));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", directory);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	systemd_ready("Serving.");
	expect_message(fd, "READY=1\nSTATUS=Serving.");
	systemd_reloading();
	expect_message(fd, "RELOADING=1\nMONOTONIC_USEC=");
	systemd_stopping(NULL);
	expect_message(fd, "STOPPING=1");
	systemd_status("Busy.");
	expect_message(fd, "STATUS=Busy.");
	systemd_alive();
	expect_message(fd, "WATCHDOG=1");
	unsetenv("NOTIFY_SOCKET");
	unlink(address.sun_path);
	rmdir(directory);
	close(fd);
}

static void test_watchdog(void **state) {
	setenv("WATCHDOG_USEC", "30000000", 1);
	assert_int_equal(systemd_watchdog_ms(), WITH_SYSTEMD ? 5000 : 0);
	unsetenv("WATCHDOG_USEC");
}

static void test_journal(void **state) {
	char stream[64];
	struct stat st;

	unsetenv("JOURNAL_STREAM");
	assert_false(systemd_has_journal());
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
		(unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	assert_true(systemd_has_journal());
	/* Another file: standard error was redirected since. */
	setenv("JOURNAL_STREAM", "1:1", 1);
	assert_false(systemd_has_journal());
	unsetenv("JOURNAL_STREAM");
}

/* Descriptors 3 and 4, as a manager hands them over. They replace what the test runner left there. */
static void test_sockets(void **state) {
	struct sockaddr_un address = { .sun_family = AF_UNIX }; /* a name of the kernel's choice */
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char pid[16];

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(dup2(fd, 3), 3);
	assert_int_equal(dup2(STDERR_FILENO, 4), 4);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "2", 1);
	setenv("LISTEN_FDNAMES", "submit:control", 1);
	assert_int_equal(systemd_take_socket("other"), -1);
	assert_int_equal(systemd_take_socket("control"), WITH_SYSTEMD ? -EINVAL : -1);
	assert_int_equal(systemd_take_socket("submit"), WITH_SYSTEMD ? 3 : -1);
	assert_int_equal(systemd_take_socket("submit"), -1);
	assert_true(!WITH_SYSTEMD || (fcntl(3, F_GETFD) & FD_CLOEXEC));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_manager),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_sockets),
	};

	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

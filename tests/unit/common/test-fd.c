#include "common/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each test runs in a directory of its own. */
static char test_dir[64];

/* What was made to survive a power cut, by its inode. */
static ino_t synced[32];
static size_t n_synced;
static int sync_error;

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd) {
	struct stat st;

	if (sync_error != 0) {
		errno = sync_error;
		return -1;
	}
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(n_synced < ARRAY_SIZE(synced));
	synced[n_synced++] = st.st_ino;
	return __real_fsync(fd);
}

static int enter_dir(void **state) {
	n_synced = 0;
	sync_error = 0;
	snprintf(test_dir, sizeof(test_dir), "/tmp/test-fd.XXXXXX");
	return mkdtemp(test_dir) == NULL ? -1 : chdir(test_dir);
}

static int leave_dir(void **state) {
	return chdir("/") < 0 ? -1 : fd_remove_tree(test_dir);
}

static void write_file(const char *path, const char *text) {
	assert_int_equal(fd_write_file_atomic(path, text, strlen(text), 0644), 0);
}

static void expect_file(const char *path, const char *text) {
	_cleanup_(freep) char *data = NULL;
	size_t len = 0;

	assert_int_equal(fd_read_file(path, 1000, &data, &len), 0);
	assert_string_equal(data, text);
	assert_int_equal(len, strlen(text));
}

static mode_t mode_of(const char *path) {
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static size_t count_entries(const char *path) {
	DIR *dir = opendir(path);
	size_t n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL) {
		n++;
	}
	closedir(dir);
	return n - 2;
}

static void closing_keeps_errno(void **state) {
	int fd = open(".", O_RDONLY | O_CLOEXEC);

	errno = ENOSPC;
	assert_int_equal(fd_close(fd), -1);
	assert_int_equal(fd_close(-1), -1);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void a_file_is_read_up_to_its_bound(void **state) {
	_cleanup_(freep) char *data = NULL;
	char *untouched = NULL;
	size_t len = 7;

	write_file("f", "12345");
	assert_int_equal(fd_read_file("f", 5, &data, NULL), 0);
	assert_string_equal(data, "12345");
	assert_int_equal(fd_read_file("f", 4, &untouched, &len), -EFBIG);
	assert_int_equal(fd_read_file("missing", 4, &untouched, &len), -ENOENT);
	assert_int_equal(fd_read_file(".", 4, &untouched, &len), -EISDIR);
	assert_null(untouched);
	assert_int_equal(len, 7);
	write_file("f", "");
	expect_file("f", "");
}

static void bytes_are_kept_as_they_are(void **state) {
	_cleanup_(freep) char *data = NULL;
	size_t len;

	assert_int_equal(fd_write_file_atomic("f", "a\0b\xFF", 4, 0600), 0);
	assert_int_equal(fd_read_file("f", 100, &data, &len), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(data, "a\0b\xFF", 5);
}

static void a_large_file_comes_back(void **state) {
	const size_t size = 300001;
	_cleanup_(freep) char *data = malloc(size);
	_cleanup_(freep) char *again = NULL;
	size_t len;

	for (size_t i = 0; i < size; i++) {
		data[i] = (char)(i * 7 % 251);
	}
	assert_int_equal(fd_write_file_atomic("f", data, size, 0600), 0);
	assert_int_equal(fd_read_file("f", size, &again, &len), 0);
	assert_int_equal(len, size);
	assert_memory_equal(data, again, size);
}

static void a_write_replaces_and_leaves_nothing_beside(void **state) {
	mode_t mask = umask(077);

	write_file("f", "old");
	assert_int_equal(fd_write_file_atomic("f", "new", 3, 0640), 0);
	umask(mask);
	expect_file("f", "new");
	assert_int_equal(mode_of("f"), 0640);
	assert_int_equal(count_entries("."), 1);
}

static void a_write_that_fails_leaves_the_old(void **state) {
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(fd_write_file_atomic("d", "x", 1, 0600), -EISDIR);
	assert_int_equal(fd_write_file_atomic("missing/f", "x", 1, 0600), -ENOENT);
	assert_int_equal(count_entries("."), 1);
	assert_int_equal(count_entries("d"), 0);
}

static void writing_to_a_full_device(void **state) {
	_cleanup_(fd_closep) int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	assert_int_equal(fd_write_all(fd, "x", 1), -ENOSPC);
	assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
	assert_int_equal(fd_write_all(-1, "", 0), 0);
}

static void directories_are_made_with_their_mode(void **state) {
	mode_t mask = umask(0117);
	int status = fd_make_dirs("a/b//c/", 0750);

	umask(mask);
	assert_int_equal(status, 0);
	assert_int_equal(mode_of("a"), 0750);
	assert_int_equal(mode_of("a/b/c"), 0750);
	assert_int_equal(fd_make_dirs("a/b/c", 0700), 0);
	assert_int_equal(mode_of("a/b/c"), 0750);
	assert_int_equal(fd_make_dirs("/", 0700), 0);
}

static bool is_synced(const char *path) {
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	for (size_t i = 0; i < n_synced; i++) {
		if (synced[i] == st.st_ino) {
			return true;
		}
	}
	return false;
}

static void a_new_directory_survives_a_power_cut(void **state) {
	assert_int_equal(fd_make_dirs("a", 0700), 0);
	assert_true(is_synced("."));
	n_synced = 0;
	assert_int_equal(fd_make_dirs("a/b//c/", 0700), 0);
	assert_true(is_synced("a"));
	assert_true(is_synced("a/b"));
	/* Nothing new: nothing to make sure of. */
	n_synced = 0;
	assert_int_equal(fd_make_dirs("a/b/c", 0700), 0);
	assert_int_equal(n_synced, 0);
	sync_error = EIO;
	assert_int_equal(fd_make_dirs("a/d", 0700), -EIO);
	/* A file system that cannot do it for directories is used as it is. */
	sync_error = EINVAL;
	assert_int_equal(fd_make_dirs("a/e", 0700), 0);
}

static void a_written_file_survives_a_power_cut(void **state) {
	write_file("f", "x");
	assert_true(is_synced("f"));
	assert_true(is_synced("."));
}

static void a_file_in_the_way_is_an_error(void **state) {
	write_file("f", "x");
	assert_int_equal(fd_make_dirs("f", 0700), -ENOTDIR);
	assert_int_equal(fd_make_dirs("f/d", 0700), -ENOTDIR);
	expect_file("f", "x");
}

static void a_tree_goes_and_what_its_links_point_at_stays(void **state) {
	assert_int_equal(fd_make_dirs("keep", 0700), 0);
	write_file("keep/f", "x");
	assert_int_equal(fd_make_dirs("t/a/b/c", 0700), 0);
	write_file("t/a/f", "x");
	write_file("t/a/b/.hidden", "x");
	assert_int_equal(symlink("../../keep", "t/a/link"), 0);
	assert_int_equal(symlink("nowhere", "t/dangling"), 0);
	assert_int_equal(fd_remove_tree("t"), 0);
	assert_int_equal(access("t", F_OK), -1);
	expect_file("keep/f", "x");
	assert_int_equal(symlink("keep", "link"), 0);
	assert_int_equal(fd_remove_tree("link"), 0);
	expect_file("keep/f", "x");
}

static void removing_what_is_not_there_or_a_file(void **state) {
	assert_int_equal(fd_remove_tree("missing"), 0);
	write_file("f", "x");
	assert_int_equal(fd_remove_tree("f"), 0);
	assert_int_equal(count_entries("."), 0);
}

/* From here on each system call of `numbers` (0-ended) is refused. */
static void refuse_calls(const int *numbers) {
	struct sock_filter filter[16] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0) };
	struct sock_fprog program = { .len = 1, .filter = filter };

	for (; *numbers != 0; numbers++) {
		filter[program.len++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)*numbers, 0, 1);
		filter[program.len++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	}
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		_exit(2);
	}
}

/* The exit code of a process in which these calls fail: 0, all was closed as it should be. */
static int close_without(const int *numbers) {
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		bool closed = dup2(STDOUT_FILENO, 20) == 20 && dup2(STDOUT_FILENO, 21) == 21 &&
			dup2(STDOUT_FILENO, 700) == 700;

		refuse_calls(numbers);
		fd_close_from(21);
		closed = closed && fcntl(20, F_GETFD) >= 0;
		closed = closed && fcntl(21, F_GETFD) < 0 && fcntl(700, F_GETFD) < 0;
		_exit(closed ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void all_is_closed_whatever_the_kernel_refuses(void **state) {
	static const int calls[][4] = { { 0 }, { SYS_close_range }, { SYS_close_range, SYS_openat },
		{ SYS_close_range, SYS_openat, SYS_prlimit64 } };

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		assert_int_equal(close_without(calls[i]), 0);
	}
}

#define IN_DIR(test) cmocka_unit_test_setup_teardown(test, enter_dir, leave_dir)

int main(void) {
	const struct CMUnitTest tests[] = {
		IN_DIR(closing_keeps_errno),
		IN_DIR(all_is_closed_whatever_the_kernel_refuses),
		IN_DIR(a_file_is_read_up_to_its_bound),
		IN_DIR(bytes_are_kept_as_they_are),
		IN_DIR(a_large_file_comes_back),
		IN_DIR(a_write_replaces_and_leaves_nothing_beside),
		IN_DIR(a_write_that_fails_leaves_the_old),
		IN_DIR(writing_to_a_full_device),
		IN_DIR(directories_are_made_with_their_mode),
		IN_DIR(a_new_directory_survives_a_power_cut),
		IN_DIR(a_written_file_survives_a_power_cut),
		IN_DIR(a_file_in_the_way_is_an_error),
		IN_DIR(a_tree_goes_and_what_its_links_point_at_stays),
		IN_DIR(removing_what_is_not_there_or_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

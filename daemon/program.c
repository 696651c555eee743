#include "daemon/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"

static const char *problem(const char *path, mode_t type, const char *other_type) {
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & S_IFMT) != type) {
		return other_type;
	}
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 ? log_errno(-errno) : "";
}

const char *program_problem(const char *program) {
	return problem(program, S_IFREG, "it is no file");
}

const char *program_workdir_problem(const char *workdir) {
	return problem(workdir, S_IFDIR, "it is no directory");
}

const char *program_writing_problem(const char *workdir) {
	return faccessat(AT_FDCWD, workdir, W_OK, AT_EACCESS) < 0 ? log_errno(-errno) : "";
}

bool program_is_unusable(int status) {
	static const int lasting[] = { -EACCES, -EISDIR, -ELOOP, -ENAMETOOLONG, -ENOENT, -ENOEXEC,
		-ENOTDIR, -EPERM };

	for (size_t i = 0; i < ARRAY_SIZE(lasting); i++) {
		if (status == lasting[i]) {
			return true;
		}
	}
	return false;
}

void program_explain(const char *program, const char *workdir, int status, char *out, size_t size) {
	bool about_workdir = access(workdir, X_OK) < 0;

	(void)text_format(out, size, "%s \"%s\": %s", about_workdir ? "workdir" : "command",
		about_workdir ? workdir : program, log_errno(status));
}

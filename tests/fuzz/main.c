/* Gives a target the bytes of files: `replay-TARGET FILE-OR-DIRECTORY...`. libFuzzer has a main() of its own. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "common/fd.h"
#include "tests/fuzz/fuzz.h"

#ifdef FUZZ

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	fuzz_one((struct fuzz){ (const char *)data, size });
	return 0;
}

#else

#define FILE_MAX_BYTES (16 * 1024 * 1024)

static int n_files;

/* An own allocation of just that size, as libFuzzer's. */
static void replay_file(const char *path) {
	FILE *file = fopen(path, "rb");
	char *data = malloc(FILE_MAX_BYTES);
	size_t len;

	FUZZ_CHECK(file != NULL && data != NULL);
	len = fread(data, 1, FILE_MAX_BYTES, file);
	FUZZ_CHECK(len < FILE_MAX_BYTES && ferror(file) == 0);
	fclose(file);
	data = realloc(data, MAX(len, (size_t)1));
	fprintf(stderr, "%s\n", path);
	fuzz_one((struct fuzz){ data, len });
	free(data);
	n_files++;
}

static void replay(const char *path) {
	struct stat st;
	struct dirent **names;
	int n;

	if (stat(path, &st) < 0 && errno == ENOENT) {
		return; /* a target of which no case was kept */
	}
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path);
		return;
	}
	n = scandir(path, &names, NULL, alphasort);
	FUZZ_CHECK(n >= 0);
	for (int i = 0; i < n; i++) {
		char inner[4096];

		snprintf(inner, sizeof(inner), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && stat(inner, &st) == 0 && S_ISREG(st.st_mode)) {
			replay_file(inner);
		}
		free(names[i]);
	}
	free(names);
}

int main(int argc, char **argv) {
	for (int i = 1; i < argc; i++) {
		replay(argv[i]);
	}
	printf("%d inputs\n", n_files);
	return n_files > 0 ? 0 : 1;
}

#endif

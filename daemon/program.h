/*
 * program - whether a program could be started by us, in words. Looks at the file system; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What is wrong with a program, a directory to start it in: borrowed until the next call; "" nothing. */
const char *program_problem(const char *program);
const char *program_workdir_problem(const char *workdir);
/* What keeps us from making files in it; a program need not do that, but most do. */
const char *program_writing_problem(const char *workdir);

/* Whether that errno of process_start() is about the program or workdir, and not about what is short for the moment. */
bool program_is_unusable(int status);
/*
 * `command "/x": no such file or directory`, for an errno of process_start(): of a missing program and a missing
 * workdir it is the same.
 */
void program_explain(const char *program, const char *workdir, int status, char *out, size_t size);

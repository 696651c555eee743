#include "client/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"

#define DRAW_US (100 * 1000)

struct progress progress_begin(const struct invocation *inv) {
	return (struct progress){ .is_on = !inv->json && !option_flag(&inv->globals, "quiet") &&
			isatty(STDERR_FILENO) == 1 };
}

void progress_show(struct progress *progress, const char *fmt, ...) {
	int64_t now_us = clock_mono_us();
	va_list args;

	if (!progress->is_on || now_us < progress->next_us) {
		return;
	}
	progress->next_us = now_us + DRAW_US;
	progress->is_shown = true;
	fputc('\r', stderr);
	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
	fputs("\033[K", stderr);
}

void progress_end(struct progress *progress) {
	if (progress->is_shown) {
		fputs("\r\033[K", stderr);
		progress->is_shown = false;
	}
}

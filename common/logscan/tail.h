/*
 * tail - whether a line may stand behind the words with which a program ended badly. A log that CI says nothing about
 * failed when its last words tell of an error, and not when it went on and ended well.
 */
#pragma once

#include <stdbool.h>

#include "common/logscan/line.h"

/* Lines that are looked at, and how many of them may be about anything. */
#define TAIL_LINES_MAX 200
#define TAIL_OTHER_MAX 1

enum tail_line {
	TAIL_BELONGS, /* frames, blank lines, advice */
	TAIL_OTHER,
	TAIL_WELL, /* it went on, or went well */
};

enum tail_line tail_judge(const struct line *line);
/* Whether a line of a step that failed has a word by which it may tell why. */
bool tail_is_telling(const char *text);

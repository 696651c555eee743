/*
 * run_command - a command's words as one line, as a person would type it. Pure.
 */
#pragma once

#include <stddef.h>

/* Quotes what a shell would take for something else. What does not fit is cut, with "..." at the end. */
void run_command_text(char *const *words, char *out, size_t size);

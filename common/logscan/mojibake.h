/*
 * mojibake - symbols in UTF-8 that somebody read as a code page of Windows and wrote as UTF-8 again, as PowerShell does
 * with what it redirects: "\xCE\x93\xC2\xA3\xC3\xBB" was a heavy cross. Only symbols (three bytes, from 0xE2 on). Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/macro.h"

/* Puts them right in place; `text` ends with a NUL, before and after. Returns whether there were any. */
bool mojibake_undo(char *text, size_t *len);

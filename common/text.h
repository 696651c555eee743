/*
 * text - strings from outside: UTF-8, control characters, bounded copies. Pure, any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"

/* Whether `len` bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
bool text_is_utf8(const char *data, size_t len);

/*
 * Copies `src` into `dst` of `size` bytes, cut on a UTF-8 boundary and always NUL-ended. `src` NULL is "".
 * Returns whether all of it fitted.
 */
bool text_copy(char *dst, size_t size, const char *src);
#define TEXT_SET(array, src) text_copy((array), sizeof(array), (src))

/* printf into `dst`, cut on a UTF-8 boundary. Returns whether all of it fitted. */
bool text_format(char *dst, size_t size, const char *fmt, ...) printf_like(3, 4);

/* The largest length <= `len` at which `data` may be cut without splitting a UTF-8 sequence. */
size_t text_cut(const char *data, size_t len);

/*
 * Whether `str` is fit to be a name (project, branch, job): well-formed UTF-8, not empty, fewer than `size` bytes,
 * no control characters, no bidi or zero-width characters, no leading or trailing blank. Joiners and variation
 * selectors spell words of Persian, Hindi and Sinhala, and emoji: they may stand behind what is not ASCII, since in a
 * word of ASCII they would only hide.
 */
bool text_is_name(const char *str, size_t size);

/*
 * Whether a name is fit to be a repository, "owner/name" or just "name": no URL, no credentials, no way out of a
 * directory.
 */
bool text_is_project(const char *name);
/* Whether "@" and this mentions one user of GitHub, or one ORGANISATION/TEAM, and nothing else. */
bool text_is_handle(const char *str);
/* Whether a URL's host (IPv6 in brackets) is this machine: what is sent there never leaves it. */
bool text_is_loopback(const char *host);
/* Whether `str` is an http or https URL that carries no credentials. */
bool text_is_web_url(const char *str);

/*
 * Makes any bytes fit to store and show, as a malloc()ed string that the caller frees (NULL: memory): bad UTF-8 and
 * NULs become U+FFFD; ANSI escape sequences (CSI, OSC with its text, the two-byte ones) go; CR LF becomes LF, and a
 * lone CR keeps only what follows it on its line; other C0 and C1 controls but TAB and LF go; bidi controls and
 * zero-width characters go.
 */
must_check char *text_clean(const char *data, size_t len);
/*
 * How many bytes at the beginning of `data` (`len` > 0) leave nothing behind when they are cleaned: an escape
 * sequence, a control or hidden character. 0: what is there stays, is replaced (bad UTF-8, NUL), or is a CR.
 */
size_t text_dropped(const char *data, size_t len);

/* Equal, both may be NULL; NULL equals only NULL. */
bool text_equal(const char *a, const char *b);
/* Capitals of ASCII become small letters, in place. */
void text_lower(char *text);
/* strdup that passes NULL on; sets `*ret_failed` (never cleared) when memory is short. */
char *text_dup(const char *str, bool *ret_failed);

/* Reads a whole decimal number, "-" allowed, nothing around it. Returns: 0; -EINVAL; -ERANGE. `ret` untouched then. */
must_check int text_to_int(const char *text, int64_t *ret);

/*
 * Reads the character at `data` (`len` > 0) into `*ret_code`.
 * Returns its length; negative, the length of a malformed part that stands for one U+FFFD, `*ret_code` untouched.
 */
must_check int text_decode(const char *data, size_t len, uint32_t *ret_code);
/* Whether a character is a control character, C1 too. */
bool text_is_control(uint32_t code);
/* Whether a character changes the direction of text or takes no width: what one reads is not what is there. */
bool text_is_hidden(uint32_t code);

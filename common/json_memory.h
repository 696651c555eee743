/*
 * json_memory - jansson without memory: a parse or a text that lacks some fails, whole.
 *
 * jansson 2.14 ignores that the buffer of a string did not grow: it drops what did not fit, and goes on. When nothing
 * is given to it any more from then on, its copy of that string fails, and with it the parse; a text that it makes has
 * to be thrown away. The daemon ends instead (daemon/memory.h), since two of its threads parse; this is for a program
 * where one does.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Before anything of jansson. */
void json_memory_init(void);

/* From now on jansson overwrites what it frees: what it parses holds secrets. */
void json_memory_wipe(void);

/* Around a parse, or what makes a text. */
void json_memory_begin(void);
/* Returns whether it lacked memory: it has failed then, or what it made is to be thrown away. */
bool json_memory_end(void);

/* json_loadb() with these around it: a new reference; NULL, it is no JSON or there was no memory. */
json_t *json_memory_load(const char *text, size_t len, size_t flags);

/* json_dumps() with these around it: to be freed; NULL, there was no memory. */
char *json_memory_dump(const json_t *json, size_t flags);

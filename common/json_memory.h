/*
 * json_memory - jansson without memory: a parse that lacks some fails, whole.
 *
 * jansson 2.14 ignores that the buffer of a string did not grow: it drops a byte, and goes on. When nothing is
 * given to it any more from then on, its copy of that string fails, and with it the parse. The daemon ends instead
 * (daemon/memory.h), since two of its threads parse; this is for a program where one does.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Before anything of jansson. */
void json_memory_init(void);

/* From now on jansson overwrites what it frees: what it parses holds secrets. */
void json_memory_wipe(void);

/* Around a parse. */
void json_memory_begin(void);
/* Returns whether it lacked memory: it has failed then, or what it made is to be thrown away. */
bool json_memory_end(void);

/* json_loadb() with these around it: a new reference; NULL, it is no JSON or there was no memory. */
json_t *json_memory_load(const char *text, size_t len, size_t flags);

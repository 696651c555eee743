#include "common/json_memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static bool parses, lacked;

static void *allocate(size_t size) {
	void *memory = parses && lacked ? NULL : malloc(size);

	lacked = lacked || (memory == NULL && size != 0);
	return memory;
}

static void free_wiped(void *memory) {
	if (memory != NULL) {
		explicit_bzero(memory, malloc_usable_size(memory));
		free(memory);
	}
}

void json_memory_init(void) {
	json_set_alloc_funcs(allocate, free);
}

void json_memory_wipe(void) {
	json_set_alloc_funcs(allocate, free_wiped);
}

void json_memory_begin(void) {
	parses = true;
	lacked = false;
}

bool json_memory_end(void) {
	parses = false;
	return lacked;
}

json_t *json_memory_load(const char *text, size_t len, size_t flags) {
	json_t *json;

	json_memory_begin();
	json = json_loadb(text, len, flags, NULL);
	if (json_memory_end()) {
		json_decref(json);
		return NULL;
	}
	return json;
}

char *json_memory_dump(const json_t *json, size_t flags) {
	char *text;

	json_memory_begin();
	text = json_dumps(json, flags);
	if (json_memory_end()) {
		free(text);
		return NULL;
	}
	return text;
}

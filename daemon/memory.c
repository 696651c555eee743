#include "daemon/memory.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Nothing here may need memory, so the log cannot be used. */
static void *allocate_or_end(size_t size) {
	static const char sentence[] =
		"codegend: error: Out of memory; ending. All that was acknowledged is stored. "
		"Give codegend more memory, then start it again.\n";
	void *memory = malloc(size);

	if (memory == NULL && size != 0) {
		(void)!write(STDERR_FILENO, sentence, strlen(sentence));
		_exit(1);
	}
	return memory;
}

void memory_init(void) {
	json_set_alloc_funcs(allocate_or_end, free);
	(void)prctl(PR_SET_DUMPABLE, 0); /* it cannot fail */
}

#include "daemon/model/link.h"

#include <stddef.h>

const char *const link_standing_names[] = {
	[LINK_KNOWN] = "known",
	[LINK_CONFIRMED] = "confirmed",
	[LINK_GUESSED] = "guessed",
	[LINK_REFUSED] = "refused",
	[LINK_STANDING_COUNT] = NULL,
};

bool link_is_trusted(const struct link *link) {
	return link->standing == LINK_KNOWN || link->standing == LINK_CONFIRMED;
}

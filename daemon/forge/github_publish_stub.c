/* Stands for github_publish.c until it is there. */
#include <errno.h>

#include "daemon/forge/github.h"

__attribute__((weak)) int github_publish(struct forge *forge, struct forge_publish *publish) {
	return -ENOSYS;
}

__attribute__((weak)) void github_publish_recorded(struct forge_publish *publish, int status) {
}

__attribute__((weak)) void github_publish_cancel(struct forge_publish *publish) {
}

#include "client/cmd.h"
#include "client/failure.h"

int cmd_redact(const struct invocation *inv) {
	return failure_report(FAILURE_FAILED, NULL, "not built yet");
}

/* The client without shared libraries. */
#include "client/failure.h"
#include "client/top.h"

int top_run(const struct invocation *inv) {
	return failure_report(FAILURE_FAILED, "use the codegenctl of the package of that name",
		"\"top\" is not part of the static client");
}

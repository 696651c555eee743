#include "daemon/model/event.h"

#include <assert.h>

const char *event_type_name(enum event_type type) {
	static const char *const names[EVENT_TYPE_COUNT] = {
		[EVENT_REPORT] = "report",
		[EVENT_BUILD_PASSED] = "build passed",
		[EVENT_PUBLISHED] = "published",
		[EVENT_TRIGGER_ASKED] = "trigger asked",
		[EVENT_TRIGGERED] = "triggered",
		[EVENT_VERDICT] = "verdict",
		[EVENT_NOTIFIED] = "notified",
		[EVENT_ATTEMPT_FAILED] = "attempt failed",
		[EVENT_OBSERVED] = "observed",
		[EVENT_TASK_MOVED] = "task moved",
		[EVENT_RECOVERED] = "recovered",
		[EVENT_TASK_CREATED] = "task created",
		[EVENT_TASK_RUN] = "task run",
		[EVENT_TASK_CANCEL] = "task cancel",
		[EVENT_TASK_RETRY] = "task retry",
		[EVENT_TASK_SNOOZE] = "task snooze",
		[EVENT_INCIDENT_CLOSE] = "incident close",
		[EVENT_INCIDENT_RETRY] = "incident retry",
		[EVENT_INCIDENT_RELEASE] = "incident release",
	};

	assert((unsigned int)type < EVENT_TYPE_COUNT && names[type] != NULL);
	return names[type];
}

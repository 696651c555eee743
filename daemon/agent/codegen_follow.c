/* Looks at a run until it is over, or its time. */
#include <errno.h>
#include <string.h>

#include "common/jitter.h"
#include "common/text.h"
#include "daemon/agent/codegen_internal.h"

#define JITTER_SHARE 8 /* of the time between looks, one part is added at random */

/* Until its time is over; 0: it is. */
static int64_t get_left_ms(const struct codegen *run) {
	int64_t passed_ms = (clock_boot_us() - run->started_boot_us) / 1000;

	return MAX(run->agent.timeout_ms - passed_ms, 0);
}

/* Not beyond the end of its time: then it is looked at for the last time. */
bool codegen_run_pause(struct codegen *run) {
	int64_t now_ms = clock_now_ms();
	int64_t ms = run->agent.poll_ms + jitter_below(run->agent.poll_ms / JITTER_SHARE + 1);

	ms = MAX(ms, run->retry_ms - now_ms);
	codegen_wait(run, MIN(ms, get_left_ms(run)));
	return codegen_wait_for(run, CODEGEN_POLL);
}

bool codegen_run_poll(struct codegen *run) {
	codegen_ask(run, NULL, "agent/run/%lld", (long long)run->post.post_id);
	return codegen_wait_for(run, CODEGEN_POLLED);
}

/* Whether the answer was of this run. */
static bool take_poll(struct codegen *run) {
	struct codegen_view view;
	int r;

	if (run->answer != CODEGEN_OK) {
		return false;
	}
	r = codegen_decode_run(
		run->request.answer.data, run->request.answer.len, run->project, &view);
	if (r < 0 || view.id != run->post.post_id) {
		TEXT_SET(run->why, r == -ENOMEM ? CODEGEN_WHY_NO_MEMORY : CODEGEN_WHY_UNREADABLE);
		return false;
	}
	run->view = view;
	if (*view.url) {
		TEXT_SET(run->post.url, view.url);
	}
	return true;
}

bool codegen_run_polled(struct codegen *run) {
	const char *phrase = NULL;
	enum codegen_phase phase =
		take_poll(run) ? codegen_phase(run->view.status, &phrase) : CODEGEN_WORKS;

	if (phase != CODEGEN_WORKS) {
		codegen_say_over(run, phase == CODEGEN_ASKS ? AGENT_ASKS : AGENT_ENDED, phrase);
	} else if (get_left_ms(run) == 0) {
		codegen_say_late(run);
	} else {
		return codegen_move(run, CODEGEN_PAUSE);
	}
	return codegen_move(run, run->post.suspect_ms != 0 ? CODEGEN_SEARCH : CODEGEN_END);
}

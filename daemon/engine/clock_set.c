/*
 * A clock that somebody sets, seen by the one that nobody can and that a suspend does not stop.
 *
 * Which of two times is right cannot be told, so one that was set is believed when it has stayed for
 * LIMIT_CLOCK_SUSPECT_MS, or at once when it is back where it was. Until then no age counts what it was set ahead by;
 * then what was decided in what has become the future is put right in the store.
 */
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/engine/engine_internal.h"

#define MONO_US(ms) ((ms)*1000)

int64_t clock_set_look(struct engine *engine) {
	int64_t now_ms = clock_now_ms(), boot_us = clock_boot_us(), mono_us = clock_mono_us();
	int64_t by_ms = now_ms - engine->seen_ms - (boot_us - engine->seen_boot_us) / 1000;

	if (engine->seen_boot_us != 0 && llabs(by_ms) >= LIMIT_CLOCK_STEP_MS) {
		engine->set_by_ms += by_ms;
		engine->was_set_back |= by_ms < 0;
		engine->believed_mono_us = mono_us + MONO_US(LIMIT_CLOCK_SUSPECT_MS);
		if (llabs(engine->set_by_ms) < LIMIT_CLOCK_STEP_MS) {
			engine->believed_mono_us = mono_us;
		}
	}
	if (mono_us >= engine->believed_mono_us) {
		engine->set_by_ms = 0;
	}
	engine->seen_ms = now_ms;
	engine->seen_boot_us = boot_us;
	return engine->set_by_ms;
}

void clock_set_doubt(struct engine *engine) {
	engine->was_set_back = true;
	engine->believed_mono_us = clock_mono_us();
}

static void set_back_recorded(struct store_req *req, int status) {
	struct engine *engine =
		container_of(container_of(req, struct store_set_back, req), struct engine, set_back);

	engine->setting_back = false;
	if (status < 0) {
		engine->was_set_back = true;
		engine->believed_mono_us = clock_mono_us() + MONO_US(CLOCK_MINUTE_MS);
	} else if (engine->set_back.n_tasks > 0) {
		log_notice(
			"The clock was ahead and was set back: %lld tasks are due their delay from now.",
			(long long)engine->set_back.n_tasks);
		runner_due_all(engine, "", engine->set_back.now_ms);
	}
	runner_wake(engine);
}

int64_t clock_set_settle(struct engine *engine, int64_t now_ms) {
	int64_t left_us;

	(void)clock_set_look(engine);
	if (!engine->was_set_back || engine->setting_back) {
		return 0;
	}
	left_us = engine->believed_mono_us - clock_mono_us();
	if (left_us > 0) {
		return now_ms + left_us / 1000 + 1;
	}
	engine->set_back = (struct store_set_back){ .now_ms = now_ms };
	engine->setting_back =
		store_set_back(engine->store, &engine->set_back, set_back_recorded) == 0;
	engine->was_set_back = !engine->setting_back;
	return engine->setting_back ? 0 : now_ms + CLOCK_MINUTE_MS;
}

void engine_explain_clock(const struct engine *engine, char ret_why[LIMIT_SENTENCE_MAX]) {
	char newest[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX];
	int64_t left_ms = (engine->suspect_until_mono_us - clock_mono_us()) / 1000;

	ret_why[0] = '\0';
	if (engine_clock_is_suspect(engine)) {
		text_format(ret_why, LIMIT_SENTENCE_MAX,
			"The clock is before the newest record, of %s, so it is not trusted: no task runs until it is"
			" past that, and at most until %s.",
			clock_format(store_newest_ms(engine->store), newest),
			clock_format_minute(
				clock_now_ms() + MAX(left_ms, 0) + CLOCK_MINUTE_MS - 1, until));
	}
}

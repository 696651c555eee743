/*
 * A forge's limits: the first lines are headers ("Name: value", up to an empty line), the rest is the body. Whatever
 * an answer says, nobody waits longer than the longest pause, and what is kept comes back the same.
 */
#include "common/text.h"
#include "daemon/forge/budget.h"
#include "daemon/retry_after.h"
#include "tests/fuzz/fuzz.h"

#define NOW_MS INT64_C(1758245293693)

static void take_header(struct budget_answer *answer, char *line) {
	char *value = strchr(line, ':');
	int64_t ms;

	if (value == NULL) {
		return;
	}
	*value++ = '\0';
	value += strspn(value, " ");
	ms = retry_after_ms(value, NOW_MS);
	FUZZ_CHECK(ms >= -1 && ms <= LIMIT_RATE_PAUSE_MAX_MS);
	budget_answer_header(answer, line, value, NOW_MS);
}

static void is_bounded(struct budget *budget) {
	char why[LIMIT_SENTENCE_MAX];

	for (int resource = 0; resource < BUDGET_RESOURCE_COUNT; resource++) {
		for (int write = 0; write < 2; write++) {
			int64_t ready_ms = budget_ready_ms(budget, (enum budget_resource)resource,
				write == 1, "credential", NOW_MS, why);

			FUZZ_CHECK(ready_ms == INT64_MAX ||
				ready_ms <= NOW_MS + LIMIT_RATE_PAUSE_MAX_MS);
			FUZZ_CHECK(text_is_utf8(why, strlen(why)));
		}
	}
	FUZZ_CHECK(budget_describe(budget, "credential", NOW_MS, why)[0] != '\0');
}

static void comes_back(struct budget *budget) {
	json_t *kept = budget_to_json(budget);
	json_t *again;
	struct budget back;

	FUZZ_CHECK(kept != NULL);
	budget_from_json(kept, &back, NOW_MS);
	again = budget_to_json(&back);
	FUZZ_CHECK(json_equal(kept, again));
	json_decref(kept);
	json_decref(again);
}

/* A row of the store is ours, but may be of another version. */
static void take_kept(struct fuzz in) {
	json_t *kept = json_loadb(in.data, in.len, 0, NULL);
	struct budget budget;

	budget_from_json(kept, &budget, NOW_MS);
	is_bounded(&budget);
	json_decref(kept);
}

void fuzz_one(struct fuzz in) {
	static const int statuses[] = { 200, 201, 301, 401, 403, 404, 422, 429, 500, 0 };
	size_t choice = fuzz_choice(fuzz_line(&in), 2 * ARRAY_SIZE(statuses));
	struct budget_answer answer;
	struct budget budget;

	budget_init(&budget);
	budget_answer_init(&answer, (enum budget_resource)(choice % 2), statuses[choice / 2]);
	while (in.len > 0 && in.data[0] != '\n') {
		char *line = fuzz_string(fuzz_line(&in));

		take_header(&answer, line);
		free(line);
	}
	budget_answer_body(&answer, in.data, in.len);
	FUZZ_CHECK(text_is_utf8(answer.message, strlen(answer.message)));
	budget_sent(&budget, answer.resource, true, NOW_MS);
	FUZZ_CHECK(budget_answered(&budget, &answer, "credential", NOW_MS) < BUDGET_MEANING_COUNT);
	is_bounded(&budget);
	comes_back(&budget);
	take_kept(in);
}

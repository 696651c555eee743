#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/text.h"
#include "daemon/engine/engine_internal.h"
#include "daemon/engine/forges.h"

/*
 * `codegenctl ready`: the verdict on a branch, now.
 *
 *     FIND the branch of a pull request, through the incidents that know it ─► BUILDS ─► CHECK (forge)
 */
enum ready_state { READY_FIND, READY_BUILDS, READY_CHECK, READY_DONE };

struct ready_flow {
	struct engine_ready *ready; /* NULL: nobody waits for it any more */
	struct engine *engine;
	char project[LIMIT_NAME_MAX];
	char branch[LIMIT_NAME_MAX];
	uv_timer_t late; /* until then the forge may take its time */
	bool has_timer;
	enum ready_state state;
	struct policy policy;
	char head_repository[LIMIT_NAME_MAX];
	struct store_page page;
	struct store_builds builds;
	bool has_builds;
	struct forge_check check;
	struct config_checks *checks; /* owned */
};

static void ready_step(struct ready_flow *flow, int status);

static void late_closed(uv_handle_t *late) {
	free(container_of((uv_timer_t *)late, struct ready_flow, late));
}

static void flow_free(struct ready_flow *flow) {
	if (flow->has_builds) {
		store_builds_finish(&flow->builds);
	}
	config_checks_destroy(flow->checks);
	if (flow->has_timer) {
		uv_close((uv_handle_t *)&flow->late, late_closed);
	} else {
		free(flow);
	}
}

static void answer(struct ready_flow *flow, int status) {
	struct engine_ready *ready = TAKE_PTR(flow->ready);

	if (ready != NULL) {
		ready->done(ready, status);
	}
}

static void ready_end(struct ready_flow *flow, int status) {
	answer(flow, status);
	flow_free(flow);
}

/* No incident knows the pull request: `local` knows none either, other forges are asked by its number. */
static int go_on_without_branch(struct ready_flow *flow) {
	struct engine_ready *ready = flow->ready;

	if (!flow->policy.forge_tells) {
		text_format(ready->sentence, sizeof(ready->sentence),
			"Nothing was ever reported for pull request %lld of \"%s\"; name its branch.",
			(long long)ready->pull_request, ready->project);
		return -ENOENT;
	}
	flow->state = READY_BUILDS;
	return 0;
}

static void incidents_read(struct store_req *req, int status) {
	struct store_page *page = container_of(req, struct store_page, req);
	struct ready_flow *flow = container_of(page, struct ready_flow, page);
	struct engine_ready *ready = flow->ready;
	int64_t next = page->next;

	for (size_t i = 0; status == 0 && i < page->n_rows && ready->branch[0] == '\0'; i++) {
		const struct incident *incident = &page->incidents[i];

		if (incident->pull_request == ready->pull_request) {
			TEXT_SET(ready->branch, incident->branch);
			TEXT_SET(flow->head_repository, incident->head_repository);
		}
	}
	store_page_finish(page);
	flow->page.cursor = next;
	if (status == 0 && ready->branch[0] == '\0' && next == 0) {
		status = go_on_without_branch(flow);
	}
	ready_step(flow, status);
}

static int find_branch(struct ready_flow *flow) {
	int64_t cursor = flow->page.cursor;
	int r;

	if (flow->ready->branch[0] != '\0') {
		flow->state = READY_BUILDS;
		return 0;
	}
	flow->page = (struct store_page){ .kind = STORE_INCIDENTS,
		.status = -1,
		.type = -1,
		.state = -1,
		.project = flow->ready->project,
		.limit = LIMIT_STORE_PAGE_ROWS,
		.cursor = cursor };
	r = store_page(flow->ready->engine->store, &flow->page, incidents_read);
	return r < 0 ? r : -EINPROGRESS;
}

static void builds_read(struct store_req *req, int status) {
	struct ready_flow *flow =
		container_of(container_of(req, struct store_builds, req), struct ready_flow, builds);

	flow->has_builds = status == 0;
	ready_step(flow, status);
}

static int read_builds(struct ready_flow *flow) {
	struct forge *forge = forges_find(flow->ready->engine, flow->policy.forge);
	int r;

	flow->state = READY_CHECK;
	if (forge == NULL || !forge_wants_builds(forge)) {
		return 0;
	}
	flow->builds = (struct store_builds){ .project = flow->ready->project,
		.head_repository = flow->head_repository,
		.branch = flow->ready->branch };
	r = store_builds(flow->ready->engine->store, &flow->builds, builds_read);
	return r < 0 ? r : -EINPROGRESS;
}

/* Not ready for all that is known, but nobody knows. */
static void leave_unknown(struct ready_flow *flow, const char *why) {
	struct verdict *verdict = &flow->ready->verdict;

	*verdict = (struct verdict){ .outcome = VERDICT_UNKNOWN, .checked_at_ms = clock_now_ms() };
	verdict_add(verdict, REASON_UNREACHABLE, flow->policy.forge, "%s", why);
}

/* Whoever asked is told who is slow before they stop waiting. The check cannot be taken back, and ends by itself. */
static void answer_late(uv_timer_t *late) {
	struct ready_flow *flow = container_of(late, struct ready_flow, late);
	struct forge *forge = forges_find(flow->engine, flow->policy.forge);
	char why[LIMIT_SENTENCE_MAX] = "", sentence[LIMIT_SENTENCE_MAX];

	if (forge != NULL) {
		(void)forge_open_ms(forge, false, clock_now_ms(), why);
	}
	text_format(sentence, sizeof(sentence), "Forge \"%s\" has not answered within %lld s.%s%s",
		flow->policy.forge, (long long)(LIMIT_READY_MS / CLOCK_SECOND_MS),
		why[0] != '\0' ? " " : "", why);
	leave_unknown(flow, sentence);
	answer(flow, 0);
}

static int watch_time(struct ready_flow *flow) {
	int r = uv_timer_init(flow->engine->loop, &flow->late);

	if (r == 0) {
		flow->has_timer = true;
		uv_update_time(flow->engine->loop);
		r = uv_timer_start(&flow->late, answer_late, LIMIT_READY_MS, 0);
	}
	return r;
}

static void checked(struct forge_check *check, int status) {
	struct ready_flow *flow = container_of(check, struct ready_flow, check);

	if (flow->ready == NULL) {
		flow_free(flow);
		return;
	}
	flow->ready->verdict = check->verdict;
	if (status < 0 && check->passing) {
		leave_unknown(flow, check->sentence);
		status = 0;
	} else if (status < 0) {
		TEXT_SET(flow->ready->sentence, check->sentence);
	}
	flow->state = READY_DONE;
	ready_step(flow, status);
}

/* On nobody's behalf: a step that is red is red, whichever incident repairs it. */
static int ask_forge(struct ready_flow *flow) {
	struct forge *forge = forges_find(flow->ready->engine, flow->policy.forge);
	struct forge_check *check = &flow->check;
	int r;

	if (forge == NULL) {
		text_format(flow->ready->sentence, sizeof(flow->ready->sentence),
			"Forge \"%s\" was just removed from the configuration; ask again.",
			flow->policy.forge);
		return -ESTALE;
	}
	TEXT_SET(flow->project, flow->ready->project);
	TEXT_SET(flow->branch, flow->ready->branch);
	check->project = flow->project;
	check->head_repository = flow->head_repository;
	check->branch = flow->branch;
	check->commit = "";
	check->checks = flow->checks;
	check->pull_request = flow->ready->pull_request;
	check->builds = flow->builds.builds;
	check->n_builds = flow->builds.n_builds;
	check->now_ms = clock_now_ms();
	check->waited_for = true;
	r = watch_time(flow);
	r = r < 0 ? r : forge_check(forge, check, checked);
	return r < 0 ? r : -EINPROGRESS;
}

static void ready_step(struct ready_flow *flow, int status) {
	while (status == 0 && flow->state != READY_DONE) {
		/* clang-format off */
		switch (flow->state) {
		case READY_FIND:   status = find_branch(flow); break;
		case READY_BUILDS: status = read_builds(flow); break;
		case READY_CHECK:  status = ask_forge(flow); break;
		case READY_DONE:   break;
		}
		/* clang-format on */
	}
	if (status != -EINPROGRESS) {
		ready_end(flow, status);
	}
}

int engine_ready(struct engine *engine, struct engine_ready *ready,
	void (*done)(struct engine_ready *, int)) {
	struct ready_flow *flow = calloc(1, sizeof(*flow));
	int r;

	if (flow == NULL) {
		return -ENOMEM;
	}
	flow->ready = ready;
	flow->engine = engine;
	ready->engine = engine;
	ready->done = done;
	config_spell_project(engine->config, ready->project);
	engine_policy(engine, ready->project, &flow->policy);
	r = config_copy_checks(engine->config, ready->project, &flow->checks);
	if (r == 0) {
		r = find_branch(flow);
	}
	if (r == 0) {
		r = read_builds(flow);
	}
	if (r == 0) {
		r = ask_forge(flow);
	}
	if (r == -EINPROGRESS) {
		return 0;
	}
	flow_free(flow);
	return r;
}

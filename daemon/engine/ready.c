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
	struct engine_ready *ready;
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

static void ready_end(struct ready_flow *flow, int status) {
	struct engine_ready *ready = flow->ready;

	if (flow->has_builds) {
		store_builds_finish(&flow->builds);
	}
	config_checks_destroy(flow->checks);
	free(flow);
	ready->state = NULL;
	ready->done(ready, status);
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

static void checked(struct forge_check *check, int status) {
	struct ready_flow *flow = container_of(check, struct ready_flow, check);

	flow->ready->verdict = check->verdict;
	if (status < 0) {
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

	check->project = flow->ready->project;
	check->head_repository = flow->head_repository;
	check->branch = flow->ready->branch;
	check->commit = "";
	check->checks = flow->checks;
	check->pull_request = flow->ready->pull_request;
	check->builds = flow->builds.builds;
	check->n_builds = flow->builds.n_builds;
	check->now_ms = clock_now_ms();
	r = forge_check(forge, check, checked);
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
	ready->engine = engine;
	ready->done = done;
	ready->state = flow;
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
	config_checks_destroy(flow->checks);
	free(flow);
	return r;
}

#include "daemon/forge/readiness.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "common/text.h"

#define SHORT_COMMIT_LEN 7
#define SHORT_NAME_MAX 80
#define OF_STEP_MAX (2 * SHORT_NAME_MAX + 32)

/* The builds of one job and step: a run of the sorted array, by arrival. */
struct group {
	const struct build *const *builds;
	size_t n;
	const struct build *failed;   /* the newest by arrival; NULL: none failed */
	const struct build *covering; /* the newest passed one that proves `failed` repaired */
	const struct build *newer_red; /* else: failed on a later commit than a pass that came after `failed` */
	const struct build *unordered; /* else: passed after `failed` arrived, on who knows what commit */
	const struct build *owed; /* a red beside `failed` that nothing repaired; NULL: none */
};

static int arrival(const struct build *a, const struct build *b) {
	if (a->id != b->id) {
		return a->id > b->id ? 1 : -1;
	}
	return (a > b) - (a < b);
}

static int same_step(const struct build *a, const struct build *b) {
	int r = strcmp(a->job, b->job);

	return r != 0 ? r : strcmp(a->step, b->step);
}

static int by_step_and_arrival(const void *a, const void *b) {
	const struct build *left = *(const struct build *const *)a;
	const struct build *right = *(const struct build *const *)b;
	int r = same_step(left, right);

	return r != 0 ? r : arrival(left, right);
}

/* ---- words ---- */

/* "job / step", as far as they are known. */
static const char *step_subject(const struct build *build, char *out, size_t size) {
	bool both = build->job[0] != '\0' && build->step[0] != '\0';
	bool none = build->job[0] == '\0' && build->step[0] == '\0';

	(void)text_format(out, size, "%s%s%s%s", build->job, both ? " / " : "", build->step,
		none ? "build" : "");
	return out;
}

/* A name in a sentence: a very long one must not push out the end of it. */
static const char *short_name(const char *name, char out[SHORT_NAME_MAX + 4]) {
	bool fits = text_copy(out, SHORT_NAME_MAX, name);

	(void)text_copy(out + strlen(out), 4, fits ? "" : "…");
	return out;
}

/* " of job X, step Y"; "" when neither is known. */
static const char *of_step(const struct build *build, char *out, size_t size) {
	char job[SHORT_NAME_MAX + 4], step[SHORT_NAME_MAX + 4];

	(void)short_name(build->job, job);
	(void)short_name(build->step, step);
	(void)text_format(out, size, "%s%s%s%s%s", job[0] != '\0' || step[0] != '\0' ? " of " : "",
		job[0] != '\0' ? "job " : "", job,
		step[0] == '\0'		 ? ""
			: job[0] != '\0' ? ", step "
					 : "step ",
		step);
	return out;
}

/* A commit as people write it: abbreviated when it is a hash. */
static const char *short_commit(const struct build *build, char out[LIMIT_COMMIT_MAX]) {
	size_t n_hex = 0;

	if (build->commit[0] == '\0') {
		(void)text_copy(out, LIMIT_COMMIT_MAX, "an unknown commit");
		return out;
	}
	while (isxdigit((unsigned char)build->commit[n_hex])) {
		n_hex++;
	}
	(void)text_copy(out, LIMIT_COMMIT_MAX, build->commit);
	if (n_hex >= SHORT_COMMIT_LEN && build->commit[n_hex] == '\0') {
		out[SHORT_COMMIT_LEN] = '\0';
	}
	return out;
}

/* ", #12 on abc1234,", as far as they are known. */
static const char *which_build(const struct build *build, char *out, size_t size) {
	char commit[LIMIT_COMMIT_MAX];
	bool has_number = build->build_number[0] != '\0';
	bool has_commit = build->commit[0] != '\0';

	(void)text_format(out, size, "%s%s%s%s%s%s", has_number || has_commit ? ", " : "",
		has_number ? "#" : "", build->build_number,
		has_commit ? (has_number ? " on " : "on ") : "",
		has_commit ? short_commit(build, commit) : "", has_number || has_commit ? "," : "");
	return out;
}

/* ---- judging one job and step ---- */

static const struct build *red_after(const struct group *group, const struct build *passed) {
	for (size_t i = group->n; i-- > 0;) {
		const struct build *build = group->builds[i];

		if (!build->passed && build_compare(build, passed) == BUILD_AFTER) {
			return build;
		}
	}
	return NULL;
}

static void find_newest_failed(struct group *group) {
	for (size_t i = group->n; i-- > 0 && group->failed == NULL;) {
		if (!group->builds[i]->passed) {
			group->failed = group->builds[i];
		}
	}
}

/* What the passed builds say about the newest failed one; looks at the newest first. */
static void find_cover(struct group *group) {
	for (size_t i = group->n; i-- > 0 && group->covering == NULL;) {
		const struct build *build = group->builds[i];
		const struct build *red;

		if (!build->passed) {
			continue;
		}
		switch (build_compare(build, group->failed)) {
		case BUILD_BEFORE: break;
		case BUILD_ORDER_UNKNOWN:
			if (group->unordered == NULL && arrival(build, group->failed) > 0) {
				group->unordered = build;
			}
			break;
		case BUILD_AFTER:
			red = red_after(group, build);
			if (red == NULL) {
				group->covering = build;
			} else if (group->newer_red == NULL) {
				group->newer_red = red;
			}
			break;
		}
	}
}

/*
 * Whether the incident's end must wait for this red. One from before it may be of a commit that a rebase removed:
 * without ancestors and numbers no pass would ever be known to come after it.
 */
static bool is_owed(const struct readiness_local *snapshot, const struct build *red) {
	const struct incident *incident = snapshot->incident;

	/* An incident without a report was opened by a check, when the failures were there already. */
	return incident == NULL || incident->report_id == 0 || red->incident_id == incident->id ||
		id_ms(red->id) >= incident->opened_ms;
}

/*
 * Whether a build on a commit at or after the red one's says what became of it: a pass, or a red that arrived later
 * and is owed itself. (By arrival, so that builds that contradict each other never excuse each other in a circle.)
 */
static bool is_followed(const struct readiness_local *snapshot, const struct group *group,
	const struct build *red) {
	for (size_t i = group->n; i-- > 0;) {
		const struct build *build = group->builds[i];

		if ((build->passed || (arrival(build, red) > 0 && is_owed(snapshot, build))) &&
			build_compare(build, red) == BUILD_AFTER) {
			return true;
		}
	}
	return false;
}

/* The repair of the newest red says nothing of another one on a commit of unknown order. */
static void find_owed(const struct readiness_local *snapshot, struct group *group) {
	for (size_t i = group->n; i-- > 0 && group->owed == NULL;) {
		const struct build *build = group->builds[i];

		if (!build->passed && build != group->failed && is_owed(snapshot, build) &&
			!is_followed(snapshot, group, build)) {
			group->owed = build;
		}
	}
}

static bool is_active_elsewhere(const struct readiness_local *snapshot, int64_t incident_id) {
	if (incident_id == 0 ||
		(snapshot->incident != NULL && snapshot->incident->id == incident_id)) {
		return false;
	}
	for (size_t i = 0; i < snapshot->n_active_incidents; i++) {
		if (snapshot->active_incidents[i] == incident_id) {
			return true;
		}
	}
	return false;
}

/* Whether the red is younger than what the cycle set out to repair. */
static bool failed_again(const struct readiness_local *snapshot, const struct group *group) {
	size_t n_failed = 0;

	if (snapshot->incident != NULL) {
		return group->failed->report_id > snapshot->incident->cycle_report_id;
	}
	for (size_t i = 0; i < group->n; i++) {
		n_failed += !group->builds[i]->passed;
	}
	return n_failed > 1;
}

/* One reason for an incident, however many of its steps are red. */
static void add_red_elsewhere(struct verdict *verdict, const struct build *red) {
	char id[ID_TEXT_MAX], where[OF_STEP_MAX];

	(void)id_format(ID_INCIDENT, red->incident_id, id);
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (verdict->reasons[i].code == REASON_RED_ELSEWHERE &&
			strcmp(verdict->reasons[i].subject, id) == 0) {
			return;
		}
	}
	verdict_add(verdict, REASON_RED_ELSEWHERE, id, "The build%s is red because of %s.",
		of_step(red, where, sizeof(where)), id);
}

static void add_order_unknown(
	struct verdict *verdict, const struct build *red, const struct build *green) {
	char subject[LIMIT_SUBJECT_MAX], where[OF_STEP_MAX];
	char passed[LIMIT_COMMIT_MAX], failed[LIMIT_COMMIT_MAX];

	verdict_add(verdict, REASON_ORDER_UNKNOWN, step_subject(red, subject, sizeof(subject)),
		"A build%s passed on %s, but whether that is after %s, where it failed, is unknown.",
		of_step(red, where, sizeof(where)), short_commit(green, passed),
		short_commit(red, failed));
}

static void add_build_failed(struct verdict *verdict, const struct build *red) {
	char subject[LIMIT_SUBJECT_MAX], where[OF_STEP_MAX];
	char which[LIMIT_COMMIT_MAX + LIMIT_NUMBER_MAX + 16];

	verdict_add(verdict, REASON_BUILD_FAILED, step_subject(red, subject, sizeof(subject)),
		"The newest build%s%s failed.", of_step(red, where, sizeof(where)),
		which_build(red, which, sizeof(which)));
}

static void add_no_build(struct verdict *verdict, const struct build *red) {
	char subject[LIMIT_SUBJECT_MAX], where[OF_STEP_MAX], commit[LIMIT_COMMIT_MAX];
	bool has_commit = red->commit[0] != '\0';

	verdict_add(verdict, REASON_NO_BUILD_SINCE_REPORT,
		step_subject(red, subject, sizeof(subject)),
		"No build%s has been reported since it failed%s%s.",
		of_step(red, where, sizeof(where)), has_commit ? " on " : "",
		has_commit ? short_commit(red, commit) : "");
}

/* The covering pass is neither after it, nor it after the pass. */
static void judge_owed(const struct readiness_local *snapshot, const struct group *group,
	struct verdict *verdict) {
	if (is_active_elsewhere(snapshot, group->owed->incident_id)) {
		add_red_elsewhere(verdict, group->owed);
	} else {
		add_order_unknown(verdict, group->owed, group->covering);
	}
}

static void judge_group(
	const struct readiness_local *snapshot, struct group *group, struct verdict *verdict) {
	const struct build *red;

	find_newest_failed(group);
	if (group->failed == NULL) {
		return;
	}
	find_cover(group);
	if (group->covering != NULL) {
		find_owed(snapshot, group);
		if (group->owed != NULL) {
			judge_owed(snapshot, group, verdict);
		}
		return;
	}
	red = group->newer_red != NULL ? group->newer_red : group->failed;
	if (is_active_elsewhere(snapshot, red->incident_id)) {
		add_red_elsewhere(verdict, red);
	} else if (group->unordered != NULL) {
		add_order_unknown(verdict, group->failed, group->unordered);
	} else if (group->newer_red != NULL || failed_again(snapshot, group)) {
		add_build_failed(verdict, red);
	} else {
		add_no_build(verdict, red);
	}
}

/* ---- the whole branch ---- */

static void add_proof(struct verdict *verdict, const struct build *build) {
	if (verdict->n_proof < VERDICT_PROOF_MAX) {
		(void)id_format(ID_BUILD, build->id, verdict->proof[verdict->n_proof++]);
	}
}

static const struct build *newer_of(const struct build *a, const struct build *b) {
	return a == NULL || arrival(b, a) > 0 ? b : a;
}

/* The end of the run that starts at `first`. */
static size_t group_end(const struct build *const *builds, size_t n, size_t first) {
	size_t end = first + 1;

	while (end < n && same_step(builds[first], builds[end]) == 0) {
		end++;
	}
	return end;
}

static void judge_groups(const struct readiness_local *snapshot, const struct build *const *builds,
	size_t n, struct verdict *verdict) {
	const struct build *newest = NULL, *newest_cover = NULL;
	bool any_failed = false;

	for (size_t first = 0, end; first < n; first = end) {
		struct group group = { .builds = builds + first };

		end = group_end(builds, n, first);
		group.n = end - first;
		judge_group(snapshot, &group, verdict);
		newest = newer_of(newest, builds[end - 1]);
		any_failed = any_failed || group.failed != NULL;
		if (group.covering != NULL && group.owed == NULL) {
			newest_cover = newer_of(newest_cover, group.covering);
			add_proof(verdict, group.covering);
		}
	}
	if (!any_failed) {
		add_proof(verdict, newest);
	}
	if (verdict->n_reasons == 0 && newest_cover != NULL) {
		newest = newest_cover;
	}
	(void)TEXT_SET(verdict->head_sha, newest->commit);
}

/* What the incident's newest report told of is not among the builds: they prove nothing about it. */
static bool failure_out_of_sight(const struct readiness_local *snapshot) {
	const struct incident *incident = snapshot->incident;

	if (incident == NULL || incident->report_id == 0 || snapshot->n_builds == 0) {
		return false;
	}
	for (size_t i = 0; i < snapshot->n_builds; i++) {
		if (snapshot->builds[i].report_id == incident->report_id) {
			return false;
		}
	}
	return true;
}

static void add_out_of_sight(const struct readiness_local *snapshot, struct verdict *verdict) {
	const char *head = snapshot->incident != NULL ? snapshot->incident->head_sha : "";

	if (snapshot->n_builds > LIMIT_BUILDS_JUDGED) {
		verdict_add(verdict, REASON_ORDER_UNKNOWN, head,
			"More than %d builds matter here, too many to tell whether all failures are repaired.",
			LIMIT_BUILDS_JUDGED);
	} else if (failure_out_of_sight(snapshot)) {
		verdict_add(verdict, REASON_ORDER_UNKNOWN, head,
			"The build of the newest failure is not kept any more, so nothing tells whether it is"
			" repaired.");
	}
}

static enum verdict_outcome outcome_of(const struct verdict *verdict) {
	for (size_t i = 0; i < verdict->n_reasons; i++) {
		if (reason_class_of(verdict->reasons[i].code) != REASON_WAIT) {
			return VERDICT_NOT_READY;
		}
	}
	return verdict->n_reasons == 0 ? VERDICT_READY : VERDICT_PENDING;
}

void readiness_judge_local(const struct readiness_local *snapshot, struct verdict *ret_verdict) {
	const struct incident *incident = snapshot->incident;
	const struct build *builds[LIMIT_BUILDS_JUDGED];
	size_t n = MIN(snapshot->n_builds, ARRAY_SIZE(builds));
	struct verdict *verdict = ret_verdict;

	*verdict = (struct verdict){ .checked_at_ms = snapshot->now_ms };
	verdict->revision = incident != NULL ? incident->revision : 0;
	for (size_t i = 0; i < n; i++) {
		builds[i] = &snapshot->builds[snapshot->n_builds - n + i];
	}
	if (n > 0) {
		qsort(builds, n, sizeof(builds[0]), by_step_and_arrival);
		judge_groups(snapshot, builds, n, verdict);
	} else {
		verdict_add(verdict, REASON_NO_CHECKS_ON_HEAD,
			incident != NULL ? incident->head_sha : "",
			"No build of this branch has been reported yet.");
	}
	add_out_of_sight(snapshot, verdict);
	verdict->outcome = outcome_of(verdict);
}

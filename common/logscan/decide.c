#include "common/logscan/decide.h"

#include <inttypes.h>
#include <string.h>

#include "common/text.h"

/* A class gains by what its step's command is for, and by the number of its findings. */
#define STAGE_BONUS 15
#define COUNT_BONUS_MAX 8
/* What was stopped from outside did not come to its own end. */
#define CANCEL_BONUS 60
/* The last words of a program tell more than what it went on after. */
#define END_BONUS 25
/* A tool's count of findings tells less than a finding. */
#define SUMMARY_MALUS 12
/* A CI that stops a step does so with these. */
#define EXIT_INTERRUPTED 130
#define EXIT_TERMINATED 143
/* Beyond this a sentence of the step itself is needed no more. */
#define CONFIDENCE_FULL 100.0

static const struct type_row {
	enum logscan_stage stage;
	enum logscan_cause cause; /* when the evidence has none */
} types[] = {
	[ERROR_LINT] = { STAGE_LINT, CAUSE_LINT },
	[ERROR_TYPE_CHECK] = { STAGE_TYPE_CHECK, CAUSE_TYPE },
	[ERROR_BUILD] = { STAGE_BUILD, CAUSE_COMPILE },
	[ERROR_TEST] = { STAGE_TEST, CAUSE_TEST },
	[ERROR_SECURITY_SCAN] = { STAGE_SECURITY, CAUSE_VULNERABILITY },
	[ERROR_DEPLOY] = { STAGE_DEPLOY, CAUSE_CONFIG },
	[ERROR_INFRA] = { STAGE_OTHER, CAUSE_UNKNOWN },
	[ERROR_UNKNOWN] = { STAGE_OTHER, CAUSE_UNKNOWN },
};

bool evidence_is_error(const struct evidence *evidence) {
	return !evidence->warning;
}

static bool is_of_failed(const struct evidences *evidences, uint32_t step) {
	for (size_t i = 0; i < evidences->n_failed; i++) {
		if (evidences->failed[i].id == step) {
			return true;
		}
	}
	return false;
}

bool decision_holds(const struct decision *decision, const struct evidence *evidence) {
	if (decision->step == NULL || evidence->step == decision->step->id) {
		return true;
	}
	/* the same again in other jobs, or the next step of the same kind */
	return evidence->type == decision->type && evidence->weight >= WEIGHT_LIKELY &&
		evidence_is_error(evidence) && decision->evidences != NULL &&
		is_of_failed(decision->evidences, evidence->step);
}

static bool is_in(const struct step *step, const struct evidence *evidence) {
	return step == NULL || evidence->step == step->id;
}

/* The command of the step, where CI told it only at the step's end. */
static enum logscan_stage stage_of(const struct step *step, const struct evidence *evidence) {
	return evidence->stage == STAGE_OTHER && step != NULL ? step->stage : evidence->stage;
}

static int score_of(const struct step *step, const struct evidence *evidence) {
	enum logscan_stage stage = stage_of(step, evidence);
	bool fits = evidence->weight >= WEIGHT_SENTENCE && stage != STAGE_OTHER &&
		types[evidence->type].stage == stage;

	return evidence->weight + (fits ? STAGE_BONUS : 0) +
		(evidence->cancelled ? CANCEL_BONUS : 0) + (evidence->at_end ? END_BONUS : 0);
}

struct tally {
	int best[ERROR_TYPE_COUNT];
	int count[ERROR_TYPE_COUNT];
	int64_t first[ERROR_TYPE_COUNT];
};

static void tally_step(
	const struct evidences *evidences, const struct step *step, struct tally *tally) {
	memset(tally, 0, sizeof(*tally));
	for (size_t i = 0; i < evidences->n; i++) {
		const struct evidence *evidence = evidences->all[i];
		int score = score_of(step, evidence);

		if (!is_in(step, evidence) || !evidence_is_error(evidence)) {
			continue;
		}
		if (score > tally->best[evidence->type]) {
			tally->best[evidence->type] = score;
			tally->first[evidence->type] = evidence->log_line;
		}
		tally->count[evidence->type]++;
	}
}

/* The best class: the surest evidence, then the most of it, then the first. Returns its score, 0 for none. */
static int best_type(const struct tally *tally, enum error_type *ret_type) {
	int best = 0;

	for (int type = 0; type < ERROR_TYPE_COUNT; type++) {
		int score = tally->best[type];

		if (score == 0) {
			continue;
		}
		score += MIN(tally->count[type], COUNT_BONUS_MAX);
		if (score > best || (score == best && tally->first[type] < tally->first[*ret_type])) {
			best = score;
			*ret_type = (enum error_type)type;
		}
	}
	return best;
}

static bool was_cancelled(const struct evidences *evidences, const struct step *step) {
	for (size_t i = 0; i < evidences->n; i++) {
		if (is_in(step, evidences->all[i]) && evidences->all[i]->cancelled) {
			return true;
		}
	}
	return false;
}

/* The first step that failed for its own reason: of a kind we know, if there is one, and not cancelled. */
static const struct step *choose_step(const struct evidences *evidences) {
	const struct step *known = NULL, *cancelled = NULL;

	for (size_t i = 0; i < evidences->n_failed; i++) {
		const struct step *step = &evidences->failed[i];
		enum error_type type = ERROR_UNKNOWN;
		struct tally tally;
		int score;

		if (was_cancelled(evidences, step)) {
			cancelled = cancelled != NULL ? cancelled : step;
			continue;
		}
		tally_step(evidences, step, &tally);
		score = best_type(&tally, &type);
		if (known == NULL && score >= WEIGHT_LIKELY && type != ERROR_UNKNOWN) {
			known = step;
		}
	}
	if (known != NULL) {
		return known;
	}
	return cancelled != NULL ? cancelled : &evidences->failed[0];
}

static const struct evidence *choose_headline(
	const struct evidences *evidences, const struct step *step, enum error_type type) {
	const struct evidence *best = NULL;
	int best_score = 0;

	for (size_t i = 0; i < evidences->n; i++) {
		const struct evidence *evidence = evidences->all[i];
		int score = score_of(step, evidence);

		if (!is_in(step, evidence) || evidence->type != type || !evidence_is_error(evidence)) {
			continue;
		}
		score -= evidence->row->role == ROLE_SUMMARY ? SUMMARY_MALUS : 0;
		if (score > best_score ||
			(score == best_score && (evidence->row->flags & ROW_LAST) != 0)) {
			best = evidence;
			best_score = score;
		}
	}
	return best;
}

/* What the rest of the step's output is about. */
static enum logscan_stage other_stage(const struct decision *decision) {
	for (size_t i = decision->evidences->n; i-- > 0;) {
		const struct evidence *evidence = decision->evidences->all[i];

		if (is_in(decision->step, evidence) && evidence->weight >= WEIGHT_LIKELY &&
			types[evidence->type].stage != STAGE_OTHER) {
			return types[evidence->type].stage;
		}
	}
	return decision->headline->row->cause == CAUSE_DEPENDENCY ? STAGE_INSTALL : STAGE_OTHER;
}

static bool speaks_of(const struct evidence *evidence, const char *const *phrases, size_t n) {
	for (size_t i = 0; i < n; i++) {
		if (strcasestr(evidence->text, phrases[i]) != NULL ||
			(evidence->details != NULL &&
				strcasestr(evidence->details, phrases[i]) != NULL)) {
			return true;
		}
	}
	return false;
}

/* A configuration or a test that cannot even begin mostly lacks something. */
static bool lacks_something(const struct decision *decision) {
	static const char *const phrases[] = { "cannot find module", "could not find",
		"no module named", " requires " };
	const struct evidence *headline = decision->headline;

	return headline != NULL && speaks_of(headline, phrases, ARRAY_SIZE(phrases)) &&
		((decision->type == ERROR_BUILD && decision->cause == CAUSE_CONFIG) ||
			(decision->type == ERROR_TEST && strcmp(headline->row->tool, "jest") == 0));
}

/* What killed a command that said nothing itself. */
static void apply_exit_code(const struct log_end *end, int score, struct decision *ret) {
	bool is_step = ret->step != NULL && end->exit_code < 0;
	int64_t code = is_step ? ret->step->exit_code : end->exit_code;
	struct exit_meaning meaning;

	if (exit_code_meaning(code, &meaning)) {
		bool stopped = is_step && (code == EXIT_INTERRUPTED || code == EXIT_TERMINATED);

		if (meaning.type != ERROR_UNKNOWN || stopped) {
			ret->type = ERROR_INFRA;
			ret->cause = meaning.cause;
		}
		if (!is_step && score < WEIGHT_SENTENCE) {
			ret->type = meaning.type;
			ret->cause = meaning.cause;
			ret->headline = NULL;
			memcpy(ret->sentence, meaning.sentence, sizeof(ret->sentence));
		}
	} else if (end->exit_code > 0 && ret->headline == NULL) {
		ret->cause = CAUSE_UNKNOWN;
		(void)text_format(ret->sentence, sizeof(ret->sentence),
			"exit code %" PRId64 ", no output", end->exit_code);
	}
}

/* Where an infrastructure fails says its step. */
static void set_stage_and_cause(const struct step *step, struct decision *ret) {
	const struct evidence *headline = ret->headline;

	ret->stage = types[ret->type].stage;
	ret->cause = types[ret->type].cause;
	if (ret->type == ERROR_INFRA && headline != NULL) {
		ret->stage = stage_of(step, headline);
		ret->stage = ret->stage == STAGE_OTHER ? other_stage(ret) : ret->stage;
	}
	if (headline != NULL && headline->row->cause != CAUSE_UNKNOWN) {
		ret->cause = headline->row->cause;
	} else if (headline != NULL && ret->type == ERROR_UNKNOWN && headline->weight > WEIGHT_HINT &&
		(step != NULL || strcmp(headline->row->tool, LAST_WORDS_TOOL) == 0)) {
		ret->cause =
			CAUSE_CONFIG; /* mostly a check of the project's own that says what it wants */
	} else if (headline != NULL && ret->type != ERROR_DEPLOY) {
		ret->cause = CAUSE_UNKNOWN;
	}
	if (ret->type == ERROR_LINT && ret->cause == CAUSE_COMPILE) {
		ret->cause = CAUSE_LINT; /* a compiler as a linter */
	}
	if (lacks_something(ret) ||
		(ret->type == ERROR_INFRA && headline != NULL && headline->type == ERROR_UNKNOWN)) {
		ret->cause = CAUSE_DEPENDENCY;
	}
}

/* Its output tells nothing we know, but the command's name does. */
static enum error_type guess_type(const struct evidences *evidences, const struct step *step) {
	const struct step *last = step != NULL ? step : &evidences->now;
	const char *texts[] = { last->command, last->title };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		bool sure = false;
		enum logscan_stage stage = grammar_command_stage(texts[i], &sure);

		if (stage == STAGE_INSTALL && sure) {
			return ERROR_INFRA;
		}
		for (int type = 0; stage != STAGE_OTHER && type < ERROR_INFRA; type++) {
			if (types[type].stage == stage && (sure || stage == STAGE_DEPLOY)) {
				return (enum error_type)type;
			}
		}
	}
	return ERROR_UNKNOWN;
}

bool tools_failed(const struct evidences *evidences) {
	bool exited = evidences->now.exited;
	uint8_t best = 0;

	for (size_t i = 0; i < evidences->n; i++) {
		if (evidence_is_error(evidences->all[i])) {
			best = MAX(best, evidences->all[i]->weight);
		}
	}
	return best >= WEIGHT_LIKELY || (exited && best > 0);
}

static bool log_failed(const struct evidences *evidences, const struct log_end *end) {
	if (end->exit_code >= 0) {
		return end->exit_code > 0;
	}
	if (evidences->n_failed > 0) {
		return true;
	}
	return !end->passed && !end->complete && (end->badly || tools_failed(evidences));
}

void decide(const struct evidences *evidences, const struct log_end *end, struct decision *ret) {
	struct tally tally;
	int score;

	*ret = (struct decision){ .stage = STAGE_OTHER, .cause = CAUSE_NONE, .confidence = 0.9 };
	if (!log_failed(evidences, end)) {
		return;
	}
	ret->failed = true;
	ret->evidences = evidences;
	ret->type = ERROR_UNKNOWN;
	ret->step = evidences->n_failed > 0 ? choose_step(evidences) : NULL;
	tally_step(evidences, ret->step, &tally);
	score = best_type(&tally, &ret->type);
	ret->headline = choose_headline(evidences, ret->step, ret->type);
	ret->confidence = MIN(score, (int)CONFIDENCE_FULL) / CONFIDENCE_FULL;
	if (ret->type == ERROR_UNKNOWN) {
		ret->confidence = MIN(ret->confidence, 0.3);
		ret->type = guess_type(evidences, ret->step);
	}
	set_stage_and_cause(ret->step, ret);
	if (score < WEIGHT_LIKELY) {
		apply_exit_code(end, score, ret);
	}
}

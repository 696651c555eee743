/* Whose turn it is: the chain of agents, what holds it up, and what a triggered one has to show. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/text.h"
#include "daemon/engine/lifecycle_internal.h"

/* Why nobody is triggered: up to the incident's id, and behind it (NULL: it is not named). */
static const struct {
	const char *why;
	const char *more;
} hold_words[INCIDENT_HOLD_COUNT] = {
	[HOLD_FORK] = { "No agent is triggered: the pull request is of a fork, and what its author controls "
			"would reach an agent. \"codegenctl incident release ",
		"\" lets it." },
	[HOLD_NO_WRITE] = { "No agent is triggered: the author of the pull request may not write to the "
			    "project. \"codegenctl incident release ",
		"\" lets it." },
	[HOLD_UNKNOWN] = { "No agent is triggered: whether its author may write to the "
			   "project could not be found out. \"codegenctl incident release ",
		"\" lets it." },
	[HOLD_IGNORED] = { "A label on the pull request keeps codegend away: nothing is posted or triggered.",
		NULL },
	[HOLD_AGENT_ASKS] = { "The agent waits for a person; answer it, or let the next cycle begin with "
			      "\"codegenctl incident release ",
		"\"." },
};

const char *hold_sentence(const struct incident *incident, char out[LIMIT_SENTENCE_MAX]) {
	const char *more = hold_words[incident->hold].more;
	char id[ID_TEXT_MAX];

	assert(incident_is_held(incident));
	if (incident->hold == HOLD_UNKNOWN && incident->issue_url[0] == '\0') {
		text_format(out, LIMIT_SENTENCE_MAX,
			"No agent is triggered, since publishing failed; \"codegenctl incident show %s\" names the task"
			" for \"codegenctl task retry\".",
			id_format(ID_INCIDENT, incident->id, id));
		return out;
	}
	text_format(out, LIMIT_SENTENCE_MAX, "%s%s%s", hold_words[incident->hold].why,
		more != NULL ? id_format(ID_INCIDENT, incident->id, id) : "",
		more != NULL ? more : "");
	return out;
}

static bool is_about_trust(enum incident_hold hold) {
	return hold == HOLD_FORK || hold == HOLD_NO_WRITE || hold == HOLD_UNKNOWN;
}

/*
 * What is known now. An operator's word, and an agent that asks, stay until somebody takes them back; the label counts
 * whatever was said before.
 */
void step_hold(const struct step_input *in, struct step_result *ret, enum incident_hold hold) {
	struct incident *incident = &ret->incident;

	if (hold != HOLD_AGENT_ASKS && hold != HOLD_IGNORED &&
		(incident->hold == HOLD_RELEASED || incident->hold == HOLD_AGENT_ASKS)) {
		return;
	}
	if (hold == HOLD_NONE && incident_is_of_fork(incident)) {
		hold = HOLD_FORK;
	}
	if (in->policy->trigger_untrusted && is_about_trust(hold)) {
		hold = HOLD_NONE;
	}
	if (hold != incident->hold) {
		incident->hold = hold;
		incident->hold_ms = in->now_ms;
	}
}

/* Nothing was published, so the forge told nothing of who made the pull request. */
void step_hold_unknown(const struct step_input *in, struct step_result *ret) {
	bool told = !in->policy->forge_tells || in->incident->issue_url[0] != '\0';

	step_hold(in, ret, told ? in->incident->hold : HOLD_UNKNOWN);
}

/* After publishing, or after giving it up: the agent's turn. */
void step_ask_for_agent(const struct step_input *in, struct step_result *ret) {
	struct incident *incident = &ret->incident;
	char held[LIMIT_SENTENCE_MAX];

	if (in->policy->mode == POLICY_OBSERVE) {
		step_wait_for_follow_up(
			in, ret, "Only observed now (mode = observe): no agent is triggered.");
	} else if (in->policy->n_agents == 0) {
		step_wait_for_follow_up(in, ret, "Published; the project has no agent to trigger.");
	} else if (incident_is_held(incident)) {
		(void)hold_sentence(incident, held);
		step_wait_for_follow_up(in, ret, held);
		step_note(ret, NOTE_AGENT, held);
	} else {
		ret->has_incident = true;
		step_add(in, ret, TASK_TRIGGER_AGENT, in->now_ms, "The agent's turn.");
		text_format(incident->reason, sizeof(incident->reason),
			"Cycle %lld of %lld: agent \"%s\" is to be triggered.",
			(long long)incident->cycle,
			(long long)incident_max_cycle(incident, in->policy),
			policy_agent(in->policy, incident->agent_at)->name);
	}
}

/* No sign of life: the chain goes on, and at its end a person is asked. */
void step_next_agent(const struct step_input *in, struct step_result *ret, const char *because) {
	struct incident *incident = &ret->incident;
	char sentence[LIMIT_SENTENCE_MAX];

	incident->life_due_ms = 0;
	if (incident->agent_at + 1 >= (int64_t)in->policy->n_agents) {
		text_format(sentence, sizeof(sentence),
			"%s No agent is left to ask; a person is needed. "
			"\"codegenctl incident retry\" begins with the first agent again.",
			because);
		step_end(ret, INCIDENT_ESCALATED, sentence);
		step_add(in, ret, TASK_NOTIFY, in->now_ms,
			"Tells people that the incident is escalated.");
		return;
	}
	incident->agent_at++;
	step_state(ret, INCIDENT_OPEN);
	text_format(sentence, sizeof(sentence), "%s It is the turn of agent \"%s\".", because,
		policy_agent(in->policy, incident->agent_at)->name);
	TEXT_SET(incident->reason, sentence);
	step_add(in, ret, TASK_TRIGGER_AGENT, in->now_ms, sentence);
	step_note(ret, NOTE_AGENT, sentence);
	step_tell(in, ret);
}

/* It was asked, and works somewhere else: a commit has to show that it does. */
void step_await_life(const struct step_input *in, struct step_result *ret) {
	int64_t life_ms = policy_agent(in->policy, ret->incident.agent_at)->life_ms;

	ret->incident.life_due_ms = life_ms > 0 ? in->now_ms + life_ms : 0;
}

/*
 * Looks for the sign in a verdict: a head that is another one than when it was triggered. True: there is none and its
 * time is over, and the next agent's turn began.
 */
bool step_miss_life(const struct step_input *in, struct step_result *ret) {
	struct incident *incident = &ret->incident;
	const char *head = incident->verdict.head_sha;
	char because[LIMIT_SENTENCE_MAX];

	if (incident->life_due_ms == 0) {
		return false;
	}
	if (incident->triggered_sha[0] == '\0' && head[0] != '\0') {
		/* Nobody knew the head when it was asked: from this one on it has its time once more. */
		TEXT_SET(incident->triggered_sha, head);
		step_await_life(in, ret);
		return false;
	}
	if (head[0] != '\0' && !build_same_commit(head, incident->triggered_sha)) {
		incident->life_due_ms = 0;
		ret->wake_branch = true;
		return false;
	}
	if (head[0] == '\0' || step_aged_ms(in) < incident->life_due_ms) {
		return false;
	}
	text_format(because, sizeof(because), "Agent \"%s\" showed no sign of life.",
		policy_agent(in->policy, incident->agent_at)->name);
	step_task(ret, TASK_COMPLETED, because);
	step_next_agent(in, ret, because);
	if (incident->state == INCIDENT_OPEN) { /* its check goes on with the next one */
		incident->follow_up_ms = in->now_ms + in->policy->follow_up_delay_ms;
		step_task_again(ret, incident->follow_up_ms, because);
		ret->task.attempt = 0;
	}
	return true;
}

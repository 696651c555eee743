/*
 * judge_rows - how a row of the judge's test is written: checks, suites, what else is so, and the verdict.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "daemon/forge/github_judge.h"

#define NOW INT64_C(1758245293693)
#define HEAD "1111111111111111111111111111111111111111"
#define REPORTED "2222222222222222222222222222222222222222"
#define CHECKS_MAX 4
#define REASONS_MAX 4
#define REPORT_MS (NOW - CLOCK_HOUR_MS)
#define OTHER_INCIDENT 77

/* A check; what is not said is that of a passed one that began and ended after the report. */
struct row_check {
	enum github_kind kind;
	const char *name;
	enum github_status status;
	enum github_conclusion conclusion;
	enum github_answer required;
	int64_t id;
	const char *app;
	const char *workflow;
	int64_t run_id;
	int64_t started_ms;   /* -1: unknown */
	int64_t completed_ms; /* -1: unknown */
	const char *event;
	bool inexact;
};

#define RUN(n, c, ...)                                                                             \
	{                                                                                          \
		.kind = GITHUB_KIND_RUN, .name = (n), .status = GITHUB_STATUS_COMPLETED,           \
		.conclusion = GITHUB_CONCLUSION_##c, __VA_ARGS__                                   \
	}
#define BUSY(n, s, ...)                                                                            \
	{                                                                                          \
		.kind = GITHUB_KIND_RUN, .name = (n), .status = GITHUB_STATUS_##s,                 \
		.conclusion = GITHUB_CONCLUSION_NONE, __VA_ARGS__                                  \
	}
#define STATUS(n, s, c, ...)                                                                       \
	{                                                                                          \
		.kind = GITHUB_KIND_STATUS, .name = (n), .status = GITHUB_STATUS_##s,              \
		.conclusion = GITHUB_CONCLUSION_##c, .app = "", __VA_ARGS__                        \
	}
#define SUITE(w, s, c, ...)                                                                        \
	{                                                                                          \
		.kind = GITHUB_KIND_SUITE, .name = "", .workflow = (w),                            \
		.status = GITHUB_STATUS_##s, .conclusion = GITHUB_CONCLUSION_##c, __VA_ARGS__      \
	}
#define GREEN RUN("lint", SUCCESS)
#define REQUIRED .required = GITHUB_YES
#define OPTIONAL .required = GITHUB_NO

struct row_reason {
	enum reason_code code;
	const char *subject;
};

struct row {
	const char *what;
	struct row_check checks[CHECKS_MAX];
	struct row_check suites[CHECKS_MAX];
	void (*twist)(struct github_snapshot *snapshot, struct github_policy *policy);
	enum verdict_outcome outcome;
	struct row_reason reasons[REASONS_MAX];
};

#define NO_SUITES                                                                                  \
	{                                                                                          \
		{ 0 }                                                                              \
	}
#define READY                                                                                      \
	VERDICT_READY, {                                                                           \
		{ 0 }                                                                              \
	}
#define ONE(out, c, s)                                                                             \
	VERDICT_##out, {                                                                           \
		{ REASON_##c, s }                                                                  \
	}
#define TWO(out, c, s, d, u)                                                                       \
	VERDICT_##out, {                                                                           \
		{ REASON_##c, s }, {                                                               \
			REASON_##d, u                                                              \
		}                                                                                  \
	}

/*
 * limits - every bound of the client, by name.
 */
#pragma once

#include "common/clock.h"
#include "common/protocol.h"

/* How long an answer may take unless --timeout says otherwise. */
#define CLIENT_TIMEOUT_MS (30 * CLOCK_SECOND_MS)
/* All of a submission, git included: a CI step never waits longer for us. */
#define CLIENT_SUBMIT_TIMEOUT_MS (2 * CLOCK_SECOND_MS)
#define CLIENT_GIT_TIMEOUT_MS (1 * CLOCK_SECOND_MS)
/* Of the submission's time, for a log that is not standard input. */
#define CLIENT_LOG_TIMEOUT_MS (1 * CLOCK_SECOND_MS)
/* Of doctor: until a socket that systemd holds counts as one behind which nobody is; what systemd may take,
 * and how long until it is asked again. */
#define CLIENT_DOCTOR_TIMEOUT_MS (5 * CLOCK_SECOND_MS)
#define CLIENT_SYSTEMCTL_TIMEOUT_MS (2 * CLOCK_SECOND_MS)
#define CLIENT_SYSTEMCTL_POLL_MS 50
#define CLIENT_GIT_OUTPUT_BYTES (16 * 1024)
/* Of the submission's time, kept for writing it to the spool. */
#define CLIENT_SPOOL_TIMEOUT_MS 200
/* A daemon that is busy for longer is as good as none. */
#define CLIENT_BUSY_MAX_MS (60 * CLOCK_SECOND_MS)
/* Of the spool's file system stays free. */
#define CLIENT_SPOOL_FREE_PERCENT 2
/* Files a CI system hands to its steps: the event, the build's properties. */
#define CLIENT_EVENT_MAX_BYTES (4 * 1024 * 1024)
#define CLIENT_PROPERTIES_MAX_BYTES (1024 * 1024)
/* Of a step that has ended: how long others who hold its output open may add to its log. */
#define CLIENT_RUN_GRACE_MS 200
/* Until a signal to a process group has come to all of it, and how long one of it may take to say so. */
#define CLIENT_RUN_WITNESS_MS 2
#define CLIENT_RUN_ANSWER_MS 50
/* Of a line that has no end yet, while both streams of a step are watched. */
#define CLIENT_RUN_LINE_BYTES (256 * 1024)
/* Files that go along as context: each, all, and the least that is worth beginning. */
#define CLIENT_CONTEXT_MEMBER_BYTES (64 * 1024)
#define CLIENT_CONTEXT_BYTES (256 * 1024)
#define CLIENT_CONTEXT_MIN_BYTES 1024
#define CLIENT_CONTEXT_FILES_MAX 32
#define CLIENT_CONTEXT_ENTRIES_MAX 1000
/* Of the daemon's metrics: all of them, labels of a sample, buckets of a histogram. */
#define CLIENT_METRICS_MAX_BYTES PROTOCOL_FRAME_MAX_BYTES
#define CLIENT_METRIC_LABELS_MAX 4
#define CLIENT_METRIC_BUCKETS_MAX 64
/* A page: all of it; incidents that are told in full; days and bars of a plot, and its series. */
#define CLIENT_PAGE_MAX_BYTES (32 * 1024 * 1024)
#define CLIENT_PAGE_INCIDENTS_MAX 50
#define CLIENT_PAGE_CITED_BYTES 4096 /* of what failed, an incident */
#define CLIENT_PLOT_DAYS_MAX 400
#define CLIENT_PLOT_BARS_MAX 12
#define CLIENT_PLOT_SERIES_MAX 2
/* Between two looks of `ready --wait`. */
#define CLIENT_READY_POLL_MS (3 * CLOCK_SECOND_MS)

/* `top`: between two looks at everything, when nobody answers, and how long an answer may take. */
#define CLIENT_TOP_LOOK_MS (3 * CLOCK_SECOND_MS)
#define CLIENT_TOP_ANSWER_MS (2 * CLOCK_SECOND_MS)
/* After an event, so that a flood of them is one look. */
#define CLIENT_TOP_SOON_MS 300
/* How long what happened last is told. */
#define CLIENT_TOP_NOTE_MS (8 * CLOCK_SECOND_MS)
/* Of each list that it holds. */
#define CLIENT_TOP_ROWS 100

/* What is kept of a log: its beginning and its end. */
#define CLIENT_LOG_HEAD_BYTES (64 * 1024)
#define CLIENT_LOG_TAIL_BYTES (191 * 1024)
/* What the daemon takes of each; longer ones are cut here, so that nothing is refused for it. */
#define CLIENT_DETAILS_MAX_BYTES (64 * 1024)
#define CLIENT_COMMAND_MAX_BYTES (16 * 1024)
/* A command before secrets are taken out: none lies where both this and then that is cut. */
#define CLIENT_COMMAND_RAW_BYTES (2 * CLIENT_COMMAND_MAX_BYTES)
#define CLIENT_QUALITY_SENT_MAX_BYTES (64 * 1024)
/* Around the parameters in a message or a spool file. */
#define CLIENT_ENVELOPE_BYTES 1024
/* Result files: streamed ones, those read as one JSON value (which takes some ten times as much memory), one line. */
#define CLIENT_RESULTS_FILE_BYTES (64 * 1024 * 1024)
#define CLIENT_RESULTS_JSON_BYTES (32 * 1024 * 1024)
#define CLIENT_RESULTS_LINE_BYTES (1024 * 1024)
#define CLIENT_RESULTS_HEAD_BYTES 4096	      /* looked at to know the format */
#define CLIENT_RESULTS_DEPTH_MAX 64	      /* of XML elements */
#define CLIENT_RESULTS_SENT_BYTES (60 * 1024) /* of one kind; the daemon takes 64 KiB */
#define CLIENT_FINDINGS_MAX 100
/* Of a result file's findings: lines behind the excerpt of the log, and each of them. */
#define CLIENT_EXCERPT_FINDINGS_MAX 20
#define CLIENT_EXCERPT_LINE_BYTES 400
/* A file to import. */
#define CLIENT_IMPORT_MAX_BYTES (2 * 1024 * 1024)

#define CLIENT_ANCESTORS_MAX 50
#define CLIENT_NAME_MAX 256
#define CLIENT_NUMBER_MAX 40
#define CLIENT_URL_MAX 1024
#define CLIENT_VARIABLE_MAX 8192 /* of a CI system: longer ones are not looked at */
#define CLIENT_KEY_MAX 48
#define CLIENT_SENTENCE_MAX 512

/* Rows asked for in one page, and rows listed unless --limit says otherwise. */
#define CLIENT_PAGE_ROWS 100
#define CLIENT_LIST_ROWS 100

/* Positional arguments of one command, and options in one table. */
#define CLIENT_ARGUMENTS_MAX 4
#define CLIENT_OPTIONS_MAX 32
#define CLIENT_TIMEOUT_MAX_SECONDS (365 * 24 * 3600)

/*
 * limits - every bound of the daemon, by name. What a peer, a forge or an agent can make us hold is in here.
 */
#pragma once

#include <stdint.h>

#include "common/clock.h"
#include "common/protocol.h"

/* Names: project, branch, job, step, lane. With the NUL. */
#define LIMIT_NAME_MAX 256
#define LIMIT_COMMIT_MAX 72
#define LIMIT_NUMBER_MAX 40
#define LIMIT_KEY_MAX 128
#define LIMIT_URL_MAX 1024
#define LIMIT_SENTENCE_MAX 512
#define LIMIT_SENTENCE_MORE 64 /* what comes before one that is quoted whole */
#define LIMIT_REASON_MAX 240   /* of one reason of a verdict */
#define LIMIT_SUBJECT_MAX 128
#define LIMIT_LANE_MAX 80

/* Texts of a submission, in bytes; longer ones are cut (log, context) or refused (the rest). */
#define LIMIT_DETAILS_MAX_BYTES (64 * 1024)
#define LIMIT_COMMAND_MAX_BYTES (16 * 1024)
#define LIMIT_LOG_MAX_BYTES (256 * 1024)
#define LIMIT_CONTEXT_MAX_BYTES (1024 * 1024)
#define LIMIT_INSTRUCTIONS_MAX_BYTES (64 * 1024)
#define LIMIT_ANCESTORS_MAX 256
#define LIMIT_QUALITY_MAX_BYTES (64 * 1024) /* each of coverage, lint, security, tests */
#define LIMIT_REDACT_CPU_US (25 * 1000)	    /* of one report: the loop waits meanwhile */
#define LIMIT_SCAN_MAX_BYTES (64 * 1024) /* findings are dropped first, then the excerpt is cut */
#define LIMIT_SCAN_FINDINGS_MAX 256
#define LIMIT_REPORT_PAGE_ROWS 8 /* read at once for a list; each may be over a MiB */

/* IPC. */
#define LIMIT_CONNECTIONS_SUBMIT_MAX 512
#define LIMIT_CONNECTIONS_CONTROL_MAX 288 /* one user's share and some for the others */
#define LIMIT_CONNECTIONS_PER_UID_MAX 256 /* on each socket */
#define LIMIT_FRAME_MAX_BYTES PROTOCOL_FRAME_MAX_BYTES
#define LIMIT_JSON_DEPTH_MAX PROTOCOL_DEPTH_MAX
#define LIMIT_CALLS_IN_FLIGHT_PER_CONNECTION 16
#define LIMIT_CALLS_IN_FLIGHT 1024
#define LIMIT_UNREAD_OUTPUT_MAX_BYTES (8 * 1024 * 1024)
#define LIMIT_UNREAD_OUTPUT_STALL_BYTES (256 * 1024) /* above it a connection is not read from */
#define LIMIT_INPUT_TOTAL_MAX_BYTES                                                                \
	(32 * 1024 * 1024)			  /* half messages of all connections together */
#define LIMIT_ACCEPT_AGAIN_MS 100		  /* of a connection that lacked memory */
#define LIMIT_HANDSHAKE_MS (10 * CLOCK_SECOND_MS) /* to the end of the first message */
#define LIMIT_MESSAGE_MS (30 * CLOCK_SECOND_MS) /* from the first to the last byte of a later one */
#define LIMIT_WRITE_STALL_MS (30 * CLOCK_SECOND_MS) /* no byte of our output taken */
#define LIMIT_WATCHERS_MAX 64
#define LIMIT_CALLS_TOTAL_BYTES                                                                    \
	(16 * 1024 * 1024) /* messages of the calls in flight; above it nobody is read from */
#define LIMIT_OUTPUT_TOTAL_MAX_BYTES                                                               \
	(64 * 1024 * 1024) /* unread output of all; beyond it the slow ones are closed */
#define LIMIT_HANGUP_MS                                                                            \
	CLOCK_SECOND_MS	  /* how often a half-closed peer that waits for an answer is looked at */
#define LIMIT_LOG_LINES 8 /* about closed connections, for each reason, in a window of: */
#define LIMIT_LOG_WINDOW_MS (10 * CLOCK_SECOND_MS)
#define LIMIT_DOCTOR_MS (10 * CLOCK_SECOND_MS) /* for what it has to wait for */
#define LIMIT_READY_MS                                                                             \
	(25 * CLOCK_SECOND_MS) /* for a forge's answer: a client waits 30 s by itself */
#define LIMIT_LIST_ROWS_DEFAULT 100
#define LIMIT_LIST_ROWS_MAX 1000
#define LIMIT_LIST_MAX_BYTES (2 * 1024 * 1024) /* of an answer with a list; it has a `next` then */
#define LIMIT_LISTS_AT_WORK 4 /* of all connections; each holds up to two of the former */
#define LIMIT_EXPLAIN_EVENTS 20
#define LIMIT_LISTEN_BACKLOG 512
#define LIMIT_IMPORT_OLDEST_MS                                                                     \
	INT64_C(946684800000) /* 2000-01-01: imported times are not before it */
#define LIMIT_IMPORT_AHEAD_MS                                                                      \
	CLOCK_DAY_MS /* how far our clock may be behind that of an imported file */

/* Spool. */
#define LIMIT_SPOOL_AGE_MS (7 * CLOCK_DAY_MS) /* files that are older are not taken any more */
#define LIMIT_SPOOL_JOBS 8		      /* files at once on their way into the store */
#define LIMIT_SPOOL_SLICE 256		      /* names held at once */
#define LIMIT_SPOOL_ENTRIES 4096	      /* entries looked at in one turn of the loop */
#define LIMIT_SPOOL_STUCK 64	 /* files remembered that can be neither taken nor set aside */
#define LIMIT_SPOOL_LINES 16	 /* in the log, about files one look sets aside */
#define LIMIT_SPOOL_PAUSE_MS 100 /* from one look to the next */
#define LIMIT_SPOOL_RETRY_FIRST_MS CLOCK_SECOND_MS
#define LIMIT_SPOOL_RETRY_MAX_MS (5 * CLOCK_MINUTE_MS)
#define LIMIT_SPOOL_FULL_USERS                                                                     \
	64 /* users beyond their share whose files are passed over meanwhile */
#define LIMIT_SPOOL_FULL_MS CLOCK_MINUTE_MS /* until they are tried again */
#define LIMIT_SPOOL_UNWATCHED_MS                                                                   \
	CLOCK_MINUTE_MS /* between looks when the kernel cannot tell of changes */

/* Store. */
#define LIMIT_STORE_QUEUE 4096
#define LIMIT_STORE_BATCH 256
#define LIMIT_STORE_SLICE_MS 5
#define LIMIT_STORE_PAGE_ROWS 256
#define LIMIT_STORE_SCAN_ROWS                                                                      \
	4096 /* rows one page may look at before it answers with what it has */
#define LIMIT_STORE_PAGE_BYTES (8 * 1024 * 1024) /* texts of one page, after which it ends */
#define LIMIT_STORE_WAL_BYTES (64 * 1024 * 1024)
#define LIMIT_STORE_WAL_IDLE_BYTES                                                                 \
	(16 * 1024 * 1024)		       /* moved into the database when nothing waits */
#define LIMIT_BACKUP_PIECE_BYTES (1024 * 1024) /* handed out at once */
#define LIMIT_STORE_CLEANUP_ROWS 500	       /* deleted in one transaction */
#define LIMIT_BUILDS_PER_BRANCH 256	       /* newest builds a local verdict looks at */
#define LIMIT_BUILDS_JUDGED                                                                        \
	(2 * LIMIT_BUILDS_PER_BRANCH) /* with older ones that still matter; beyond: never ready */
#define LIMIT_HISTORY_TASKS 32	      /* tasks of earlier cycles a prompt or `explain` tells of */
#define LIMIT_STATS_BEHIND 1024	      /* events that statistics may be behind the log */
#define LIMIT_STATS_SHARE                                                                          \
	20 /* of the store's time, a part in so many is for them when others wait */
#define LIMIT_STATS_RETRY_US (60 * INT64_C(1000000)) /* after a failure to follow */
#define LIMIT_STATS_QUIET_US (100 * 1000) /* without a request, after which they have the time */
#define LIMIT_STATS_CATCH_UP_MS                                                                    \
	20 /* of the store's time, which one answer takes in what it is behind for */
#define LIMIT_STATS_PROGRESS_MS 200 /* between two words of how far a recomputation is */
#define LIMIT_STATS_IDLE_US                                                                        \
	(1000 * 1000) /* without a request, after which all of the log is counted */
#define LIMIT_QUALITY_COUNT INT64_C(10000000) /* tests or findings of a build; more is no number */
#define LIMIT_QUALITY_TESTS_MS (30 * CLOCK_DAY_MS) /* time of a build's tests; more is none */
#define LIMIT_STATS_RECENT 16  /* builds of a branch that are compared with its newest one */
#define LIMIT_STATS_STREAMS 64 /* jobs and steps of a branch whose numbers are known */
#define LIMIT_STATS_LATE 8  /* builds of one in a row with lower numbers; more: they began anew */
#define LIMIT_STATS_ROWS 20 /* of each list of an answer */
#define LIMIT_STATS_BRANCHES 50 /* the busiest, in one answer */
#define LIMIT_SUBMISSION_KEY_MS                                                                    \
	(30 * CLOCK_DAY_MS) /* keys are remembered; a spool file lives 7 days */

/* Tasks. */
#define LIMIT_DELAY_MAX_MS (3650 * CLOCK_DAY_MS) /* what people may ask for */
#define LIMIT_TASK_ATTEMPTS 8
#define LIMIT_TASK_INTERRUPTIONS                                                                   \
	16 /* crashes in a row while it executed, within about four hours; no attempts */
#define LIMIT_TASK_REFUSALS 2 /* attempts, when what it needs is done away with */
#define LIMIT_TASK_BACKOFF_FIRST_MS (5 * CLOCK_SECOND_MS)
#define LIMIT_TASK_BACKOFF_MAX_MS CLOCK_HOUR_MS
#define LIMIT_TASK_BARRED_MS                                                                       \
	CLOCK_MINUTE_MS /* what only a person ends is tried again then; later, after as long as it has lasted */
#define LIMIT_TASKS_PENDING 1000000 /* scheduled rows; a submission beyond is refused */
#define LIMIT_FORGE_CONCURRENCY 256
#define LIMIT_POST_CONCURRENCY 256 /* publications of one forge at once */
#define LIMIT_CLAIM_ROWS 256
#define LIMIT_CATCHUP_ROWS                                                                         \
	100 /* overdue tasks started at once after a start; then a jittered pause */
#define LIMIT_CATCHUP_PAUSE_MS 200
#define LIMIT_CLOCK_SUSPECT_MS (10 * CLOCK_MINUTE_MS)
#define LIMIT_CLOCK_STEP_MS CLOCK_MINUTE_MS /* from here on a clock was set, not corrected */
#define LIMIT_BRANCH_BUSY_MS                                                                       \
	CLOCK_MINUTE_MS /* a trigger that waits for its branch looks again at the latest then */
#define LIMIT_AGENT_TOLD_MS                                                                        \
	CLOCK_MINUTE_MS /* an agent that works for longer is told of before it ends */
#define LIMIT_REOPEN_MS CLOCK_DAY_MS
#define LIMIT_TRIGGERS_LOOKED_AT 256 /* of a project, the newest, for who made a branch */

#define LIMIT_FORGE_DOWN_FIRST_MS                                                                  \
	(5 * CLOCK_SECOND_MS) /* between looks at a forge that cannot be reached */
#define LIMIT_FORGE_DOWN_MAX_MS (5 * CLOCK_MINUTE_MS)
#define LIMIT_FORGE_CLOCK_MS                                                                       \
	(30 * CLOCK_SECOND_MS) /* that differs from ours by more is told by doctor */

/* Agents. */
#define LIMIT_CHAIN 8				  /* agents of one project */
#define LIMIT_POSTS_OF_INCIDENT 256		  /* the newest ones that are looked at */
#define LIMIT_LINKS_OF_INCIDENT 16		  /* branches that agents made for it; the newest */
#define LIMIT_AGENT_OUTPUT_BYTES (64 * 1024)	  /* the tail that is kept */
#define LIMIT_AGENT_KILL_MS (5 * CLOCK_SECOND_MS) /* from TERM to KILL */
#define LIMIT_PROCESS_GRACE_MS                                                                     \
	CLOCK_SECOND_MS /* for the output, when the leader ended and its group was killed */
#define LIMIT_LEFTOVER_MS (5 * CLOCK_SECOND_MS) /* a start kills what a crash left for that long */
#define LIMIT_LEFTOVER_BATCH 64			/* processes killed at once then */
#define LIMIT_ENVIRON_MAX_BYTES (6 * 1024 * 1024) /* the most that Linux lets a process have */
#define LIMIT_PROMPT_MAX_BYTES (512 * 1024)
/* Of programs that codegend-agent runs; see daemon/model/agent_call.h. */
#define LIMIT_AGENT_CALL_MAX_BYTES (16 * 1024 * 1024) /* a prompt and a report, escaped */
#define LIMIT_AGENT_CALL_DEPTH 64
#define LIMIT_AGENT_ANSWER_MAX_BYTES (1024 * 1024) /* LIMIT_AGENT_OUTPUT_BYTES, escaped */
#define LIMIT_AGENT_CALL_MS (10 * CLOCK_SECOND_MS) /* until the call is there */
#define LIMIT_AGENT_ANSWER_MS                                                                      \
	(30 * CLOCK_SECOND_MS) /* how late an answer may be: systemd has a process to start for it */
#define LIMIT_AGENT_STOP_MS (LIMIT_AGENT_KILL_MS + 3 * CLOCK_SECOND_MS) /* until one is given up */
#define LIMIT_AGENT_SOCKET_MS                                                                      \
	(30 * CLOCK_SECOND_MS) /* until a socket where nobody listens is tried again */
#define LIMIT_AGENT_ARGUMENTS 1024
/* Of agents that work elsewhere. */
#define LIMIT_AGENT_PATIENCE_MS                                                                    \
	CLOCK_MINUTE_MS /* one that cannot be asked for longer is passed over, when there is another */
#define LIMIT_AGENT_LOOK_MS (3 * CLOCK_SECOND_MS) /* from such a request to the first look for it */
#define LIMIT_AGENT_CREDENTIAL_MS                                                                  \
	(5 * CLOCK_MINUTE_MS) /* until an API key that is refused or missing is tried again */
#define LIMIT_AGENT_GAP_MS                                                                         \
	550 /* between requests of all runs together: Codegen takes 60 within 30 s */
#define LIMIT_AGENT_PAGE 100		     /* items of a list: the most that Codegen gives */
#define LIMIT_AGENT_RUN_PAGES 20	     /* that are looked through for a run of ours */
#define LIMIT_AGENT_REPOSITORY_PAGES 100     /* that are looked through for a project */
#define LIMIT_AGENT_REPOSITORIES 64	     /* whose number is remembered */
#define LIMIT_AGENT_SKEW_MS CLOCK_HOUR_MS    /* between a service's clock and ours */
#define LIMIT_AGENT_SUMMARY_BYTES (8 * 1024) /* of what an agent says of its run */
#define LIMIT_BODY_MAX_BYTES 65536 /* of an issue or comment; GitHub's bound is 65,536 characters */

/* HTTP, of all forges together. Timeouts and the body's cap are defaults: a request may ask for its own. */
#define LIMIT_HTTP_IN_FLIGHT 8	      /* each may hold a whole answer */
#define LIMIT_HTTP_HOST_CONNECTIONS 4 /* one that hangs does not hold up the others */
#define LIMIT_HTTP_QUEUE 1024
#define LIMIT_HTTP_TOTAL_MS CLOCK_MINUTE_MS
#define LIMIT_HTTP_CONNECT_MS (10 * CLOCK_SECOND_MS)  /* name, connection and TLS together */
#define LIMIT_HTTP_STALL_MS (30 * CLOCK_SECOND_MS)    /* no byte moved */
#define LIMIT_HTTP_TIMEOUT_MAX_MS CLOCK_HOUR_MS	      /* what a request may ask for */
#define LIMIT_HTTP_ANSWER_MAX_BYTES (8 * 1024 * 1024) /* after decompression */
#define LIMIT_HTTP_HEADERS_MAX_BYTES (64 * 1024)
#define LIMIT_HTTP_REQUEST_LINES 24
#define LIMIT_HTTP_REQUEST_LINE_BYTES (8 * 1024)
#define LIMIT_HTTP_URL_BYTES (8 * 1024)
#define LIMIT_HTTP_CA_MAX_BYTES (4 * 1024 * 1024)

/* GitHub. */
#define LIMIT_GITHUB_TARGETS 25	 /* in one query */
#define LIMIT_GITHUB_PAGE 100	 /* items of a connection: the most that GitHub gives */
#define LIMIT_GITHUB_CHECKS 1000 /* of one commit; with more it is never ready */
#define LIMIT_GITHUB_REVIEWS 20
#define LIMIT_GITHUB_REQUIRED                                                                      \
	20 /* checks that a branch's protection names; more are told of as one */
#define LIMIT_GITHUB_CURSOR_MAX 256
#define LIMIT_GITHUB_QUERY_MAX_BYTES (128 * 1024)
#define LIMIT_GITHUB_ERRORS                                                                        \
	10000 /* of one answer that are looked at; with more nothing of it counts */
#define LIMIT_GITHUB_POSTS                                                                         \
	10000 /* comments of one issue, or issues, that are looked through for ours */
#define LIMIT_GITHUB_BODY_MAX_BYTES 65000	   /* GitHub refuses more than 65,536 characters */
#define LIMIT_GITHUB_HISTORY_MAX_BYTES (24 * 1024) /* of it: attempts and reasons */
#define LIMIT_GITHUB_JSON_DEPTH 64
#define LIMIT_GITHUB_MENTION_MAX_BYTES (8 * 1024) /* a short comment */
#define LIMIT_GITHUB_CALLS 2048			  /* requests that wait or are in flight */
#define LIMIT_GITHUB_WAIT_MS                                                                       \
	(90 * CLOCK_SECOND_MS) /* a request that cannot go within it, or waited for longer, is given back */
#define LIMIT_GITHUB_TOTAL_MS                                                                      \
	(20 * CLOCK_SECOND_MS)	       /* of one request: GitHub itself gives up after ten */
#define LIMIT_GITHUB_REDIRECTS 3       /* of one request that are followed */
#define LIMIT_GITHUB_WINDOW_MS 150     /* what is asked about within it goes in one query */
#define LIMIT_GITHUB_LOOKS 4096	       /* targets that wait for their query */
#define LIMIT_GITHUB_CHECK_PAGES 20    /* of one target's checks and suites */
#define LIMIT_GITHUB_JOB_PAGES 10      /* of the jobs of workflow runs, to find what was reported */
#define LIMIT_GITHUB_MERGEABLE_TRIES 3 /* while GitHub computes whether it can be merged: */
#define LIMIT_GITHUB_MERGEABLE_FIRST_MS (2 * CLOCK_SECOND_MS) /* doubled each time */
#define LIMIT_GITHUB_SINGLE_FAILURES                                                               \
	2 /* queries about one target in a row without an answer, or about many that time out: then all that
	     wait are given up */
#define LIMIT_GITHUB_STARTING_MS                                                                   \
	(30 * CLOCK_MINUTE_MS) /* after a head's first check began, required ones may still start */
#define LIMIT_GITHUB_ELSEWHERE 64     /* failures of other incidents that a verdict knows of */
#define LIMIT_GITHUB_INSTALLATIONS 64 /* of an App, that are remembered */
#define LIMIT_GITHUB_TOKEN_LEFT_MS                                                                 \
	(10 * CLOCK_MINUTE_MS) /* an installation's token with less than it is renewed */
#define LIMIT_GITHUB_TOKEN_MAX_BYTES 4096
#define LIMIT_GITHUB_JWT_AGE_MS (CLOCK_MINUTE_MS)      /* how far clocks may differ */
#define LIMIT_GITHUB_JWT_LIFE_MS (9 * CLOCK_MINUTE_MS) /* GitHub allows ten */
#define LIMIT_GITHUB_DUPLICATES 16		       /* of one post, removed at once */
#define LIMIT_GITHUB_REPOSITORIES 64 /* of which is remembered what was said and made once */
#define LIMIT_GITHUB_SKEW_MS                                                                       \
	CLOCK_DAY_MS /* how far our clock and GitHub's may be apart for issues to be found again */

/* A forge's rate. Waits that a peer asks for are never longer than LIMIT_RATE_PAUSE_MAX_MS. */
#define LIMIT_RATE_WRITE_GAP_MS CLOCK_SECOND_MS
#define LIMIT_RATE_WRITES_PER_MINUTE 80
#define LIMIT_RATE_WRITES_PER_HOUR 500
#define LIMIT_RATE_PAUSE_FIRST_MS                                                                  \
	CLOCK_MINUTE_MS /* a limit that names no time; doubled each time */
#define LIMIT_RATE_PAUSE_MAX_MS CLOCK_HOUR_MS

/* Configuration. */
#define LIMIT_CREDENTIAL_MAX_BYTES (64 * 1024)
#define LIMIT_CONFIG_MAX_BYTES (1024 * 1024)
#define LIMIT_CONFIG_FORGES 32
#define LIMIT_FORGES_REMEMBERED                                                                    \
	64 /* that are configured no more, and whose limits are still known */
#define LIMIT_CONFIG_AGENTS 64
#define LIMIT_CONFIG_PROJECTS 4096
#define LIMIT_CONFIG_FILES 256
#define LIMIT_CONFIG_GLOBS 256	    /* of one list: checks, branches */
#define LIMIT_CONFIG_SUBMITTERS 256 /* of one list */
#define LIMIT_CONFIG_MEMBERS 65536  /* of the groups of one such list */
#define LIMIT_CONFIG_NAME_MAX 65 /* of a forge or agent, with its NUL: "agent/NAME" fits a lane */
#define LIMIT_CONFIG_ERRORS 100	 /* sentences of one load; further ones are counted */

/* Metrics. What is labelled with a forge has LIMIT_CONFIG_FORGES times its resources. */
#define LIMIT_METRIC_SERIES 16 /* of one instrument: values of its label, or buckets */

/* Stopping: how long running work may take to end before the daemon leaves anyway. */
#define LIMIT_DRAIN_MS (15 * CLOCK_SECOND_MS)

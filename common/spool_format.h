/*
 * spool_format - what both programs know of a spool file: its name, its members and its bounds. See codegend(8), SPOOL.
 *
 *     KEY.RANDOM.json: {"version":1, "method":"io.codegend.Submit", "parameters":{...}, "spooledAt":"2026-..."}
 */
#pragma once

#include "common/protocol.h"

#define SPOOL_VERSION 1
#define SPOOL_METHOD PROTOCOL_INTERFACE ".Submit"
#define SPOOL_SUFFIX ".json"
/* What a name begins with while the file is being written. */
#define SPOOL_TEMPORARY "."
#define SPOOL_FILE_MAX_BYTES PROTOCOL_FRAME_MAX_BYTES
/* What a spool directory takes. */
#define SPOOL_FILES_MAX 10000
#define SPOOL_BYTES_MAX (1024 * 1024 * 1024)

/*
 * wal_file - SQLite's file layer with one difference: what it writes to the write-ahead log is gathered, and goes to
 * the kernel in large pieces.
 *
 * SQLite writes every page of a commit in two calls, a header of 24 bytes and the page, at odd offsets. Only the order
 * within the log and the sync at the end matter: nothing is believed before xSync, and xSync writes what was gathered
 * first. A read, a truncation, the file's size and its close do so too, so nobody sees the difference.
 *
 * Source: sqlite.org/c3ref/io_methods.html, sqlite.org/walformat.html. Any thread, as SQLite's own layer.
 */
#pragma once

#include "common/macro.h"

/*
 * What is gathered at most; a commit that is longer goes in several pieces. SQLite's layer for Unix cuts a write's
 * length to 17 bits (seekAndWriteFd() of os_unix.c).
 */
#define WAL_FILE_BYTES (120 * 1024)

/*
 * Makes the layer known to SQLite; calling it again is harmless. Returns its name, for sqlite3_open_v2(); NULL: SQLite
 * has no layer of its own here.
 */
const char *wal_file_layer(void);

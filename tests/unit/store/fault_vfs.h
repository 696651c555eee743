/*
 * fault_vfs - becomes SQLite's default file system and fails writes and syncs on demand. Before the first store_open().
 *
 * Its files offer no shared memory, so it also proves that the store needs none.
 */
#pragma once

#include <stdatomic.h>

extern atomic_int fault_write; /* SQLite's code for every write from now on; 0: works */
extern atomic_int fault_sync;
extern atomic_int fault_n_syncs; /* how many were asked for */
extern atomic_int fault_n_writes;

void fault_vfs_register(void);

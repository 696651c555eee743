#include "tests/unit/store/fault_vfs.h"

#include <sqlite3.h>
#include <string.h>

atomic_int fault_write;
atomic_int fault_sync;
atomic_int fault_n_syncs;
atomic_int fault_n_writes;

struct fault_file {
	sqlite3_file base;
	sqlite3_file *real; /* right behind this struct */
};

static sqlite3_vfs fault_vfs;
static sqlite3_vfs *real_vfs;

static sqlite3_file *real_of(sqlite3_file *file) {
	return ((struct fault_file *)file)->real;
}

static int fault_close(sqlite3_file *file) {
	return real_of(file)->pMethods->xClose(real_of(file));
}

static int fault_read(sqlite3_file *file, void *data, int n, sqlite3_int64 offset) {
	return real_of(file)->pMethods->xRead(real_of(file), data, n, offset);
}

static int fault_do_write(sqlite3_file *file, const void *data, int n, sqlite3_int64 offset) {
	int code = atomic_load(&fault_write);

	atomic_fetch_add(&fault_n_writes, 1);
	return code != 0 ? code : real_of(file)->pMethods->xWrite(real_of(file), data, n, offset);
}

static int fault_truncate(sqlite3_file *file, sqlite3_int64 size) {
	return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int fault_do_sync(sqlite3_file *file, int flags) {
	int code = atomic_load(&fault_sync);

	atomic_fetch_add(&fault_n_syncs, 1);
	return code != 0 ? code : real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int fault_size(sqlite3_file *file, sqlite3_int64 *size) {
	return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int fault_lock(sqlite3_file *file, int level) {
	return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int fault_unlock(sqlite3_file *file, int level) {
	return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int fault_reserved(sqlite3_file *file, int *reserved) {
	return real_of(file)->pMethods->xCheckReservedLock(real_of(file), reserved);
}

static int fault_control(sqlite3_file *file, int op, void *argument) {
	return real_of(file)->pMethods->xFileControl(real_of(file), op, argument);
}

static int fault_sector(sqlite3_file *file) {
	return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int fault_device(sqlite3_file *file) {
	return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = fault_close,
	.xRead = fault_read,
	.xWrite = fault_do_write,
	.xTruncate = fault_truncate,
	.xSync = fault_do_sync,
	.xFileSize = fault_size,
	.xLock = fault_lock,
	.xUnlock = fault_unlock,
	.xCheckReservedLock = fault_reserved,
	.xFileControl = fault_control,
	.xSectorSize = fault_sector,
	.xDeviceCharacteristics = fault_device,
};

static int fault_open(
	sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags) {
	struct fault_file *fault = (struct fault_file *)file;
	int code;

	fault->real = (sqlite3_file *)(fault + 1);
	code = real_vfs->xOpen(real_vfs, name, fault->real, flags, ret_flags);
	fault->base.pMethods = code == SQLITE_OK ? &methods : NULL;
	return code;
}

void fault_vfs_register(void) {
	real_vfs = sqlite3_vfs_find(NULL);
	fault_vfs = *real_vfs;
	fault_vfs.zName = "fault";
	fault_vfs.szOsFile = real_vfs->szOsFile + (int)sizeof(struct fault_file);
	fault_vfs.xOpen = fault_open;
	(void)sqlite3_vfs_register(&fault_vfs, 1);
}

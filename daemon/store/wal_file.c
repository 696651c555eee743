#include "daemon/store/wal_file.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* SQLite's own file lies behind ours, in the memory that SQLite gives for both. */
struct wal_file {
	sqlite3_file base;
	sqlite3_file *real;
	char *data; /* owned; NULL until the first write, or without memory: then nothing is gathered */
	int len;
	sqlite3_int64 offset; /* of `data` in the file */
};

static struct wal_file *file_of(sqlite3_file *file) {
	return (struct wal_file *)file;
}

/* Also when it fails, nothing is gathered any more: the transaction will not be committed. */
static int flush(struct wal_file *file) {
	int len = file->len;

	file->len = 0;
	return len == 0 ? SQLITE_OK
			: file->real->pMethods->xWrite(file->real, file->data, len, file->offset);
}

static int wal_write(sqlite3_file *base, const void *data, int len, sqlite3_int64 offset) {
	struct wal_file *file = file_of(base);
	int code = SQLITE_OK;

	if (offset != file->offset + file->len || len > WAL_FILE_BYTES - file->len) {
		code = flush(file);
	}
	if (code == SQLITE_OK && file->data == NULL) {
		file->data = malloc(WAL_FILE_BYTES);
	}
	if (code != SQLITE_OK || file->data == NULL || len > WAL_FILE_BYTES) {
		return code != SQLITE_OK
			? code
			: file->real->pMethods->xWrite(file->real, data, len, offset);
	}
	if (file->len == 0) {
		file->offset = offset;
	}
	memcpy(file->data + file->len, data, (size_t)len);
	file->len += len;
	return SQLITE_OK;
}

static int wal_read(sqlite3_file *base, void *data, int len, sqlite3_int64 offset) {
	struct wal_file *file = file_of(base);
	int code = flush(file);

	return code != SQLITE_OK ? code : file->real->pMethods->xRead(file->real, data, len, offset);
}

static int wal_sync(sqlite3_file *base, int flags) {
	struct wal_file *file = file_of(base);
	int code = flush(file);

	return code != SQLITE_OK ? code : file->real->pMethods->xSync(file->real, flags);
}

static int wal_truncate(sqlite3_file *base, sqlite3_int64 size) {
	struct wal_file *file = file_of(base);
	int code = flush(file);

	return code != SQLITE_OK ? code : file->real->pMethods->xTruncate(file->real, size);
}

static int wal_size(sqlite3_file *base, sqlite3_int64 *ret_size) {
	struct wal_file *file = file_of(base);
	int code = flush(file);

	return code != SQLITE_OK ? code : file->real->pMethods->xFileSize(file->real, ret_size);
}

static int wal_close(sqlite3_file *base) {
	struct wal_file *file = file_of(base);
	int flushed = flush(file), closed = file->real->pMethods->xClose(file->real);

	free(file->data);
	file->data = NULL;
	return flushed != SQLITE_OK ? flushed : closed;
}

static int wal_lock(sqlite3_file *base, int lock) {
	return file_of(base)->real->pMethods->xLock(file_of(base)->real, lock);
}

static int wal_unlock(sqlite3_file *base, int lock) {
	return file_of(base)->real->pMethods->xUnlock(file_of(base)->real, lock);
}

static int wal_check_lock(sqlite3_file *base, int *ret_locked) {
	return file_of(base)->real->pMethods->xCheckReservedLock(file_of(base)->real, ret_locked);
}

static int wal_control(sqlite3_file *base, int op, void *argument) {
	return file_of(base)->real->pMethods->xFileControl(file_of(base)->real, op, argument);
}

static int wal_sector_size(sqlite3_file *base) {
	return file_of(base)->real->pMethods->xSectorSize(file_of(base)->real);
}

static int wal_characteristics(sqlite3_file *base) {
	return file_of(base)->real->pMethods->xDeviceCharacteristics(file_of(base)->real);
}

static const sqlite3_io_methods wal_methods = {
	.iVersion = 1,
	.xClose = wal_close,
	.xRead = wal_read,
	.xWrite = wal_write,
	.xTruncate = wal_truncate,
	.xSync = wal_sync,
	.xFileSize = wal_size,
	.xLock = wal_lock,
	.xUnlock = wal_unlock,
	.xCheckReservedLock = wal_check_lock,
	.xFileControl = wal_control,
	.xSectorSize = wal_sector_size,
	.xDeviceCharacteristics = wal_characteristics,
};

static sqlite3_vfs *own_layer; /* SQLite's; set once, before any file is opened through ours */

/* Files that are no write-ahead log are SQLite's alone, in the same memory. */
static int layer_open(
	sqlite3_vfs *layer, const char *name, sqlite3_file *base, int flags, int *ret_flags) {
	struct wal_file *file = file_of(base);
	int code;

	if ((flags & SQLITE_OPEN_WAL) == 0) {
		return own_layer->xOpen(own_layer, name, base, flags, ret_flags);
	}
	memset(file, 0, sizeof(*file));
	file->real = (sqlite3_file *)(file + 1);
	code = own_layer->xOpen(own_layer, name, file->real, flags, ret_flags);
	if (code == SQLITE_OK) {
		file->base.pMethods = &wal_methods;
	}
	return code;
}

const char *wal_file_layer(void) {
	static sqlite3_vfs layer;

	if (own_layer == NULL) {
		sqlite3_vfs *own = sqlite3_vfs_find(NULL);

		if (own == NULL) {
			return NULL;
		}
		layer = *own;
		layer.pNext = NULL;
		layer.zName = "codegend";
		layer.xOpen = layer_open;
		layer.szOsFile += (int)sizeof(struct wal_file);
		own_layer = own;
		if (sqlite3_vfs_register(&layer, 0) != SQLITE_OK) {
			own_layer = NULL;
			return NULL;
		}
	}
	return layer.zName;
}

#ifndef TRANCHE_CSQLITE_SHIM_H
#define TRANCHE_CSQLITE_SHIM_H

#include <linux/stat.h>
#include <sqlite3.h>
#include <sys/syscall.h>
#include <unistd.h>

// SQLITE_TRANSIENT is a cast macro, which Swift cannot import.
static inline int tranche_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, int size) {
    return sqlite3_bind_text(statement, index, text, size, SQLITE_TRANSIENT);
}

// SQLITE_TRANSIENT is a cast macro, which Swift cannot import.
static inline int tranche_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int size) {
    return sqlite3_bind_blob(statement, index, bytes, size, SQLITE_TRANSIENT);
}

// sqlite3_db_config is variadic. Says whether a name in double quotes that there is not is taken for a text; returns
// whether it was before.
static inline int tranche_sqlite3_quoted_texts(sqlite3 *database, int is_on) {
    int known = 0;
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, -1, &known);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, is_on, (int *)0);
    return known;
}

// The file's methods are called through a pointer that Swift imports as opaque. Reads the first bytes of the main
// file; 0 when done. A descriptor of one's own would release the locks of all connections of the process when it is
// closed, so that another process takes itself for the last one and removes the log under those that write to it.
static inline int tranche_sqlite3_head(sqlite3 *database, unsigned char *bytes, int count) {
    sqlite3_file *file = 0;
    if (sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return -1;
    if (!file || !file->pMethods) return -1;
    return file->pMethods->xRead(file, bytes, count, 0) == SQLITE_OK ? 0 : -1;
}

// Likewise, also of a file that has fewer bytes, in whose place there are zeros; 0 when done.
static inline int tranche_sqlite3_beginning(sqlite3 *database, unsigned char *bytes, int count) {
    sqlite3_file *file = 0;
    if (sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK) return -1;
    if (!file || !file->pMethods) return -1;
    int code = file->pMethods->xRead(file, bytes, count, 0);
    return code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ ? 0 : -1;
}

// statx stands behind _GNU_SOURCE, which Swift does not define. Fills in device, number, birth and change of the
// file at a path, times in nanoseconds since 1970, a birth that the file system does not keep as 0; 0 when done.
static inline int tranche_file_identity(const char *path, long long values[5]) {
    struct statx state;
    if (syscall(SYS_statx, -100 /* AT_FDCWD */, path, 0, STATX_BASIC_STATS | STATX_BTIME, &state) != 0) return -1;
    int is_born = (state.stx_mask & STATX_BTIME) != 0;
    values[0] = ((long long)state.stx_dev_major << 32) | state.stx_dev_minor;
    values[1] = (long long)state.stx_ino;
    values[2] = is_born ? state.stx_btime.tv_sec * 1000000000LL + state.stx_btime.tv_nsec : 0;
    values[3] = state.stx_mtime.tv_sec * 1000000000LL + state.stx_mtime.tv_nsec;
    values[4] = (long long)state.stx_size;
    return 0;
}

#endif

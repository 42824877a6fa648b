/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: all records of `security-logs`, per owner, found again by owner and time in a fraction of a millisecond. The
 * topic is the log; this is a fold of it ("checkpointed blocks"): each owner has an open block in memory, full ones are
 * compressed and wait, and at a checkpoint all of them and the next offset of every partition go into LMDB in one
 * transaction. A crash costs nothing: reading goes on at the stored offsets, and what was in memory is read again.
 *
 * Buckets of ten days of append time are sub-databases, so that retention is a drop. A read first copies what memory
 * holds of the owner, under the mutex, and only then opens its snapshot and drops copies below the snapshot's offset:
 * the other way round a checkpoint in between loses records.
 *
 * Ownership: records given to `each` are lent for the call. Threads: put, advance, checkpoint and expire belong to one
 * thread (ingest); reads, waits and uploads may come from any. lmdb.h is included by common/cache.c and logstore*.c only.
 * Errors: FATAL when the disk fails or is full. A file that is foreign or cannot be read is thrown away at open. A block
 * that is damaged is passed over and counted: whoever read knows that the answer is not whole.
 * Limits: owner 100 bytes; a line is cut at 1 MiB (a compressed batch may carry longer ones) and counted; at most 128 MiB
 * are held in memory, by what is allocated; the map grows by itself.
 * SECURITY: the owner is the beginning of every key and of every read; there is no way to read without one.
 */
#include "common/verdict.h"
#include "services/triage/event_time.h"

#define LOGSTORE_OWNER_MAX 100
#define LOGSTORE_LINE_BYTES_MAX (1024 * 1024)

struct logstore;

struct logstore_config {
    const char *folder;
    const char *identity; /* cluster, partitions, format: another one empties the store */
    int32_t partition_count;
    int64_t retention_days;
    int64_t checkpoint_every_ms;
    size_t held_bytes_max;
    size_t map_bytes; /* to begin with; 0: 16 GiB */
};
#define LOGSTORE_CHECKPOINT_EVERY_MS (300 * 1000)
#define LOGSTORE_HELD_BYTES_MAX (128u * 1024 * 1024)

struct logstore_record {
    int32_t partition; /* -1: of an upload; offset is then the line's number */
    int64_t offset;
    int64_t time_us;
    enum event_time_source time_source;
    struct bytes line, format, product, kind,
        host; /* the four: headers as shipped, at most 255 bytes each */
};

enum verdict logstore_open(const struct logstore_config *config, struct logstore **ret_store,
                           struct why *why);
void logstore_close(struct logstore *store); /* without a checkpoint; NULL is fine */

/* --- the ingest thread ------------------------------------------------------------------------------------------- */
int64_t logstore_next(struct logstore *store, int32_t partition);
void logstore_put(struct logstore *store, const char *owner, const struct logstore_record *record,
                  int64_t append_us);
/* The partition was read up to here, also where nothing was for us (markers, unreadable records). */
void logstore_advance(struct logstore *store, int32_t partition, int64_t next);
enum verdict logstore_checkpoint_if_due(struct logstore *store, int64_t now_ms, struct why *why);
enum verdict logstore_checkpoint(struct logstore *store, bool merge, struct why *why);
/* Drops what was appended longer ago than the retention. */
enum verdict logstore_expire(struct logstore *store, int64_t now_us, struct why *why);
/* Forgets everything: the topic is not the one that was read (its end lies below what is stored). */
enum verdict logstore_empty(struct logstore *store, struct why *why);

/* --- any thread ---------------------------------------------------------------------------------------------------- */
/* True once every partition was read up to `ends`; false at the deadline. */
bool logstore_wait(struct logstore *store, const int64_t *ends, int64_t deadline_ms);
bool logstore_has_passed(struct logstore *store, const int64_t *ends);
void logstore_positions(struct logstore *store, int64_t *ret_next);

struct logstore_query {
    const char *owner;
    int64_t from_us, to_us; /* both inclusive */
    const int64_t *since,
        *until;       /* per partition: offsets from `since` to below `until`; NULL: no bound */
    int64_t *damaged; /* counts blocks that could not be read, if not NULL */
};
/* Every record of the owner in the window, each exactly once, in no order over all. `ret_next` (may be NULL): the read
 * saw exactly the records below these offsets. `each` answers false to stop. */
enum verdict logstore_read(struct logstore *store, const struct logstore_query *query,
                           bool (*each)(void *context, const struct logstore_record *record),
                           void *context, int64_t *ret_next, struct why *why);

/* --- uploads: lines of a case's own file, under an owner of their own ------------------------------------------------ */
struct logstore_upload;
/* The text kept with a complete upload, or false. Take over *ret_note. */
enum verdict logstore_upload_find(struct logstore *store, const char *owner, char **ret_note,
                                  struct why *why);
/* Removes what an interrupted attempt left behind. RETRY: another thread is at it, or it is complete meanwhile: ask
 * logstore_upload_find again. An upload belongs to its thread until `end` or `drop`. */
enum verdict logstore_upload_begin(struct logstore *store, const char *owner, int64_t now_us,
                                   struct logstore_upload **ret_upload, struct why *why);
enum verdict logstore_upload_put(struct logstore_upload *upload,
                                 const struct logstore_record *record, struct why *why);
/* Forgets what was put so far. */
enum verdict logstore_upload_again(struct logstore_upload *upload, struct why *why);
/* Makes it count. Frees the upload, whatever the answer. */
enum verdict logstore_upload_end(struct logstore_upload *upload, const char *note, struct why *why);
void logstore_upload_drop(struct logstore_upload *upload); /* NULL is fine */

struct logstore_counts {
    int64_t records_in, lines_cut, damaged, held_bytes, file_bytes, checkpoints;
};
void logstore_count(struct logstore *store, struct logstore_counts *ret_counts);

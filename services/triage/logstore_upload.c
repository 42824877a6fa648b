/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define UPLOAD_WAITING_MAX 64

struct logstore_upload {
    struct logstore_upload *next;
    struct logstore *store;
    char *owner;
    int32_t bucket;
    struct block *open;
    struct block *waiting[UPLOAD_WAITING_MAX];
    size_t waiting_count;
    struct packer packer;
};

enum verdict logstore_upload_find(struct logstore *store, const char *owner, char **ret_note,
                                  struct why *why)
{
    return disk_note_find(&store->disk, owner, ret_note, why);
}

static struct logstore_upload *upload_new(struct logstore *store, const char *owner, int64_t now_us)
{
    struct logstore_upload *upload = mem_alloc(sizeof *upload);
    upload->store = store;
    upload->owner = mem_strdup(owner);
    upload->bucket = logstore_bucket(now_us);
    packer_open(&upload->packer);
    return upload;
}

static void upload_free(struct logstore_upload *upload)
{
    for (size_t i = 0; i < upload->waiting_count; i++)
        block_free(upload->waiting[i]);
    block_free(upload->open);
    packer_close(&upload->packer);
    free(upload->owner);
    free(upload);
}

/* False: somebody is at this owner's already. */
static bool upload_claim(struct logstore_upload *upload)
{
    struct logstore *store = upload->store;
    bool taken = false;
    pthread_mutex_lock(&store->lock);
    for (const struct logstore_upload *other = store->uploads; other; other = other->next)
        taken |= strcmp(other->owner, upload->owner) == 0;
    if (!taken) {
        upload->next = store->uploads;
        store->uploads = upload;
    }
    pthread_mutex_unlock(&store->lock);
    return !taken;
}

static void upload_release(struct logstore_upload *upload)
{
    pthread_mutex_lock(&upload->store->lock);
    struct logstore_upload **place = &upload->store->uploads;
    while (*place != upload)
        place = &(*place)->next;
    *place = upload->next;
    pthread_mutex_unlock(&upload->store->lock);
}

/* Whoever asked for the note before the claim may have been overtaken by the one who had it. */
static enum verdict upload_clean(struct logstore_upload *upload, bool own, struct why *why)
{
    CLEANUP(mem_free) char *note = NULL;
    struct disk *disk = &upload->store->disk;
    if (!own && disk_note_find(disk, upload->owner, &note, why) != VERDICT_OK)
        return VERDICT_FATAL;
    return note ? retry(why, "upload: complete meanwhile")
                : disk_forget_owner(disk, upload->owner, why);
}

enum verdict logstore_upload_begin(struct logstore *store, const char *owner, int64_t now_us,
                                   struct logstore_upload **ret_upload, struct why *why)
{
    assert(strlen(owner) <= LOGSTORE_OWNER_MAX);
    struct logstore_upload *upload = upload_new(store, owner, now_us);
    if (!upload_claim(upload)) {
        upload_free(upload);
        return retry(why, "upload: another search brings it");
    }
    enum verdict verdict = upload_clean(upload, false, why);
    if (verdict == VERDICT_OK)
        *ret_upload = upload;
    else
        logstore_upload_drop(upload);
    return verdict;
}

enum verdict logstore_upload_again(struct logstore_upload *upload, struct why *why)
{
    for (size_t i = 0; i < upload->waiting_count; i++)
        block_free(upload->waiting[i]);
    upload->waiting_count = 0;
    block_free(TAKE(upload->open));
    return upload_clean(upload, true, why);
}

static enum verdict upload_write(struct logstore_upload *upload, struct why *why)
{
    enum verdict verdict =
        disk_write(&upload->store->disk, upload->waiting, upload->waiting_count, NULL, false, why);
    for (size_t i = 0; i < upload->waiting_count; i++)
        block_free(upload->waiting[i]);
    upload->waiting_count = 0;
    return verdict;
}

static enum verdict upload_seal(struct logstore_upload *upload, struct why *why)
{
    block_pack(upload->open, &upload->packer);
    pieces_free(&upload->open->raw);
    upload->waiting[upload->waiting_count++] = TAKE(upload->open);
    return upload->waiting_count == UPLOAD_WAITING_MAX ? upload_write(upload, why) : VERDICT_OK;
}

enum verdict logstore_upload_put(struct logstore_upload *upload,
                                 const struct logstore_record *record, struct why *why)
{
    if (upload->open && upload->open->raw.length + record->line.length > BLOCK_BYTES &&
        upload_seal(upload, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (!upload->open)
        upload->open = block_new(upload->owner, -1, upload->bucket);
    block_add(upload->open, record);
    return VERDICT_OK;
}

enum verdict logstore_upload_end(struct logstore_upload *upload, const char *note, struct why *why)
{
    enum verdict verdict = upload->open ? upload_seal(upload, why) : VERDICT_OK;
    if (verdict == VERDICT_OK)
        verdict = upload_write(upload, why);
    if (verdict == VERDICT_OK)
        verdict = disk_note_put(&upload->store->disk, upload->bucket, upload->owner, note, why);
    logstore_upload_drop(upload);
    return verdict;
}

void logstore_upload_drop(struct logstore_upload *upload)
{
    if (!upload)
        return;
    upload_release(upload);
    upload_free(upload);
}

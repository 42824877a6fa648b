/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_internal.h"

#include <stdlib.h>
#include <string.h>

/* Before each line in a block. Only this process reads it again (identity names the format), so it keeps the machine's
 * byte order. */
struct __attribute__((packed)) line_head {
    int64_t time_us;
    int64_t offset;
    uint32_t line_length;
    uint8_t time_source;
    uint8_t lengths[4]; /* format, product, kind, host */
};

struct block *block_new(const char *owner, int32_t partition, int32_t bucket)
{
    struct block *block = mem_alloc(sizeof *block);
    block->owner = mem_strdup(owner);
    block->bucket = bucket;
    block->span.partition = partition;
    buf_init(&block->raw, 4 * LOGSTORE_LINE_BYTES_MAX);
    return block;
}

void block_free(struct block *block)
{
    if (!block)
        return;
    free(block->owner);
    free(block->packed);
    buf_free(&block->raw);
    free(block);
}

/* What is allocated, not what is used: an open block of a small line holds twice as much. */
size_t block_held(const struct block *block)
{
    return sizeof *block + strlen(block->owner) + 1 + block->raw.capacity + block->packed_length;
}

static void widen(struct block_span *span, const struct logstore_record *record)
{
    bool first = span->count++ == 0;
    if (first || record->time_us < span->first_us)
        span->first_us = record->time_us;
    if (first || record->time_us > span->last_us)
        span->last_us = record->time_us;
    if (first)
        span->first_offset = record->offset;
    span->last_offset = record->offset;
}

void block_add(struct block *block, const struct logstore_record *record)
{
    const struct bytes *texts[4] = {&record->format, &record->product, &record->kind,
                                    &record->host};
    size_t length = record->line.length < LOGSTORE_LINE_BYTES_MAX ? record->line.length
                                                                  : LOGSTORE_LINE_BYTES_MAX;
    struct line_head head = {.time_us = record->time_us,
                             .offset = record->offset,
                             .line_length = (uint32_t)length,
                             .time_source = (uint8_t)record->time_source};
    for (size_t i = 0; i < 4; i++)
        head.lengths[i] = (uint8_t)(texts[i]->length > 255 ? 255 : texts[i]->length);
    buf_add(&block->raw, &head, sizeof head);
    for (size_t i = 0; i < 4; i++)
        if (head.lengths[i])
            buf_add(&block->raw, texts[i]->data, head.lengths[i]);
    if (length)
        buf_add(&block->raw, record->line.data, length);
    widen(&block->span, record);
}

void block_pack(struct block *block, ZSTD_CCtx *packer)
{
    size_t room = ZSTD_compressBound(block->raw.length);
    void *packed = mem_resize(NULL, room, 1);
    size_t length = ZSTD_compressCCtx(packer, packed, room, block->raw.data, block->raw.length, 1);
    if (ZSTD_isError(length))
        abort(); /* the bound is zstd's own: only memory can be lacking */
    free(block->packed);
    block->packed = mem_resize(packed, length, 1);
    block->packed_length = length;
    block->raw_length = (uint32_t)block->raw.length;
}

bool block_unpack(struct bytes packed, size_t raw_length, char **ret_raw)
{
    if (raw_length > 4 * LOGSTORE_LINE_BYTES_MAX)
        return false;
    CLEANUP(mem_free) char *raw = mem_resize(NULL, raw_length, 1);
    if (ZSTD_decompress(raw, raw_length, packed.data, packed.length) != raw_length)
        return false;
    *ret_raw = TAKE(raw);
    return true;
}

static bool take(const char **at, const char *end, size_t length, struct bytes *ret_bytes)
{
    if ((size_t)(end - *at) < length)
        return false;
    *ret_bytes = (struct bytes){.data = length ? *at : NULL, .length = length};
    *at += length;
    return true;
}

static bool is_wanted(const struct logstore_query *query, const struct logstore_record *record)
{
    if (record->time_us < query->from_us || record->time_us > query->to_us)
        return false;
    if (record->partition < 0)
        return true;
    return (!query->since || record->offset >= query->since[record->partition]) &&
           (!query->until || record->offset < query->until[record->partition]);
}

enum block_end block_each(struct bytes raw, int32_t partition, const struct logstore_query *query,
                          bool (*each)(void *context, const struct logstore_record *record),
                          void *context)
{
    const char *at = raw.data, *end = at + raw.length;
    while ((size_t)(end - at) >= sizeof(struct line_head)) {
        struct line_head head;
        struct logstore_record record = {.partition = partition};
        memcpy(&head, at, sizeof head);
        at += sizeof head;
        record.time_us = head.time_us;
        record.offset = head.offset;
        record.time_source = head.time_source;
        bool whole = take(&at, end, head.lengths[0], &record.format) &&
                     take(&at, end, head.lengths[1], &record.product) &&
                     take(&at, end, head.lengths[2], &record.kind) &&
                     take(&at, end, head.lengths[3], &record.host) &&
                     take(&at, end, head.line_length, &record.line);
        if (!whole)
            return BLOCK_DAMAGED;
        if (is_wanted(query, &record) && !each(context, &record))
            return BLOCK_STOPPED;
    }
    return at == end ? BLOCK_WHOLE : BLOCK_DAMAGED;
}

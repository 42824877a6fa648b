/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES_MAX (1 + 10 + 10 + 5)

struct block *block_new(const char *owner, int32_t partition, int32_t bucket)
{
    struct block *block = mem_alloc(sizeof *block);
    size_t length = strlen(owner);
    assert(length <= LOGSTORE_OWNER_MAX);
    memcpy(block->owner, owner, length + 1);
    block->bucket = bucket;
    block->span.partition = partition;
    return block;
}

void block_free(struct block *block)
{
    if (!block)
        return;
    free(block->headers);
    free(block->packed);
    pieces_free(&block->raw);
    free(block);
}

size_t block_held(const struct block *block)
{
    return sizeof *block + block->headers_length + block->raw.held + block->packed_length;
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

static size_t put_varint(uint8_t *to, uint64_t number)
{
    size_t length = 0;
    for (; number >= 0x80; number >>= 7)
        to[length++] = (uint8_t)(number | 0x80);
    to[length++] = (uint8_t)number;
    return length;
}

static uint64_t zigzag(int64_t number)
{
    return (uint64_t)number << 1 ^ (uint64_t)(number >> 63);
}

struct headers { /* as they stand in a block: four lengths, then the texts */
    char bytes[BLOCK_HEADERS + BLOCK_HEADERS * 255];
    size_t length;
};

static void put_headers(const struct logstore_record *record, struct headers *ret_headers)
{
    const struct bytes *const texts[BLOCK_HEADERS] = {&record->format, &record->product,
                                                      &record->kind, &record->host};
    ret_headers->length = BLOCK_HEADERS;
    for (size_t i = 0; i < BLOCK_HEADERS; i++) {
        size_t length = texts[i]->length < 255 ? texts[i]->length : 255;
        ret_headers->bytes[i] = (char)length;
        if (length)
            memcpy(ret_headers->bytes + ret_headers->length, texts[i]->data, length);
        ret_headers->length += length;
    }
}

static bool has_headers(const struct block *block, const struct headers *headers)
{
    return block->headers_length == headers->length &&
           memcmp(block->headers, headers->bytes, headers->length) == 0;
}

static void add_headers(struct block *block, const struct headers *headers)
{
    pieces_add(&block->raw, headers->bytes, headers->length);
    free(block->headers);
    block->headers = mem_dup(headers->bytes, headers->length);
    block->headers_length = headers->length;
}

static void add_head(struct block *block, const struct logstore_record *record, uint32_t length,
                     bool same)
{
    bool first = block->span.count == 0;
    int64_t time_us = first ? 0 : block->previous_us, offset = first ? 0 : block->span.last_offset;
    uint8_t head[HEAD_BYTES_MAX] = {(uint8_t)(record->time_source | (first ? BLOCK_FLAG_FIRST : 0) |
                                              (same ? BLOCK_FLAG_SAME_HEADERS : 0))};
    size_t at = 1;
    at += put_varint(head + at, zigzag(record->time_us - time_us));
    at += put_varint(head + at, zigzag(record->offset - offset));
    at += put_varint(head + at, length);
    pieces_add(&block->raw, head, at);
}

void block_add(struct block *block, const struct logstore_record *record)
{
    size_t length = record->line.length < LOGSTORE_LINE_BYTES_MAX ? record->line.length
                                                                  : LOGSTORE_LINE_BYTES_MAX;
    struct headers headers;
    put_headers(record, &headers);
    bool same = block->span.count && has_headers(block, &headers);
    add_head(block, record, (uint32_t)length, same);
    if (!same)
        add_headers(block, &headers);
    pieces_add(&block->raw, record->line.data, length);
    block->previous_us = record->time_us;
    widen(&block->span, record);
}

/* --- packing -------------------------------------------------------------------------------------------------------- */

/* Lines of logs repeat themselves in long pieces: matches of seven bytes and a table that fits the nearest cache are 15 %
 * faster than what level 1 has of itself, and the result is no longer. */
void packer_open(struct packer *ret_packer)
{
    static const int settings[][2] = {
        {ZSTD_c_compressionLevel, 1}, {ZSTD_c_hashLog, 12}, {ZSTD_c_minMatch, 7}};
    *ret_packer = (struct packer){.context = ZSTD_createCCtx()};
    for (size_t i = 0; i < COUNT_OF(settings); i++)
        ZSTD_CCtx_setParameter(ret_packer->context, (ZSTD_cParameter)settings[i][0],
                               settings[i][1]);
}

void packer_close(struct packer *packer)
{
    ZSTD_freeCCtx(packer->context);
    free(packer->raw);
    free(packer->packed);
}

static void need_room(struct packer *packer, size_t raw_length)
{
    if (raw_length <= packer->room)
        return;
    packer->room = raw_length < BLOCK_BYTES ? BLOCK_BYTES : raw_length;
    packer->raw = mem_resize(packer->raw, packer->room, 1);
    packer->packed = mem_resize(packer->packed, ZSTD_compressBound(packer->room), 1);
}

void block_pack(struct block *block, struct packer *packer)
{
    size_t raw_length = block->raw.length;
    need_room(packer, raw_length);
    pieces_copy(&block->raw, packer->raw);
    size_t length = ZSTD_compress2(packer->context, packer->packed, ZSTD_compressBound(raw_length),
                                   packer->raw, raw_length);
    if (ZSTD_isError(length))
        abort(); /* the bound is zstd's own: only memory can be lacking */
    free(block->packed);
    block->packed = mem_dup(packer->packed, length);
    block->packed_length = length;
    block->raw_length = (uint32_t)raw_length;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_internal.h"

#include <stdlib.h>
#include <string.h>

/* Before each line in a block stand a byte of flags; as varints how far its time and offset lie from those of the line before
 * it, and its length; and, unless they are those of the line before it, the lengths of its four headers and the headers.
 * Twenty-five bytes of plain numbers would be a sixth of what a line takes once it is compressed. Blocks are joined by putting
 * one behind the other: the first line of each counts from zero. */
#define FLAG_SOURCE 3
#define FLAG_FIRST 4
#define FLAG_SAME_HEADERS 8
#define HEADERS 4
#define HEAD_BYTES_MAX (1 + 10 + 10 + 5)
#define RAW_STEP_BYTES 16384

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

/* Twice as much each time to begin with, then in steps: what is held is what is allocated. */
static void make_room(struct buf *raw, size_t more)
{
    size_t needed = raw->length + more + 1;
    if (needed <= RAW_STEP_BYTES || needed <= raw->capacity || needed > raw->max)
        return;
    raw->capacity = (needed + RAW_STEP_BYTES - 1) / RAW_STEP_BYTES * RAW_STEP_BYTES;
    raw->data = mem_resize(raw->data, raw->capacity, 1);
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

struct headers {
    struct bytes texts[HEADERS];
};

static struct headers headers_of(const struct logstore_record *record)
{
    struct headers headers = {{record->format, record->product, record->kind, record->host}};
    for (size_t i = 0; i < HEADERS; i++)
        if (headers.texts[i].length > 255)
            headers.texts[i].length = 255;
    return headers;
}

static bool are_headers_at(const char *at, const struct headers *headers)
{
    const char *text = at + HEADERS;
    for (size_t i = 0; i < HEADERS; text += headers->texts[i].length, i++)
        if ((uint8_t)at[i] != headers->texts[i].length ||
            (headers->texts[i].length &&
             memcmp(text, headers->texts[i].data, headers->texts[i].length) != 0))
            return false;
    return true;
}

static void add_headers(struct block *block, const struct headers *headers)
{
    uint8_t lengths[HEADERS];
    block->headers_at = block->raw.length;
    for (size_t i = 0; i < HEADERS; i++)
        lengths[i] = (uint8_t)headers->texts[i].length;
    buf_add(&block->raw, lengths, sizeof lengths);
    for (size_t i = 0; i < HEADERS; i++)
        if (lengths[i])
            buf_add(&block->raw, headers->texts[i].data, lengths[i]);
}

static void add_head(struct block *block, const struct logstore_record *record, uint32_t length,
                     bool same)
{
    bool first = block->span.count == 0;
    int64_t time_us = first ? 0 : block->previous_us, offset = first ? 0 : block->span.last_offset;
    uint8_t head[HEAD_BYTES_MAX] = {
        (uint8_t)(record->time_source | (first ? FLAG_FIRST : 0) | (same ? FLAG_SAME_HEADERS : 0))};
    size_t at = 1;
    at += put_varint(head + at, zigzag(record->time_us - time_us));
    at += put_varint(head + at, zigzag(record->offset - offset));
    at += put_varint(head + at, length);
    buf_add(&block->raw, head, at);
}

void block_add(struct block *block, const struct logstore_record *record)
{
    size_t length = record->line.length < LOGSTORE_LINE_BYTES_MAX ? record->line.length
                                                                  : LOGSTORE_LINE_BYTES_MAX;
    struct headers headers = headers_of(record);
    bool same = block->span.count && are_headers_at(block->raw.data + block->headers_at, &headers);
    make_room(&block->raw, HEAD_BYTES_MAX + HEADERS + HEADERS * 255 + length);
    add_head(block, record, (uint32_t)length, same);
    if (!same)
        add_headers(block, &headers);
    if (length)
        buf_add(&block->raw, record->line.data, length);
    block->previous_us = record->time_us;
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

struct reader {
    const char *at, *end;
    int64_t time_us, offset; /* of the line before */
    struct bytes headers[HEADERS];
};

static bool take(struct reader *reader, size_t length, struct bytes *ret_bytes)
{
    if ((size_t)(reader->end - reader->at) < length)
        return false;
    *ret_bytes = (struct bytes){.data = length ? reader->at : NULL, .length = length};
    reader->at += length;
    return true;
}

static bool take_varint(struct reader *reader, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        uint8_t byte = (uint8_t)*reader->at++;
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_number = number;
            return true;
        }
    }
    return false;
}

/* What it is counted on from wraps around rather than overflows: a damaged block says anything. */
static bool take_step(struct reader *reader, int64_t *number)
{
    uint64_t step;
    if (!take_varint(reader, &step))
        return false;
    *number = (int64_t)((uint64_t)*number + (step >> 1 ^ (0 - (step & 1))));
    return true;
}

static bool take_headers(struct reader *reader)
{
    struct bytes lengths;
    if (!take(reader, HEADERS, &lengths))
        return false;
    for (size_t i = 0; i < HEADERS; i++)
        if (!take(reader, ((const uint8_t *)lengths.data)[i], &reader->headers[i]))
            return false;
    return true;
}

static bool take_line(struct reader *reader, struct logstore_record *ret_record)
{
    struct bytes flags;
    uint64_t length;
    if (!take(reader, 1, &flags))
        return false;
    uint8_t flag = *(const uint8_t *)flags.data;
    if (flag & FLAG_FIRST)
        reader->time_us = reader->offset = 0;
    if (!take_step(reader, &reader->time_us) || !take_step(reader, &reader->offset) ||
        !take_varint(reader, &length))
        return false;
    if (!(flag & FLAG_SAME_HEADERS) && !take_headers(reader))
        return false;
    ret_record->time_us = reader->time_us;
    ret_record->offset = reader->offset;
    ret_record->time_source = flag & FLAG_SOURCE;
    ret_record->format = reader->headers[0];
    ret_record->product = reader->headers[1];
    ret_record->kind = reader->headers[2];
    ret_record->host = reader->headers[3];
    return take(reader, length, &ret_record->line);
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
    struct reader reader = {.at = raw.data, .end = (const char *)raw.data + raw.length};
    struct logstore_record record = {.partition = partition};
    while (reader.at < reader.end) {
        if (!take_line(&reader, &record))
            return BLOCK_DAMAGED;
        if (is_wanted(query, &record) && !each(context, &record))
            return BLOCK_STOPPED;
    }
    return BLOCK_WHOLE;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_internal.h"

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
    struct bytes headers[BLOCK_HEADERS];
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
    if (!take(reader, BLOCK_HEADERS, &lengths))
        return false;
    for (size_t i = 0; i < BLOCK_HEADERS; i++)
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
    if (flag & BLOCK_FLAG_FIRST)
        reader->time_us = reader->offset = 0;
    if (!take_step(reader, &reader->time_us) || !take_step(reader, &reader->offset) ||
        !take_varint(reader, &length))
        return false;
    if (!(flag & BLOCK_FLAG_SAME_HEADERS) && !take_headers(reader))
        return false;
    ret_record->time_us = reader->time_us;
    ret_record->offset = reader->offset;
    ret_record->time_source = flag & BLOCK_FLAG_SOURCE;
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

/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a record without a broker. */
#include "common/kafka.h"

#include <string.h>

struct bytes kafka_record_header(const struct kafka_record *record, const char *name)
{
    for (size_t i = record->header_count; i > 0; i--)
        if (strcmp(record->headers[i - 1].name, name) == 0)
            return record->headers[i - 1].value;
    return (struct bytes){0};
}

/* MurmurHash2 as the Java client computes it, so that every client of the desk finds the same partition. */
static uint32_t murmur2(const uint8_t *data, size_t length)
{
    const uint32_t multiplier = 0x5bd1e995;
    uint32_t hash = 0x9747b28c ^ (uint32_t)length;
    for (; length >= 4; data += 4, length -= 4) {
        uint32_t word = (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
                        (uint32_t)data[3] << 24;
        word *= multiplier;
        word ^= word >> 24;
        hash = (hash * multiplier) ^ (word * multiplier);
    }
    uint32_t rest = 0;
    for (size_t i = 0; i < length; i++)
        rest |= (uint32_t)data[i] << (8 * i);
    if (length)
        hash = (hash ^ rest) * multiplier;
    hash = (hash ^ hash >> 13) * multiplier;
    return hash ^ hash >> 15;
}

int32_t kafka_partition_of(struct bytes key, int32_t partition_count)
{
    return (int32_t)(murmur2(key.data, key.length) & 0x7fffffff) % partition_count;
}

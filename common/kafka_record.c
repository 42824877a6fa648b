/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a record without a broker. */
#include "common/kafka.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct bytes kafka_record_header(const struct kafka_record *record, const char *name)
{
    for (size_t i = record->header_count; i > 0; i--)
        if (strcmp(record->headers[i - 1].name, name) == 0)
            return record->headers[i - 1].value;
    return (struct bytes){0};
}

/* --- partitions -------------------------------------------------------------------------------------------------------- */

/* MurmurHash2 as the Java client computes it, so that every client of the desk finds the same partition. */
#define MULTIPLIER 0x5bd1e995u

static uint32_t hash_of_length(size_t length)
{
    return 0x9747b28c ^ (uint32_t)length;
}

static uint32_t hash_words(uint32_t hash, const uint8_t *data, size_t words)
{
    for (; words > 0; data += 4, words--) {
        uint32_t word = (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
                        (uint32_t)data[3] << 24;
        word *= MULTIPLIER;
        word ^= word >> 24;
        hash = (hash * MULTIPLIER) ^ (word * MULTIPLIER);
    }
    return hash;
}

static uint32_t hash_rest(uint32_t hash, const uint8_t *data, size_t length)
{
    uint32_t rest = 0;
    for (size_t i = 0; i < length; i++)
        rest |= (uint32_t)data[i] << (8 * i);
    return (hash ^ rest) * MULTIPLIER;
}

static int32_t partition_of_hash(uint32_t hash, int32_t partition_count)
{
    hash = (hash ^ hash >> 13) * MULTIPLIER;
    hash ^= hash >> 15;
    return (int32_t)(hash & 0x7fffffff) % partition_count;
}

int32_t kafka_partition_of(struct bytes key, int32_t partition_count)
{
    const uint8_t *data = key.data;
    size_t rest = key.length % 4;
    uint32_t hash = hash_words(hash_of_length(key.length), data, key.length / 4);
    if (rest > 0)
        hash = hash_rest(hash, data + key.length - rest, rest);
    return partition_of_hash(hash, partition_count);
}

/* All but the last word is hashed once. */
void kafka_count_to_partition(char *key, int32_t partition_count, int32_t wanted)
{
    static const char digits[] = "0123456789abcdef";
    size_t length = strlen(key);
    assert(length >= 4 && length % 4 == 0);
    char *last = key + length - 4;
    uint32_t before = hash_words(hash_of_length(length), (uint8_t *)key, length / 4 - 1);
    unsigned begin = (unsigned)strtoul(last + 1, NULL, 16);
    for (unsigned n = 0; n < 4096; n++) {
        last[1] = digits[(begin + n) >> 8 & 15];
        last[2] = digits[(begin + n) >> 4 & 15];
        last[3] = digits[(begin + n) & 15];
        if (partition_of_hash(hash_words(before, (uint8_t *)last, 1), partition_count) == wanted)
            return;
    }
}

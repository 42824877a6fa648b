/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/logstore_disk.h"

#include <string.h>

#define SPAN_KEY_BYTES 28

static void put_be64(uint8_t *to, uint64_t number)
{
    for (int i = 7; i >= 0; i--, number >>= 8)
        to[i] = (uint8_t)number;
}

static uint64_t get_be64(const uint8_t *from)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | from[i];
    return number;
}

size_t key_make(uint8_t key[KEY_MAX], const char *owner, const struct block_span *span)
{
    size_t length = strlen(owner) + 1;
    memcpy(key, owner, length);
    put_be64(key + length, (uint64_t)span->first_us);
    put_be64(key + length + 8, (uint64_t)span->last_us);
    for (int i = 0; i < 4; i++)
        key[length + 16 + (size_t)i] = (uint8_t)((uint32_t)span->partition >> (24 - 8 * i));
    put_be64(key + length + 20, (uint64_t)span->first_offset);
    return length + SPAN_KEY_BYTES;
}

bool key_read(const MDB_val *key, const char *owner, struct block_span *ret_span)
{
    size_t length = strlen(owner) + 1;
    const uint8_t *at = key->mv_data;
    if (key->mv_size != length + SPAN_KEY_BYTES || memcmp(at, owner, length) != 0)
        return false;
    at += length;
    ret_span->first_us = (int64_t)get_be64(at);
    ret_span->last_us = (int64_t)get_be64(at + 8);
    ret_span->partition =
        (int32_t)((uint32_t)at[16] << 24 | (uint32_t)at[17] << 16 | (uint32_t)at[18] << 8 | at[19]);
    ret_span->first_offset = (int64_t)get_be64(at + 20);
    return true;
}

bool value_read(const MDB_val *value, struct value_head *ret_head, struct bytes *ret_packed)
{
    if (value->mv_size < VALUE_HEAD_BYTES)
        return false;
    memcpy(ret_head, value->mv_data, VALUE_HEAD_BYTES);
    *ret_packed = (struct bytes){.data = (const char *)value->mv_data + VALUE_HEAD_BYTES,
                                 .length = value->mv_size - VALUE_HEAD_BYTES};
    return true;
}

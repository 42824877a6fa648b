/* SPDX-License-Identifier: Apache-2.0 */
#include "common/desk/case.h"

#include "common/ids.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void add_with_length(struct ids_sha256_state *hash, const void *data, size_t length)
{
    uint8_t prefix[4] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
                         (uint8_t)length};
    ids_sha256_add(hash, prefix, sizeof prefix);
    ids_sha256_add(hash, data, length);
}

void case_head_of(const char *previous_head, const char *type, const char *id, const char *time,
                  struct bytes key, struct bytes value, char ret_head[CASE_HEAD_SIZE])
{
    uint8_t previous[IDS_SHA256_SIZE] = {0};
    if (previous_head) {
        bool readable = hex_decode(previous_head, previous, sizeof previous);
        assert(readable); /* our own head */
    }
    struct ids_sha256_state *hash = ids_sha256_begin();
    ids_sha256_add(hash, previous, sizeof previous);
    add_with_length(hash, type, strlen(type));
    add_with_length(hash, id, strlen(id));
    add_with_length(hash, time, strlen(time));
    add_with_length(hash, key.data, key.length);
    add_with_length(hash, value.data, value.length);
    ids_sha256_end(hash, ret_head);
}

void case_head_next(const char *previous_head, const struct event *event,
                    char ret_head[CASE_HEAD_SIZE])
{
    char type[160];
    snprintf(type, sizeof type, EVENT_TYPE_PREFIX "%s", event->type);
    case_head_of(previous_head, type, event->id, event->time, bytes_of(event->key),
                 (struct bytes){.data = event->value, .length = event->value_length}, ret_head);
}

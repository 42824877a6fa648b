/* SPDX-License-Identifier: Apache-2.0 */
#include "common/desk/case.h"

#include "common/ids.h"

#include <assert.h>
#include <stdio.h>

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
    ids_sha256_add_with_length(hash, bytes_of(type));
    ids_sha256_add_with_length(hash, bytes_of(id));
    ids_sha256_add_with_length(hash, bytes_of(time));
    ids_sha256_add_with_length(hash, key);
    ids_sha256_add_with_length(hash, value);
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

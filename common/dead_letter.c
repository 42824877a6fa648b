/* SPDX-License-Identifier: Apache-2.0 */
#include "common/dead_letter.h"

#include "common/desk/topics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_BYTES_MAX 200
#define VALUE_BYTES_MAX 4096
#define REASON_BYTES_MAX 500

void dead_letter_make(const char *service, const struct kafka_record *record, const char *reason,
                      int64_t now_us, struct dead_letter *ret_letter)
{
    char place[64];
    struct dead_letter *letter = ret_letter;
    snprintf(place, sizeof place, "%d/%" PRId64, record->at.partition, record->at.offset);
    struct bytes parts[] = {bytes_of(service), bytes_of(record->topic), bytes_of(place)};
    ids_uuid8(parts, COUNT_OF(parts), letter->id);
    clock_format_us(now_us, letter->time);
    letter->source = mem_printf("/kakekomi/%s", service);
    CLEANUP(mem_free) char *text = mem_printf("%.*s", REASON_BYTES_MAX, reason);
    utf8_repair(text);
    json_auto_t *value =
        json_pack("{s:s, s:i, s:I, s:s, s:s, s:s}", "topic", record->topic, "partition",
                  (int)record->at.partition, "offset", (json_int_t)record->at.offset, "reason",
                  text, "service", service, "at", letter->time);
    buf_init(&letter->value, VALUE_BYTES_MAX);
    event_dump_json(value, &letter->value);
    event_headers_make("dead_letter.recorded", letter->id, letter->source, letter->time, letter->id,
                       NULL, letter->type_text, &letter->headers);
    letter->output = (struct kafka_output){
        .topic = topics_full_name("dead-letters"),
        .partition = -1,
        .key = record->key.length <= KEY_BYTES_MAX ? record->key : (struct bytes){0},
        .value = {.data = letter->value.data, .length = letter->value.length},
        .headers = letter->headers.list,
        .header_count = letter->headers.count};
}

void dead_letter_clear(struct dead_letter *letter)
{
    free(letter->source);
    buf_free(&letter->value);
}

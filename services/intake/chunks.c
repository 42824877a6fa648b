/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that another service put into a topic in chunks and named by place, size and hash: an extract, a report. */
#include "services/intake/intake.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/ids.h"

#include <string.h>

#define FETCH_WITHIN_MS 20000

static void take_chunk(void *context, const struct kafka_record *record)
{
    buf_add(context, record->value.data, record->value.length);
}

enum verdict intake_fetch_chunks(const char *topic, const json_t *chunks, struct buf *out,
                                 struct why *why)
{
    int64_t deadline_ms = clock_monotonic_ms() + FETCH_WITHIN_MS;
    for (size_t i = 0; i < json_array_size(chunks); i++) {
        const json_t *chunk = json_array_get(chunks, i);
        struct kafka_position at = {
            .partition = (int32_t)json_integer_value(json_object_get(chunk, "partition")),
            .offset = json_integer_value(json_object_get(chunk, "offset"))};
        const char *expected = json_string_value(json_object_get(chunk, "sha256"));
        size_t before = out->length;
        char found[IDS_SHA256_TEXT_SIZE];
        enum verdict verdict = kafka_reader_fetch(intake.fetcher, topics_full_name(topic), at,
                                                  take_chunk, out, deadline_ms, why);
        if (verdict != VERDICT_OK)
            return verdict;
        ids_sha256_text(out->data + before, out->length - before, found);
        if (!expected || strcmp(found, expected) != 0)
            return reject(why, "chunk %zu is not what was named", i);
    }
    return VERDICT_OK;
}

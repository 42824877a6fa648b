/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Part 0 is the manifest; then the hearing, one part; then the extract, a part for each of its chunks; then every ticked
 * file, a part for each of its chunks. The manifest names of every item its parts, length and SHA-256 of the clear bytes.
 */
#include "services/escalation/manifest.h"

#include "common/clock.h"
#include "common/desk/hearing.h"
#include "common/desk/limits.h"
#include "common/desk/topics.h"
#include "common/ids.h"
#include "services/escalation/service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FETCH_WITHIN_MS 20000
#define MANIFEST_BYTES_MAX (256 * 1024)

struct content {
    const json_t *parameters;
    struct buf manifest, hearing;
    char sha256[IDS_SHA256_TEXT_SIZE];
    json_t *chunks; /* of the extract */
    json_t *files;  /* uploads that leave */
    json_t *items;  /* for the status */
    size_t parts;
    struct kafka_reader *reader;   /* stands in the file that is being read */
    size_t reading;                /* its index; SIZE_MAX: none */
    int64_t read;                  /* chunks of it given so far */
    struct ids_sha256_state *hash; /* of those */
};

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* --- manifest ------------------------------------------------------------------------------------------------------------- */

static void add_item(json_t *items, const char *name, const char *media_type, json_t *length,
                     json_t *sha256, size_t first, size_t parts)
{
    json_array_append_new(items,
                          json_pack("{s:s, s:s, s:O, s:O, s:I, s:I}", "name", name, "media_type",
                                    media_type, "length", length, "sha256", sha256, "first_part",
                                    (json_int_t)first, "parts", (json_int_t)parts));
}

static void keep_item(struct content *content, const char *by, json_t *name, json_t *length,
                      json_t *sha256)
{
    json_array_append_new(
        content->items, json_pack("{s:O, s:O, s:O}", by, name, "length", length, "sha256", sha256));
}

static void add_hearing(struct content *content, json_t *items)
{
    char hash[IDS_SHA256_TEXT_SIZE];
    json_auto_t *export = hearing_export(json_object_get(content->parameters, "hearing"));
    event_dump_json_sorted(export, &content->hearing);
    ids_sha256_text(content->hearing.data, content->hearing.length, hash);
    json_auto_t *length = json_integer((json_int_t)content->hearing.length);
    json_auto_t *sha256 = json_string(hash);
    json_auto_t *name = json_string("hearing.json");
    add_item(items, "hearing.json", "application/json", length, sha256, 1, 1);
    keep_item(content, "name", name, length, sha256);
    content->parts = 2;
}

static void add_extract(struct content *content, const json_t *passed, json_t *items)
{
    size_t count = json_array_size(content->chunks);
    json_int_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += json_integer_value(json_object_get(json_array_get(content->chunks, i), "size"));
    json_t *sha256 = json_object_get(passed, "extract_sha256");
    if (!sha256)
        return; /* the search was waived */
    json_auto_t *length = json_integer(bytes);
    json_auto_t *name = json_string("extract.ndjson");
    add_item(items, "extract.ndjson", "application/x-ndjson", length, sha256, content->parts,
             count);
    keep_item(content, "name", name, length, sha256);
    content->parts += count;
}

static const json_t *find_upload(const json_t *uploads, const char *id)
{
    for (size_t i = 0; i < json_array_size(uploads); i++)
        if (strcmp(text_of(json_array_get(uploads, i), "upload"), id) == 0)
            return json_array_get(uploads, i);
    return NULL;
}

static enum verdict add_files(struct content *content, json_t *items, struct why *why)
{
    const json_t *handover = json_object_get(content->parameters, "handover");
    const json_t *ticked = json_object_get(handover, "files"),
                 *uploads = json_object_get(content->parameters, "uploads");
    json_int_t bytes = 0;
    for (size_t i = 0; i < json_array_size(ticked); i++) {
        const json_t *upload = find_upload(uploads, json_string_value(json_array_get(ticked, i)));
        if (!upload)
            return reject(why, "file %zu is not an upload of the case", i);
        size_t parts = (size_t)json_integer_value(json_object_get(upload, "chunks"));
        bytes += json_integer_value(json_object_get(upload, "size"));
        add_item(items, text_of(upload, "name"), "application/octet-stream",
                 json_object_get(upload, "size"), json_object_get(upload, "sha256"), content->parts,
                 parts);
        keep_item(content, "upload", json_object_get(upload, "upload"),
                  json_object_get(upload, "size"), json_object_get(upload, "sha256"));
        json_array_append(content->files, (json_t *)(uintptr_t)upload);
        content->parts += parts;
    }
    return bytes > LIMIT_HANDOVER_FILES_BYTES
               ? reject(why, "the ticked files have more than %lld bytes",
                        LIMIT_HANDOVER_FILES_BYTES)
               : VERDICT_OK;
}

static enum verdict make_manifest(struct content *content, struct why *why)
{
    const json_t *entry = json_object_get(content->parameters, "entry"),
                 *passed = json_object_get(entry, "passed");
    json_t *items = json_array();
    json_auto_t *manifest = json_pack(
        "{s:s, s:O, s:O, s:O, s:O*, s:O*, s:O*, s:O*, s:O*, s:o}", "format", "kakekomi manifest 1",
        "handover", json_object_get(entry, "id"), "provider", json_object_get(entry, "provider"),
        "head", json_object_get(passed, "head"), "tlp", json_object_get(passed, "tlp"), "purposes",
        json_object_get(passed, "purposes"), "warnings", json_object_get(passed, "warnings"),
        "extraction", json_object_get(passed, "extraction"), "customer_id",
        json_object_get(content->parameters, "customer_id"), "items", items);
    add_hearing(content, items);
    add_extract(content, passed, items);
    if (add_files(content, items, why) != VERDICT_OK)
        return VERDICT_REJECT;
    event_dump_json_sorted(manifest, &content->manifest);
    if (content->manifest.overflowed || content->hearing.overflowed)
        return reject(why, "the manifest or the hearing is too large");
    ids_sha256_text(content->manifest.data, content->manifest.length, content->sha256);
    return VERDICT_OK;
}

enum verdict content_open(const json_t *parameters, struct content **ret_content, struct why *why)
{
    struct content *content = mem_alloc(sizeof *content);
    const json_t *passed = json_object_get(json_object_get(parameters, "entry"), "passed");
    content->parameters = parameters;
    content->chunks = json_incref(json_object_get(passed, "chunks"));
    content->files = json_array();
    content->items = json_array();
    content->reading = SIZE_MAX;
    buf_init(&content->manifest, MANIFEST_BYTES_MAX);
    buf_init(&content->hearing, LIMIT_HEARING_BYTES);
    if (make_manifest(content, why) != VERDICT_OK) {
        content_close(content);
        return VERDICT_REJECT;
    }
    *ret_content = content;
    return VERDICT_OK;
}

void content_close(struct content *content)
{
    if (!content)
        return;
    kafka_reader_close(content->reader);
    ids_sha256_drop(content->hash);
    buf_free(&content->manifest);
    buf_free(&content->hearing);
    json_decref(content->chunks);
    json_decref(content->files);
    json_decref(content->items);
    free(content);
}

size_t content_parts(const struct content *content)
{
    return content->parts;
}

json_t *content_items(const struct content *content)
{
    return content->items;
}

const char *content_manifest_sha256(const struct content *content)
{
    return content->sha256;
}

/* --- clear bytes ------------------------------------------------------------------------------------------------------------ */

static void take_bytes(void *context, const struct kafka_record *record)
{
    buf_add(context, record->value.data, record->value.length);
}

static enum verdict chunk_of_extract(const struct content *content, size_t index, struct buf *out,
                                     struct why *why)
{
    const json_t *chunk = json_array_get(content->chunks, index);
    struct kafka_position at = {
        .partition = (int32_t)json_integer_value(json_object_get(chunk, "partition")),
        .offset = json_integer_value(json_object_get(chunk, "offset"))};
    char hash[IDS_SHA256_TEXT_SIZE];
    enum verdict verdict =
        kafka_reader_fetch(escalation.fetcher, topics_full_name("extracts"), at, take_bytes, out,
                           clock_monotonic_ms() + FETCH_WITHIN_MS, why);
    if (verdict != VERDICT_OK)
        return verdict;
    ids_sha256_text(out->data, out->length, hash);
    return !out->overflowed && strcmp(hash, text_of(chunk, "sha256")) == 0
               ? VERDICT_OK
               : reject(why, "extract chunk %zu is not what was named", index);
}

/* A reader of its own for the file, from its first chunk on; other uploads may lie between its chunks. */
static enum verdict open_file(struct content *content, size_t file, struct why *why)
{
    const json_t *upload = json_array_get(content->files, file);
    if (!content->reader && kafka_reader_open(&escalation.config.kafka, KAFKA_READ_COMMITTED,
                                              &content->reader, why) != VERDICT_OK)
        return VERDICT_FATAL;
    content->reading = file;
    content->read = 0;
    ids_sha256_drop(content->hash);
    content->hash = ids_sha256_begin();
    return kafka_reader_seek(content->reader, topics_full_name("uploads"),
                             (int32_t)json_integer_value(json_object_get(upload, "partition")),
                             json_integer_value(json_object_get(upload, "first")), why);
}

static bool is_chunk(const struct kafka_record *record, const json_t *upload, int64_t seq)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, seq);
    return bytes_equal_text(kafka_record_header(record, "upload"), text_of(upload, "upload")) &&
           bytes_equal_text(kafka_record_header(record, "seq"), text);
}

/* The last chunk tells whether the file is what the chain names. */
static enum verdict take_chunk(struct content *content, const json_t *upload,
                               const struct kafka_record *record, struct buf *out, struct why *why)
{
    char hash[IDS_SHA256_TEXT_SIZE];
    take_bytes(out, record);
    if (out->overflowed)
        return reject(why, "chunk %" PRId64 " of a file is too large", content->read);
    ids_sha256_add(content->hash, record->value.data, record->value.length);
    if (++content->read < json_integer_value(json_object_get(upload, "chunks")))
        return VERDICT_OK;
    ids_sha256_end(TAKE(content->hash), hash);
    return strcmp(hash, text_of(upload, "sha256")) == 0
               ? VERDICT_OK
               : reject(why, "file %zu is not what was named", content->reading);
}

static enum verdict next_chunk(struct content *content, struct buf *out, struct why *why)
{
    const json_t *upload = json_array_get(content->files, content->reading);
    int64_t last = json_integer_value(json_object_get(upload, "last"));
    int64_t deadline_ms = clock_monotonic_ms() + FETCH_WITHIN_MS;
    while (clock_monotonic_ms() < deadline_ms) {
        struct kafka_record record;
        enum kafka_read kind = kafka_reader_next(content->reader, 500, &record, why);
        if (kind == KAFKA_READ_FAILED)
            return VERDICT_FATAL;
        if (kind == KAFKA_READ_RECORD && is_chunk(&record, upload, content->read))
            return take_chunk(content, upload, &record, out, why);
        if (kind != KAFKA_READ_NOTHING && record.at.offset > last)
            return reject(why, "chunk %" PRId64 " of a file is not in the topic", content->read);
    }
    return retry(why, "uploads do not answer in time");
}

static enum verdict chunk_of_file(struct content *content, size_t file, int64_t index,
                                  struct buf *out, struct why *why)
{
    enum verdict verdict = VERDICT_OK;
    if (content->reading != file || content->read > index)
        verdict = open_file(content, file, why);
    while (verdict == VERDICT_OK && content->read <= index) {
        buf_clear(out);
        verdict = next_chunk(content, out, why);
    }
    return verdict;
}

enum verdict content_part(struct content *content, size_t part, struct buf *ret_bytes,
                          struct why *why)
{
    buf_clear(ret_bytes);
    if (part < 2) {
        const struct buf *whole = part == 0 ? &content->manifest : &content->hearing;
        buf_add(ret_bytes, whole->data, whole->length);
        return VERDICT_OK;
    }
    size_t index = part - 2;
    if (index < json_array_size(content->chunks))
        return chunk_of_extract(content, index, ret_bytes, why);
    index -= json_array_size(content->chunks);
    for (size_t file = 0; file < json_array_size(content->files); file++) {
        size_t chunks = (size_t)json_integer_value(
            json_object_get(json_array_get(content->files, file), "chunks"));
        if (index < chunks)
            return chunk_of_file(content, file, (int64_t)index, ret_bytes, why);
        index -= chunks;
    }
    return reject(why, "no part %zu", part);
}

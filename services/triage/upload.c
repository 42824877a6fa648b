/* SPDX-License-Identifier: Apache-2.0 */
#include "services/triage/upload.h"

#include "common/clock.h"
#include "common/desk/topics.h"
#include "common/ids.h"
#include "services/triage/extract.h"
#include "services/triage/unpack.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SILENCE_MS_MAX 20000
#define BOUNDS_MS_MAX 10000
#define BOUNDS_AGAIN_US 500000
#define LOST_AFTER_MS 30000

struct bringing {
    const struct upload_request *request;
    struct logstore_upload *target;
    struct lines *lines;
    struct unpack *unpack;
    struct ids_sha256_state *hash;
    int64_t append_us, size, records, unparsed;
    struct bytes kind;
};

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static enum verdict store_line(void *context, struct bytes line, struct why *why)
{
    struct bringing *b = context;
    struct parsed parsed;
    struct logstore_record record = {
        .partition = -1, .offset = b->records++, .line = line, .kind = b->kind};
    record.time_us = event_time_of((struct bytes){0}, line, b->append_us, &record.time_source);
    format_recognise(line, &parsed);
    b->unparsed += !parsed.format;
    return logstore_upload_put(b->target, &record, why);
}

static enum verdict take_chunk(struct bringing *b, const struct kafka_record *record,
                               struct why *why)
{
    if (!bytes_equal_text(kafka_record_header(record, "upload"),
                          text_of(b->request->upload, "upload")))
        return VERDICT_OK; /* of another upload: they may lie between each other */
    b->size += (int64_t)record->value.length;
    ids_sha256_add(b->hash, record->value.data, record->value.length);
    return unpack_add(b->unpack, record->value, why);
}

static enum verdict read_chunks(struct bringing *b, struct kafka_reader *reader, struct why *why)
{
    int64_t last = number_of(b->request->upload, "last"), heard_ms = clock_monotonic_ms();
    for (;;) {
        struct kafka_record record;
        enum verdict verdict = VERDICT_OK;
        if (b->request->cancelled(b->request->context) ||
            clock_monotonic_ms() - heard_ms > SILENCE_MS_MAX)
            return retry(why, "uploads: cancelled or not answered in time");
        switch (kafka_reader_next(reader, 200, &record, why)) {
        case KAFKA_READ_RECORD:
            heard_ms = clock_monotonic_ms();
            if (record.at.offset <= last)
                verdict = take_chunk(b, &record, why);
            if (verdict != VERDICT_OK || record.at.offset >= last)
                return verdict;
            break;
        case KAFKA_READ_END:
            if (record.at.offset > last)
                return VERDICT_OK;
            break;
        case KAFKA_READ_NOTHING:
            break;
        case KAFKA_READ_FAILED:
            return VERDICT_RETRY;
        }
    }
}

/* REJECT: the file is not the one the chain names. */
static enum verdict check_whole(struct bringing *b, struct why *why)
{
    char hash[IDS_SHA256_TEXT_SIZE];
    ids_sha256_end(TAKE(b->hash), hash);
    if (b->size != number_of(b->request->upload, "size"))
        return reject(why, "size is not what the chain names");
    if (strcmp(hash, text_of(b->request->upload, "sha256")) != 0)
        return reject(why, "SHA-256 is not what the chain names");
    return VERDICT_OK;
}

enum verdict upload_judge_bounds(const json_t *upload, int64_t begin, int64_t end)
{
    if (begin > number_of(upload, "first"))
        return VERDICT_REJECT;
    return end > number_of(upload, "last") ? VERDICT_OK : VERDICT_RETRY;
}

/* REJECT: the log begins behind the file, which is too old then, or has ended before its end for longer than a change of leaders
 * takes: what was acknowledged is lost. */
static enum verdict check_kept(const struct bringing *b, struct kafka_reader *reader,
                               const char *topic, int32_t partition, struct why *why)
{
    int64_t until_ms = clock_monotonic_ms() + LOST_AFTER_MS, begin, end;
    for (;;) {
        enum verdict verdict = kafka_reader_bounds(reader, topic, partition, &begin, &end,
                                                   clock_monotonic_ms() + BOUNDS_MS_MAX, why);
        if (verdict != VERDICT_OK)
            return verdict;
        verdict = upload_judge_bounds(b->request->upload, begin, end);
        if (verdict == VERDICT_REJECT)
            return reject(why, "its bytes are not kept any more");
        if (verdict == VERDICT_OK)
            return VERDICT_OK;
        if (b->request->cancelled(b->request->context))
            return retry(why, "uploads: cancelled");
        if (clock_monotonic_ms() > until_ms)
            return reject(why, "its bytes are lost");
        usleep(BOUNDS_AGAIN_US);
    }
}

static enum verdict read_whole(struct bringing *b, struct why *why)
{
    struct kafka_reader *reader = NULL;
    const char *topic = topics_full_name("uploads");
    int32_t partition = (int32_t)number_of(b->request->upload, "partition");
    enum verdict verdict = kafka_reader_open(b->request->kafka, KAFKA_READ_COMMITTED, &reader, why);
    if (verdict == VERDICT_OK)
        verdict = check_kept(b, reader, topic, partition, why);
    if (verdict == VERDICT_OK)
        verdict = kafka_reader_seek(reader, topic, partition,
                                    number_of(b->request->upload, "first"), why);
    if (verdict == VERDICT_OK)
        verdict = read_chunks(b, reader, why);
    kafka_reader_close(reader);
    if (verdict == VERDICT_OK)
        verdict = check_whole(b, why);
    return verdict == VERDICT_OK ? unpack_finish(b->unpack, why) : verdict;
}

static void bringing_clear(struct bringing *b)
{
    logstore_upload_drop(b->target);
    unpack_free(b->unpack);
    lines_free(b->lines);
    ids_sha256_drop(b->hash);
}

static enum verdict keep_note(struct bringing *b, json_t *note, struct why *why)
{
    CLEANUP(mem_free) char *text = json_dumps(note, JSON_COMPACT);
    return logstore_upload_end(TAKE(b->target), text, why);
}

/* What the file has is not to be had: an empty upload with the reason as its note takes the place of its lines. */
static enum verdict keep_failure(struct bringing *b, const char *reason, json_t **ret_note,
                                 struct why *why)
{
    if (logstore_upload_again(b->target, why) != VERDICT_OK)
        return VERDICT_FATAL;
    *ret_note = json_pack("{s:s, s:i, s:i, s:s}", "status", "failed", "records", 0, "unparsed", 0,
                          "why", reason);
    return keep_note(b, *ret_note, why);
}

static enum verdict bring(const struct upload_request *request, const char *owner,
                          json_t **ret_note, struct why *why)
{
    CLEANUP(bringing_clear) struct bringing b = {.request = request, .hash = ids_sha256_begin()};
    struct why reason = {0};
    const char *at = text_of(request->upload, "at");
    b.lines = lines_new(store_line, &b);
    b.unpack = unpack_new(b.lines);
    b.append_us = request->now_us;
    if (at)
        (void)clock_parse(at, strlen(at), &b.append_us);
    b.kind = bytes_of(text_of(request->upload, "kind"));
    enum verdict verdict =
        logstore_upload_begin(request->store, owner, request->now_us, &b.target, why);
    if (verdict != VERDICT_OK)
        return verdict;
    verdict = read_whole(&b, &reason);
    if (verdict == VERDICT_REJECT)
        return keep_failure(&b, reason.text, ret_note, why);
    if (verdict != VERDICT_OK) {
        *why = reason;
        return verdict;
    }
    struct lines_counts counts;
    lines_count(b.lines, &counts);
    *ret_note = json_pack("{s:s, s:I, s:I, s:s, s:I, s:I}", "status", "stored", "records",
                          (json_int_t)b.records, "unparsed", (json_int_t)b.unparsed, "charset",
                          charset_name(counts.charset), "cut", (json_int_t)counts.cut, "replaced",
                          (json_int_t)counts.replaced);
    return keep_note(&b, *ret_note, why);
}

enum verdict upload_bring(const struct upload_request *request, json_t **ret_note, struct why *why)
{
    char owner[LOGSTORE_OWNER_MAX + 1];
    CLEANUP(mem_free) char *text = NULL;
    *ret_note = NULL;
    extract_upload_owner(request->case_id, text_of(request->upload, "upload"), owner);
    if (logstore_upload_find(request->store, owner, &text, why) != VERDICT_OK)
        return VERDICT_FATAL;
    if (text)
        *ret_note = json_loads(text, 0, NULL);
    if (*ret_note)
        return VERDICT_OK;
    enum verdict verdict = bring(request, owner, ret_note, why);
    if (verdict != VERDICT_OK)
        json_decref(TAKE(*ret_note));
    return verdict;
}
